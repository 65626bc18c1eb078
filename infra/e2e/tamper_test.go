package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// On a log of 5,000 events or more with
// several roots, random single-byte changes of table, index and WAL pages are
// each found with position, or make SQLite or the program refuse the file, or
// are shown to change nothing. Each goes through the real hoso verify.
func TestTamperSingleBytes(t *testing.T) {
	t.Parallel()
	open, closed := tamperedLogs(t)
	changes := count(t, "HOSO_CHANGES", 60)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for i, image := range []*image{open, closed} {
		t.Run(image.name, func(t *testing.T) {
			t.Parallel()
			changeBytes(t, image, (changes+1-i)/2, seed+uint64(i))
		})
	}
}

// image is a data folder as it lay on disk at one moment.
type image struct {
	name  string
	files map[string][]byte // log.db, log.db-wal
	dump  []string          // what a reader of it sees
}

// tamperedLogs gives one log copied while the program had it open, so that a
// WAL stands beside it, and the same log closed.
func tamperedLogs(t *testing.T) (open, closed *image) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	copyFolder(t, simulated(t), dir)
	s := serve(t, dir)
	l := newLoad(t)
	l.base = s.base
	rng := rand.New(rand.NewPCG(1, 1))
	for range 30 {
		if !l.live(t.Context(), rng, loadAgencies[0]) {
			t.Fatal("no dossier lived")
		}
	}
	s.settle(dir)
	copied := filepath.Join(t.TempDir(), "open")
	copyFolder(t, dir, copied)
	if code := s.stop(); code != 0 {
		t.Fatalf("exit %d: %s", code, s.told())
	}
	open, closed = newImage(t, "open", copied), newImage(t, "closed", dir)
	if len(open.files["log.db-wal"]) < 100*4096 {
		t.Fatalf("the WAL of the open log has %d bytes: nothing to change there", len(open.files["log.db-wal"]))
	}
	if v := checkVerify(t, dir, len(closed.dump)-aboutRows(closed.dump)); v.Events < 5000 || v.Roots < 3 {
		t.Fatalf("%+v: this test wants 5,000 events and several roots", v)
	}
	return open, closed
}

func newImage(t *testing.T, name, dir string) *image {
	t.Helper()
	im := &image{name: name, files: map[string][]byte{}}
	for _, f := range []string{"log.db", "log.db-wal"} {
		if b, err := os.ReadFile(filepath.Join(dir, f)); err == nil && len(b) > 0 {
			im.files[f] = b
		}
	}
	scratch := t.TempDir()
	im.write(t, scratch)
	if a := hoso(t, "verify", "--data", scratch, "--json"); a.code != 0 {
		t.Fatalf("the unchanged %s log does not verify: %s%s", name, a.stdout, a.stderr)
	}
	var err error
	if im.dump, err = dumpLog(filepath.Join(scratch, "log.db")); err != nil {
		t.Fatal(err)
	}
	return im
}

// write puts the image into an otherwise empty folder.
func (im *image) write(t testing.TB, dir string) {
	t.Helper()
	for _, f := range []string{"log.db", "log.db-wal", "log.db-shm"} {
		path := filepath.Join(dir, f)
		os.Remove(path)
		if b := im.files[f]; b != nil {
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// byteAt picks one byte of all the image's bytes.
func (im *image) byteAt(rng *rand.Rand) (file string, offset int) {
	wal := len(im.files["log.db-wal"])
	offset = rng.IntN(wal + len(im.files["log.db"]))
	if offset < wal {
		return "log.db-wal", offset
	}
	return "log.db", offset - wal
}

// verdicts counts what became of the changes.
type verdicts struct{ position, whole, refused, nothing atomic.Int64 }

func changeBytes(t *testing.T, im *image, changes int, seed uint64) {
	var counts verdicts
	var next atomic.Int64
	var wg sync.WaitGroup
	for worker := range 2 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(worker)))
			dir := filepath.Join(t.TempDir(), fmt.Sprint(worker))
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Error(err)
				return
			}
			for next.Add(1) <= int64(changes) && !t.Failed() {
				file, offset := im.byteAt(rng)
				changeByte(t, im, dir, file, offset, byte(1+rng.IntN(255)), &counts)
			}
		})
	}
	wg.Wait()
	t.Logf("%s log, %d changes: %d found with position, %d found in what belongs to no event, %d made SQLite or the program refuse the file, %d shown to change nothing",
		im.name, changes, counts.position.Load(), counts.whole.Load(), counts.refused.Load(), counts.nothing.Load())
}

