package sqlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	zs "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/domain/eventlog"
	"hoso/infra/sqlite"
)

func TestReopenedLogIsTheSame(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	l, err := sqlite.OpenLog(dir, sqlite.LogOptions{})
	if err != nil {
		t.Fatal(err)
	}
	id := l.ID()
	list := proposed(3)
	if _, err := l.Append(context.Background(), "s", eventlog.NoStream, list); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{".": 0o700, "log.db": 0o600, "log.db-wal": 0o600, "log.db-shm": 0o600, "lock": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", name, got, want)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if wal, err := os.Stat(filepath.Join(dir, "log.db-wal")); err == nil {
		t.Errorf("after Close the WAL still has %d bytes: the log is not one file", wal.Size())
	}
	again := openLog(t, dir)
	if again.ID() != id || again.Warnings() != nil {
		t.Errorf("id %s, then %s; warnings %v", id, again.ID(), again.Warnings())
	}
	if got := allEvents(t, again); len(got) != 3 || got[2].ID != list[2].ID {
		t.Errorf("got %+v", got)
	}
}

// Issue line "the database explains itself to anyone who opens it with the sqlite3 shell".
func TestLogExplainsItself(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir)
	list := proposed(1)
	if _, err := l.Append(context.Background(), "s-1", eventlog.NoStream, list); err != nil {
		t.Fatal(err)
	}
	conn := plainConn(t, dir)
	about := map[string]string{}
	readable := ""
	query(t, conn, "SELECT key, value FROM about", func(s *zs.Stmt) { about[s.ColumnText(0)] = s.ColumnText(1) })
	query(t, conn, "SELECT stream || '/' || revision || ' ' || id || ' ' || data FROM events_readable WHERE typeof(data) = 'text'",
		func(s *zs.Stmt) { readable = s.ColumnText(0) })
	if about["log_id"] != l.ID().String() || about["format_version"] != "1" || about["what"] == "" || about["created_at"] == "" {
		t.Errorf("about: %v", about)
	}
	if want := "s-1/0 " + list[0].ID.String() + " " + string(list[0].Data); readable != want {
		t.Errorf("the view shows %q, want %q", readable, want)
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string)
		want  string
	}{
		"another SQLite file": {func(t *testing.T, dir string) { script(t, dir, "CREATE TABLE x (y); PRAGMA application_id = 7;") }, "no event log"},
		"no SQLite file": {func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "log.db"), []byte(strings.Repeat("some text ", 1000)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "no event log"},
		"a newer format": {func(t *testing.T, dir string) {
			l, err := sqlite.OpenLog(dir, sqlite.LogOptions{})
			if err = errors.Join(err, l.Close()); err != nil {
				t.Fatal(err)
			}
			script(t, dir, "PRAGMA user_version = 2;")
		}, "use a newer hoso"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c.spoil(t, dir)
			before, err := os.ReadFile(filepath.Join(dir, "log.db"))
			if err != nil {
				t.Fatal(err)
			}
			_, write := sqlite.OpenLog(dir, sqlite.LogOptions{})
			_, read := sqlite.OpenLogReadOnly(dir)
			for _, err := range []error{write, read} {
				if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("got %v, want one line with %q", err, c.want)
				}
			}
			after, err := os.ReadFile(filepath.Join(dir, "log.db"))
			if err != nil || string(after) != string(before) {
				t.Errorf("the refused file was changed (%v)", err)
			}
		})
	}
}

