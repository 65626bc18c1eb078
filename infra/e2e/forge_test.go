package e2e

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"path/filepath"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/domain"
	"hoso/infra/proof"
)

// A forger rewrites a log so that every hash and root in it fits again. What is
// computed here is written from the documented definitions, not by the program.

// hashTail is the member that ends stored metadata: ,"hash":"<64 hex digits>"}
const hashTail = len(`,"hash":"`) + 64 + len(`"}`)

// chainHash is the hash of an event: of its predecessor's hash and its own bytes.
func chainHash(prev [32]byte, e rawEvent) [32]byte {
	id := uuid.MustParse(e.id)
	b := append([]byte("hoso event 1\n"), prev[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(e.revision))
	b = append(b, id[:]...)
	bare := append(append([]byte{}, e.meta[:len(e.meta)-hashTail]...), '}')
	for _, part := range [][]byte{[]byte(e.stream), []byte(e.typ), e.data, bare} {
		b = append(binary.BigEndian.AppendUint64(b, uint64(len(part))), part...)
	}
	return sha256.Sum256(b)
}

// treeRoot is the root of RFC 6962 over the leaves.
func treeRoot(leaves [][32]byte) [32]byte {
	switch len(leaves) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256(append([]byte{0}, leaves[0][:]...))
	}
	k := 1
	for 2*k < len(leaves) {
		k *= 2
	}
	left, right := treeRoot(leaves[:k]), treeRoot(leaves[k:])
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

// rechain numbers and hashes all events anew and signs all roots by the key.
func rechain(t *testing.T, rows []rawEvent, signer ed25519.PrivateKey) {
	t.Helper()
	tips := map[string][32]byte{}
	next := map[string]int64{}
	leaves := make([][32]byte, 0, len(rows))
	for i := range rows {
		e := &rows[i]
		e.position, e.revision = int64(i+1), next[e.stream]
		next[e.stream]++
		if e.typ == "log.root_signed" {
			e.data = signRoot(t, e.data, leaves, rows[i-1], signer)
		}
		h := chainHash(tips[e.stream], *e)
		bare := e.meta[:len(e.meta)-hashTail]
		e.meta = append(append(append([]byte{}, bare...), `,"hash":"`+hex.EncodeToString(h[:])...), `"}`...)
		tips[e.stream] = h
		leaves = append(leaves, h)
	}
}

func signRoot(t *testing.T, data []byte, leaves [][32]byte, last rawEvent, signer ed25519.PrivateKey) []byte {
	t.Helper()
	var r domain.RootSigned
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	root := treeRoot(leaves)
	r.Size, r.Root = uint64(len(leaves)), hex.EncodeToString(root[:])
	r.LastStream, r.LastRevision = last.stream, uint64(last.revision)
	r.Key = hex.EncodeToString(signer.Public().(ed25519.PublicKey))
	r.Signature = hex.EncodeToString(ed25519.Sign(signer, proof.Root(r).SignedBytes()))
	out, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// forged makes a folder whose log has these rows and is sound otherwise.
func forged(t *testing.T, from string, rows []rawEvent) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "forged")
	copyFolder(t, from, dir)
	conn, err := sqlite.OpenConn(filepath.Join(dir, "log.db"), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	run := func(query string, args ...any) {
		t.Helper()
		if err := sqlitex.Execute(conn, query, &sqlitex.ExecOptions{Args: args}); err != nil {
			t.Fatal(err)
		}
	}
	run("BEGIN")
	run("DELETE FROM events")
	for _, e := range rows {
		run("INSERT INTO events (position, stream, revision, id, type, data, meta) VALUES (?, ?, ?, ?, ?, ?, ?)",
			e.position, e.stream, e.revision, e.id, e.typ, e.data, e.meta)
	}
	run("UPDATE sqlite_sequence SET seq = ? WHERE name = 'events'", len(rows))
	run("COMMIT")
	return dir
}