// changeByte changes one byte and judges what verify says of it.
func changeByte(t *testing.T, im *image, dir, file string, offset int, flip byte, counts *verdicts) {
	t.Helper()
	im.write(t, dir)
	changed := bytes.Clone(im.files[file])
	changed[offset] ^= flip
	if err := os.WriteFile(filepath.Join(dir, file), changed, 0o600); err != nil {
		t.Error(err)
		return
	}
	a := hoso(t, "verify", "--data", dir, "--json")
	what := fmt.Sprintf("%s, byte %d of %s (page %d) xor %#x: exit %d\n%s%s", im.name, offset, file, offset/4096+1, flip, a.code, clip(a.stdout), clip(a.stderr))
	switch a.code {
	case 1:
		var v verified
		err := json.Unmarshal([]byte(a.stdout), &v)
		switch at := fmt.Sprint(v.Position); {
		case err != nil || v.OK || v.Why == "":
			t.Errorf("found, but not told why (%v): %s", err, what)
		case v.Position == nil || at == "" || at == "0":
			counts.whole.Add(1)
		default:
			counts.position.Add(1)
		}
	case 3:
		if n := strings.Count(strings.TrimSpace(a.stderr), "\n"); n > 0 || a.stderr == "" {
			t.Errorf("refused, but not in one line: %s", what)
		}
		counts.refused.Add(1)
	case 0:
		if why := unharmed(im, filepath.Join(dir, "log.db")); why != "" {
			t.Errorf("not found, and it changes something (%s): %s", why, what)
		}
		counts.nothing.Add(1)
	default:
		t.Errorf("neither found nor refused: %s", what)
	}
}

// unharmed tells what a reader of the changed file sees otherwise; empty: nothing.
func unharmed(im *image, path string) string {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	if err != nil {
		return err.Error()
	}
	sound := ""
	err = sqlitex.ExecuteTransient(conn, "PRAGMA integrity_check", &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		sound += stmt.ColumnText(0)
		return nil
	}})
	conn.Close()
	if err != nil || sound != "ok" {
		return fmt.Sprintf("integrity check: %s %v", sound, err)
	}
	dump, err := dumpLog(path)
	if err != nil {
		return err.Error()
	}
	for i := range max(len(dump), len(im.dump)) {
		if i >= len(dump) || i >= len(im.dump) || dump[i] != im.dump[i] {
			return fmt.Sprintf("the dumps differ at line %d of %d and %d", i, len(dump), len(im.dump))
		}
	}
	return ""
}

// dumpLog writes every row of a log, one a line, by table and by index, and the
// table about.
func dumpLog(path string) ([]string, error) {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var lines []string
	for _, query := range []string{
		"SELECT 'about', * FROM about ORDER BY key",
		"SELECT 'about', name, seq FROM sqlite_sequence",
		"SELECT 'about', type, name, tbl_name, sql FROM sqlite_schema ORDER BY name",
		"SELECT 'about', stream, revision, position FROM events INDEXED BY events_by_stream ORDER BY stream, revision",
		"SELECT position, stream, revision, id, type, hex(data), hex(meta) FROM events NOT INDEXED ORDER BY position",
	} {
		err := sqlitex.ExecuteTransient(conn, query, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
			line := ""
			for c := range stmt.ColumnCount() {
				line += stmt.ColumnText(c) + "\x00"
			}
			lines = append(lines, line)
			return nil
		}})
		if err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// aboutRows counts the lines of a dump that are no events.
func aboutRows(dump []string) (n int) {
	for _, line := range dump {
		if strings.HasPrefix(line, "about\x00") {
			n++
		}
	}
	return n
}
