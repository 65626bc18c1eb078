package proof_test

import (
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	zs "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/infra/proof"
	"hoso/infra/sqlite"
)

// Issue line "random single-byte changes", on a log with several roots. Each
// change of a byte of the file or its WAL is found by the checks of file and
// proof together, or SQLite refuses the file, or the change alters nothing: then
// a full dump is the same. HOSO_FLIPS sets how many are tried, on 5,000 events;
// without it 40, on 1,000.
func TestRandomByteChangesOfASealedLog(t *testing.T) {
	flips, streams := 40, 40
	if s := os.Getenv("HOSO_FLIPS"); s != "" {
		var err error
		if flips, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
		streams = 200
	}
	files, key := sealedFiles(t, streams)
	sound := t.TempDir()
	putFiles(t, sound, files)
	want := dumpOf(t, sound)
	if got := outcomeOf(t, sound, key, want); got != "changes nothing" {
		t.Fatal("the log was not sound to begin with: ", got)
	}
	counts := map[string]int{}
	random := rand.New(rand.NewPCG(4, 2026))
	for range flips {
		name := []string{"log.db", "log.db-wal"}[random.IntN(2)]
		at, flip := random.IntN(len(files[name])), byte(1+random.IntN(255))
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		files[name][at] ^= flip
		putFiles(t, dir, files)
		files[name][at] ^= flip
		got := outcomeOf(t, dir, key, want)
		if counts[got]++; got == "missed" {
			t.Errorf("%s: byte %d xor %#x was missed", name, at, flip)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d changes: %v", flips, counts)
}

// sealedFiles makes the files of a log as a kill would leave them, its last
// events in the WAL.
func sealedFiles(t *testing.T, streams int) (map[string][]byte, ed25519.PublicKey) {
	dir := t.TempDir()
	log, err := sqlite.OpenLog(dir, sqlite.LogOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, log)
	for range 4 {
		w.write(streams, 5)
		w.seal()
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if log, err = sqlite.OpenLog(dir, sqlite.LogOptions{}); err != nil {
		t.Fatal(err)
	}
	w.log, w.sealer = log, proof.NewSealer(log, w.codec, w.signer, w.now)
	w.write(streams, 5)
	w.seal()
	files := map[string][]byte{}
	for _, name := range []string{"log.db", "log.db-wal"} {
		if files[name], err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	return files, w.signer.Public()
}

func putFiles(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func outcomeOf(t *testing.T, dir string, key ed25519.PublicKey, want string) string {
	t.Helper()
	log, err := sqlite.OpenLogReadOnly(dir)
	if err != nil {
		return "refused"
	}
	defer log.Close()
	damage, err := log.CheckFile(ctx)
	switch {
	case err != nil:
		t.Fatal(err)
	case damage != nil && damage.Position > 0:
		return "found in the file, with position"
	case damage != nil:
		return "found in the file"
	}
	r, err := proof.Verify(ctx, log, proof.VerifyOptions{Key: key})
	switch {
	case err != nil:
		return "refused while reading"
	case !r.OK && (r.Position == "" || r.Stream == "" || r.Revision == nil):
		t.Errorf("found without saying where: %+v", r)
		return "found, nowhere"
	case !r.OK:
		return "found by its hash, with position"
	case dumpOf(t, dir) == want:
		return "changes nothing"
	}
	return "missed"
}

// dumpOf is everything the tables say.
func dumpOf(t *testing.T, dir string) string {
	t.Helper()
	conn, err := zs.OpenConn(filepath.Join(dir, "log.db"), zs.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var b strings.Builder
	for _, q := range []string{
		"SELECT name || type || tbl_name || sql FROM sqlite_schema ORDER BY name",
		"SELECT key || '=' || value FROM about ORDER BY key",
		"SELECT name || seq FROM sqlite_sequence",
		"SELECT position || ' ' || stream || ' ' || revision || quote(id) || quote(type) || quote(data) || quote(meta) FROM events NOT INDEXED ORDER BY position",
	} {
		err := sqlitex.ExecuteTransient(conn, q, &sqlitex.ExecOptions{ResultFunc: func(s *zs.Stmt) error {
			b.WriteString(s.ColumnText(0) + "\n")
			return nil
		}})
		if err != nil {
			fmt.Fprintf(&b, "%s: %v\n", q, err)
		}
	}
	return b.String()
}
