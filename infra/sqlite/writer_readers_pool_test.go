package sqlite

import (
	"path/filepath"
	"testing"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// A check takes the interrupt away while it ends its transaction; the pool's
// connection must have it again.
func TestCheckLeavesTheInterrupt(t *testing.T) {
	dir := t.TempDir()
	l, err := OpenLog(dir, LogOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.CheckFile(t.Context()); err != nil {
		t.Fatal(err)
	}
	opened := 0
	for range cap(l.readers.free) {
		one := <-l.readers.free
		if one.conn != nil {
			opened++
			if one.conn.SetInterrupt(one.stop.raised) == nil {
				t.Error("a connection of the pool can no more be interrupted")
			}
		}
		l.readers.free <- one
	}
	if opened == 0 {
		t.Fatal("nothing was read")
	}
}

// A statement that a read leaves on a row would keep its transaction open: later
// reads would see the past, and the WAL could not be cut.
func TestReadersResetWhatStands(t *testing.T) {
	w, err := OpenWriter(filepath.Join(t.TempDir(), "a.db"), WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	write := func(statement string) {
		t.Helper()
		if err := w.Do(t.Context(), func(conn *sqlite.Conn) error { return sqlitex.Execute(conn, statement, nil) }); err != nil {
			t.Fatal(err)
		}
	}
	write("CREATE TABLE t (n)")
	write("INSERT INTO t VALUES (1), (2)")
	r, err := OpenReaders(w.path, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	err = r.Read(t.Context(), func(conn *sqlite.Conn) error {
		_, err := conn.Prep("SELECT n FROM t").Step()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	write("INSERT INTO t VALUES (3)")
	if err := w.Truncate(t.Context()); err != nil {
		t.Errorf("the WAL: %v", err)
	}
	err = r.Read(t.Context(), func(conn *sqlite.Conn) error {
		n, err := sqlitex.ResultInt64(conn.Prep("SELECT count(*) FROM t"))
		if n != 3 {
			t.Errorf("the next read sees %d rows, not 3", n)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