func TestReadOnlyNeedsALog(t *testing.T) {
	dir := t.TempDir()
	if _, err := sqlite.OpenLogReadOnly(dir); err == nil || !strings.Contains(err.Error(), "no event log") {
		t.Errorf("got %v", err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("reading created %v (%v)", files, err)
	}
}

// Issue line "reading commands open beside it".
func TestReadOnlyBesideAWriter(t *testing.T) {
	dir := t.TempDir()
	writer := openLog(t, dir)
	reader, err := sqlite.OpenLogReadOnly(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if reader.ID() != writer.ID() {
		t.Errorf("ids %s and %s", reader.ID(), writer.ID())
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if _, err := reader.Append(ctx, "s", eventlog.NoStream, proposed(1)); !errors.Is(err, eventlog.ErrReadOnly) {
		t.Errorf("append: %v", err)
	}
	if err := reader.Healthy(); !errors.Is(err, eventlog.ErrReadOnly) {
		t.Errorf("healthy: %v", err)
	}
	written, seen := 0, 0
	for b, err := range reader.Subscribe(ctx, eventlog.Position{}, eventlog.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if seen += len(b.Events); seen == 50 {
			break
		}
		if b.Live && seen == written {
			if _, err := writer.Append(ctx, "s", eventlog.Expected(written-1), proposed(5)); err != nil {
				t.Fatal(err)
			}
			written += 5
		}
	}
	if d, err := reader.CheckFile(ctx); d != nil || err != nil {
		t.Errorf("damage %v, error %v", d, err)
	}
}

func plainConn(t *testing.T, dir string) *zs.Conn {
	t.Helper()
	conn, err := zs.OpenConn(filepath.Join(dir, "log.db"), zs.OpenReadWrite|zs.OpenCreate)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // closed earlier by some tests
	return conn
}

func script(t *testing.T, dir, text string) {
	t.Helper()
	conn := plainConn(t, dir)
	if err := sqlitex.ExecuteScript(conn, text, nil); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
}

func query(t *testing.T, conn *zs.Conn, text string, row func(*zs.Stmt)) {
	t.Helper()
	err := sqlitex.ExecuteTransient(conn, text, &sqlitex.ExecOptions{ResultFunc: func(s *zs.Stmt) error { row(s); return nil }})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRelaxedLogIsDurableAfterSyncAndClose(t *testing.T) {
	dir := t.TempDir()
	l, err := sqlite.OpenLog(dir, sqlite.LogOptions{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if _, err := l.Append(context.Background(), "s", eventlog.Expected(i-1), proposed(1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(l.Sync(context.Background()), l.Close()); err != nil {
		t.Fatal(err)
	}
	if n := len(allEvents(t, openLog(t, dir))); n != 100 {
		t.Errorf("%d events, want 100", n)
	}
}

func TestClosedLogLeavesNoGoroutine(t *testing.T) {
	before := goleak.IgnoreCurrent()
	dir := t.TempDir()
	for range 3 {
		l, err := sqlite.OpenLog(dir, sqlite.LogOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sqlite.OpenLog(dir, sqlite.LogOptions{}); err == nil {
			t.Fatal("opened twice")
		}
		allEvents(t, l)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}

// A kill while SQLite makes the file leaves a journal beside it, which no reader may
// take back: reading commands say what to do, and the next start goes on.
func TestCreationCutShort(t *testing.T) {
	dir, made := t.TempDir(), filepath.Join(t.TempDir(), "log.db")
	conn, err := zs.OpenConn(made, zs.OpenReadWrite, zs.OpenCreate)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// What the cache does not hold goes to the file before the commit that never comes.
	for _, statement := range []string{"PRAGMA cache_size = 1", "BEGIN", "CREATE TABLE t (b)", "INSERT INTO t VALUES (zeroblob(1000000))"} {
		if err := sqlitex.ExecuteTransient(conn, statement, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{made, made + "-journal"} {
		b, err := os.ReadFile(name)
		if err != nil || len(b) == 0 {
			t.Fatalf("%s: %d bytes, %v", name, len(b), err)
		}
		put(t, dir, map[string][]byte{filepath.Base(name): b})
	}
	if l, err := sqlite.OpenLogReadOnly(dir); err == nil || !strings.Contains(err.Error(), "was cut short") {
		t.Errorf("read: %v, %v", l, err)
	}
	l := openLog(t, dir)
	if _, err := l.Append(t.Context(), "s", eventlog.NoStream, proposed(1)); err != nil {
		t.Fatal(err)
	}
	if n := len(allEvents(t, l)); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	alone := t.TempDir() // somebody deleted the log only
	if err := os.Rename(made+"-journal", filepath.Join(alone, "log.db-journal")); err != nil {
		t.Fatal(err)
	}
	openLog(t, alone)
}
