package e2e

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Knowing edits with all hashes computed
// again are found by the public key and by an earlier root from outside. That
// they pass without these shows that the forgeries are perfect, and that
// nothing else finds them by luck.
func TestTamperKnowingEdits(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	copyFolder(t, simulated(t), dir)
	rows := readLog(t, dir)
	against := strings.TrimSpace(must(t, "root", "--data", dir).stdout)
	key := rootKeyFile(t, rows)
	_, stranger, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	swap, drop, cut := editable(t, rows)
	middle := rootRows(rows)[len(rootRows(rows))/2]

	insider := signingKey(t, dir)

	edits := []struct {
		name  string
		edit  func() []rawEvent
		plain bool // it passes without anything from outside
		key   bool // the public key alone finds it
	}{
		{"two events swapped", func() []rawEvent {
			e := copyRows(rows)
			a, b := &e[swap[0]], &e[swap[1]]
			a.id, b.id, a.typ, b.typ, a.data, b.data = b.id, a.id, b.typ, a.typ, b.data, a.data
			rechain(t, e, stranger)
			return e
		}, true, true},
		{"one left out by whoever holds the signing key", func() []rawEvent {
			e := slices.Delete(copyRows(rows), drop, drop+1)
			rechain(t, e, insider)
			return e
		}, true, false},
		{"one dropped and the rest renumbered", func() []rawEvent {
			e := slices.Delete(copyRows(rows), drop, drop+1)
			rechain(t, e, stranger)
			return e
		}, true, true},
		{"a root replaced by one of another key", func() []rawEvent {
			e := copyRows(rows)
			leaves := make([][32]byte, 0, middle)
			tips := map[string][32]byte{}
			for _, r := range e[:middle] {
				tips[r.stream] = chainHash(tips[r.stream], r)
				leaves = append(leaves, tips[r.stream])
			}
			e[middle].data = signRoot(t, e[middle].data, leaves, e[middle-1], stranger)
			rehash(e)
			return e
		}, false, true},
		{"cut back to a root", func() []rawEvent { return copyRows(rows)[:cut+1] }, true, false},
	}
	for _, tt := range edits {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			bad := forged(t, dir, tt.edit())
			expectVerify(t, bad, tt.plain)
			expectVerify(t, bad, !tt.key, "--key", key)
			expectVerify(t, bad, false, "--against", against)
			expectVerify(t, bad, false, "--key", key, "--against", against)
		})
	}
	t.Run("nothing edited", func(t *testing.T) {
		t.Parallel()
		same := copyRows(rows)
		rehash(same)
		good := forged(t, dir, same)
		expectVerify(t, good, true, "--key", key, "--against", against)
	})
}

// expectVerify runs the real command and expects ok, or exit 1 with a reason.
func expectVerify(t *testing.T, dir string, ok bool, more ...string) {
	t.Helper()
	a := hoso(t, append([]string{"verify", "--data", dir, "--json"}, more...)...)
	var v verified
	a.into(t, &v)
	if ok != (a.code == 0) || ok != v.OK || a.code > 1 {
		t.Errorf("verify %v: exit %d, expected ok %v: %s%s", more, a.code, ok, a.stdout, a.stderr)
		return
	}
	if !ok && (v.Why == "" || v.Position == nil || fmt.Sprint(v.Position) == "") {
		t.Errorf("verify %v does not tell where and why: %s", more, a.stdout)
	}
	if !ok {
		t.Logf("%v: position %v, stream %s: %s", flagNames(more), v.Position, v.Stream, v.Why)
	}
}

func flagNames(args []string) (names []string) {
	for _, a := range args {
		if strings.HasPrefix(a, "--") {
			names = append(names, a)
		}
	}
	return names
}

// rehash computes the hashes of changed rows, and changes nothing else.
func rehash(rows []rawEvent) {
	tips := map[string][32]byte{}
	for i := range rows {
		e := &rows[i]
		h := chainHash(tips[e.stream], *e)
		e.meta = fmt.Appendf(e.meta[:len(e.meta)-hashTail:len(e.meta)-hashTail], `,"hash":"%x"}`, h)
		tips[e.stream] = h
	}
}

func copyRows(rows []rawEvent) []rawEvent {
	out := slices.Clone(rows)
	for i := range out {
		out[i].data, out[i].meta = slices.Clone(out[i].data), slices.Clone(out[i].meta)
	}
	return out
}

// rootRows are the indexes of the roots.
func rootRows(rows []rawEvent) (at []int) {
	for i, e := range rows {
		if e.typ == "log.root_signed" {
			at = append(at, i)
		}
	}
	return at
}

// editable finds two neighbours of one dossier, an event in the middle of
// another, and a root to cut back to: all before the last roots.
func editable(t *testing.T, rows []rawEvent) (swap [2]int, drop, cut int) {
	t.Helper()
	roots := rootRows(rows)
	if len(roots) < 5 {
		t.Fatalf("only %d roots", len(roots))
	}
	byStream := map[string][]int{}
	for i, e := range rows[:roots[len(roots)-3]] {
		if strings.HasPrefix(e.stream, "dossier-") {
			byStream[e.stream] = append(byStream[e.stream], i)
		}
	}
	for _, s := range byStream {
		if len(s) < 6 {
			continue
		}
		if swap[0] == 0 {
			swap = [2]int{s[3], s[4]}
		} else if drop == 0 {
			drop = s[2]
		}
	}
	if swap[0] == 0 || drop == 0 {
		t.Fatal("no dossier has six events")
	}
	return swap, drop, roots[len(roots)-4]
}

// signingKey is the private key of the roots, which an insider may get hold of.
func signingKey(t *testing.T, dir string) ed25519.PrivateKey {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "signing.key"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatal("signing.key is not PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(ed25519.PrivateKey)
}

// rootKeyFile is the public key of the log's roots, as somebody outside would
// have kept it: hex.
func rootKeyFile(t *testing.T, rows []rawEvent) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "roots.pub")
	key := rows[rootRows(rows)[0]].text(t, "key")
	if err := os.WriteFile(file, []byte(key+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}
