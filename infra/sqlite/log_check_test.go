package sqlite_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	zs "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/domain/eventlog"
	"hoso/infra/sqlite"
)

// copyOfRunningLog makes the files of a log as a kill would leave them: 300 events
// in the table, 100 more in the WAL.
func copyOfRunningLog(t *testing.T) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	at := map[string]eventlog.Expected{}
	fill := func(l *sqlite.Log, n int) {
		for i := range n {
			stream := fmt.Sprintf("dossier-%d", i*7%37)
			if _, ok := at[stream]; !ok {
				at[stream] = eventlog.NoStream
			}
			if _, err := l.Append(context.Background(), stream, at[stream], proposed(2)); err != nil {
				t.Fatal(err)
			}
			at[stream] += 2
		}
	}
	l := openLog(t, dir)
	fill(l, 150)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = openLog(t, dir)
	fill(l, 50)
	files := map[string][]byte{}
	for _, name := range []string{"log.db", "log.db-wal"} {
		content, err := os.ReadFile(filepath.Join(dir, name)) // the lock it drops guards nothing here: only this test uses the file
		if err != nil {
			t.Fatal(err)
		}
		files[name] = content
	}
	return files
}

func put(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Issue line "random single-byte changes": HOSO_FLIPS sets how many, 300 unless told.
func TestRandomByteChanges(t *testing.T) {
	flips := 300
	if s := os.Getenv("HOSO_FLIPS"); s != "" {
		var err error
		if flips, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	files := copyOfRunningLog(t)
	sound := t.TempDir()
	put(t, sound, files)
	want := dump(t, sound)
	counts := map[string]int{}
	random := rand.New(rand.NewPCG(4, uint64(flips)))
	for range flips {
		name := []string{"log.db", "log.db-wal"}[random.IntN(2)]
		at, bit := random.IntN(len(files[name])), byte(1+random.IntN(255))
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		files[name][at] ^= bit
		put(t, dir, files)
		files[name][at] ^= bit
		outcome := judge(t, dir, want)
		counts[outcome]++
		if outcome == "missed" {
			t.Errorf("%s: byte %d xor %#x was missed", name, at, bit)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d changes: %v", flips, counts)
}

// judge says what became of a change: refused, found (with or without a position), no
// change at all, or other bytes within an event, which its hash must find and no check of the file can.
func judge(t *testing.T, dir string, want string) string {
	t.Helper()
	l, err := sqlite.OpenLogReadOnly(dir)
	if err != nil {
		return "refused"
	}
	defer l.Close()
	damage, err := l.CheckFile(context.Background())
	switch {
	case err != nil:
		t.Fatal(err)
	case damage != nil && damage.Position == 0:
		return "found, " + strings.SplitN(damage.Why, ":", 2)[0]
	case damage != nil:
		return "found with position"
	}
	got := dump(t, dir)
	switch {
	case got == want:
		return "changes nothing"
	case skeleton(got) == skeleton(want):
		return "inside an event (its hash finds it)"
	}
	return "missed"
}

// dump writes down everything the file says: lines of tables, and each event as a
// skeleton and its content.
func dump(t *testing.T, dir string) string {
	t.Helper()
	conn, err := zs.OpenConn(filepath.Join(dir, "log.db"), zs.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var b strings.Builder
	for _, q := range []string{
		"SELECT 'schema', name || type || tbl_name || sql FROM sqlite_schema ORDER BY name",
		"SELECT 'about', key || '=' || value FROM about ORDER BY key",
		"SELECT 'sequence', name || seq FROM sqlite_sequence",
		"SELECT 'index', stream || ' ' || revision || ' ' || position FROM events INDEXED BY events_by_stream ORDER BY stream, revision",
		"SELECT 'event', position || ' ' || stream || ' ' || revision, quote(id) || quote(type) || quote(data) || quote(meta) FROM events NOT INDEXED ORDER BY position",
	} {
		err := sqlitex.ExecuteTransient(conn, q, &sqlitex.ExecOptions{ResultFunc: func(s *zs.Stmt) error {
			fmt.Fprintf(&b, "%s %s\t%s\n", s.ColumnText(0), s.ColumnText(1), s.ColumnText(2))
			return nil
		}})
		if err != nil {
			fmt.Fprintf(&b, "%s: %v\n", q, err)
		}
	}
	return b.String()
}

// skeleton leaves the events' content out.
func skeleton(dump string) string {
	var b strings.Builder
	for line := range strings.Lines(dump) {
		head, _, _ := strings.Cut(line, "\t")
		b.WriteString(head + "\n")
	}
	return b.String()
}

// Knowing edits with SQL that leave a file SQLite itself calls sound.
func TestCheckFileNamesTheFirstBadPosition(t *testing.T) {
	files := copyOfRunningLog(t)
	for name, c := range map[string]struct {
		script   string
		position uint64
		why      string
	}{
		"an event cut out":         {"DELETE FROM events WHERE position = 150", 150, "missing"},
		"the tail cut off":         {"DELETE FROM events WHERE position > 350", 351, "given out"},
		"a revision renumbered":    {"UPDATE events SET revision = 1000 WHERE position = 200", 200, "does not stand before"},
		"a negative revision":      {"UPDATE events SET revision = -7 WHERE position = 200", 200, "has revision -7"},
		"a negative position":      {"UPDATE events SET position = -7 WHERE position = 1", 1, "position -7"},
		"an event moved":           {"UPDATE events SET stream = 'x' WHERE position = 200", 200, "does not stand before"},
		"an id that is none":       {"UPDATE events SET id = 'x' WHERE position = 5", 5, "id"},
		"about changed":            {"UPDATE about SET value = 'x' WHERE key = 'what'", 0, "about"},
		"another log id":           {"UPDATE about SET value = '4b9d7e0e-7c1b-4d13-8a58-0d6f7b3a2c11' WHERE key = 'log_id'", 0, "about"},
		"a row in the table about": {"INSERT INTO about VALUES ('x', 'y')", 0, "about"},
		"a trigger":                {"CREATE TRIGGER x AFTER INSERT ON events BEGIN DELETE FROM events; END", 0, "tables"},
		"the numbering moved":      {"UPDATE sqlite_sequence SET seq = 900", 401, "given out"},
		"nothing at all":           {"SELECT 1", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, files)
			script(t, dir, c.script)
			l, err := sqlite.OpenLogReadOnly(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			d, err := l.CheckFile(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if c.why == "" {
				if d != nil {
					t.Errorf("a sound file has %v", d)
				}
				return
			}
			if d == nil || d.Position != c.position || !strings.Contains(d.Why, c.why) {
				t.Errorf("got %v, want position %d, %q", d, c.position, c.why)
			}
			if name == "a negative revision" && d.Revision != -7 {
				t.Errorf("its revision is told as %d", d.Revision)
			}
		})
	}
}

func TestCheckFileHonoursItsContext(t *testing.T) {
	l := openLog(t, t.TempDir())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if d, err := l.CheckFile(ctx); d != nil || err != context.Canceled {
		t.Errorf("got %v, %v", d, err)
	}
}

// Damage that only SQLite's integrity check sees still names an event on the damaged page.
func TestIntegrityDamageIsPlaced(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, copyOfRunningLog(t))
	script(t, dir, "PRAGMA wal_checkpoint(TRUNCATE)") // everything is in the table now
	conn := plainConn(t, dir)
	pages := map[string][]int64{}
	query(t, conn, "SELECT name, pageno FROM dbstat WHERE pagetype = 'leaf' AND name LIKE 'events%' ORDER BY path",
		func(s *zs.Stmt) { pages[s.ColumnText(0)] = append(pages[s.ColumnText(0)], s.ColumnInt64(1)) })
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "log.db")
	image, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for tree, list := range pages {
		var last uint64
		for _, page := range list {
			fragments := (page-1)*4096 + 7 // count of unused bytes between the cells, in the page's header
			image[fragments] ^= 1
			put(t, dir, map[string][]byte{"log.db": image})
			image[fragments] ^= 1
			d := checkCopy(t, dir)
			if d == nil || d.Position == 0 || tree == "events" && d.Position <= last || !strings.Contains(d.Why, "ragment") {
				t.Fatalf("%s, page %d: got %v, last position %d", tree, page, d, last)
			}
			if last = d.Position; tree == "events" && !onTablePage(image, page, last) {
				t.Fatalf("position %d is not the first on page %d", last, page)
			}
		}
		t.Logf("%s: %d leaves, last position %d", tree, len(list), last)
	}
}

func checkCopy(t *testing.T, dir string) *sqlite.Damage {
	t.Helper()
	l, err := sqlite.OpenLogReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d, err := l.CheckFile(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// onTablePage reads the row number of a leaf page's first cell: https://www.sqlite.org/fileformat2.html#b_tree_pages
func onTablePage(image []byte, page int64, position uint64) bool {
	at := image[(page-1)*4096:][:4096]
	cell := at[int(at[8])<<8|int(at[9]):]
	varint := func() (n uint64) {
		for {
			b := cell[0]
			cell, n = cell[1:], n<<7|uint64(b&0x7f)
			if b < 0x80 {
				return n
			}
		}
	}
	varint() // the size
	return varint() == position
}
