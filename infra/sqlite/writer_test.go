package sqlite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	zs "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/domain/eventlog"
	"hoso/infra/sqlite"
)

const notes = "CREATE TABLE IF NOT EXISTS notes (n INTEGER PRIMARY KEY, text TEXT) STRICT;"

func openWriter(t *testing.T, opt sqlite.WriterOptions) (*sqlite.Writer, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notes.db")
	opt.Schema = notes
	w, err := sqlite.OpenWriter(path, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w, path
}

func note(n int) func(*zs.Conn) error {
	return func(conn *zs.Conn) error {
		return sqlitex.Execute(conn, "INSERT INTO notes VALUES (?, ?)", &sqlitex.ExecOptions{Args: []any{n, fmt.Sprintf("note-%d-%s", n, strings.Repeat("x", 100))}})
	}
}

func countNotes(t *testing.T, path string) (n int) {
	t.Helper()
	r, err := sqlite.OpenReaders(path, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	err = r.Read(context.Background(), func(conn *zs.Conn) error {
		return sqlitex.Execute(conn, "SELECT count(*) FROM notes", &sqlitex.ExecOptions{ResultFunc: func(s *zs.Stmt) error { n = s.ColumnInt(0); return nil }})
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A job that fails is undone alone, also while others share its transaction.
func TestWriterUndoesAFailedJobAlone(t *testing.T) {
	w, path := openWriter(t, sqlite.WriterOptions{})
	refused := errors.New("refused")
	var g errgroup.Group
	for i := range 200 {
		g.Go(func() error {
			err := w.Do(context.Background(), func(conn *zs.Conn) error {
				if err := note(i)(conn); err != nil {
					return err
				}
				switch {
				case i%4 == 1:
					return refused
				case i%4 == 2:
					return note(i)(conn) // violates the primary key
				}
				return nil
			})
			switch {
			case i%4 == 1 && err != refused, i%4 == 2 && zs.ErrCode(err) != zs.ResultConstraintPrimaryKey, i%4 != 1 && i%4 != 2 && err != nil:
				return fmt.Errorf("job %d: %w", i, err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := countNotes(t, path); n != 100 {
		t.Errorf("%d notes, want 100", n)
	}
	if err := w.Healthy(); err != nil {
		t.Error(err)
	}
}

// A checked job that refuses before its first change spoils nothing for the others.
func TestWriterCheckedJobs(t *testing.T) {
	w, path := openWriter(t, sqlite.WriterOptions{})
	refused := errors.New("refused")
	var g errgroup.Group
	for i := range 200 {
		g.Go(func() error {
			err := w.DoChecked(context.Background(), func(conn *zs.Conn) error {
				if i%2 == 1 {
					return refused
				}
				return note(i)(conn)
			})
			if (i%2 == 1) != errors.Is(err, refused) {
				return fmt.Errorf("job %d: %w", i, err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := countNotes(t, path); n != 100 {
		t.Errorf("%d notes, want 100", n)
	}
}

// Callers share commits: the WAL holds far fewer transactions than there were callers.
func TestWriterGroupsCallers(t *testing.T) {
	w, path := openWriter(t, sqlite.WriterOptions{})
	started, release := make(chan struct{}), make(chan struct{})
	var g errgroup.Group
	g.Go(func() error {
		return w.Do(context.Background(), func(*zs.Conn) error { close(started); <-release; return nil })
	})
	<-started
	before, err := sqlite.CheckWAL(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		g.Go(func() error { return w.Do(context.Background(), note(i)) })
	}
	time.Sleep(50 * time.Millisecond) // all of them are waiting now
	close(release)
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	after, err := sqlite.CheckWAL(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := after.Commits - before.Commits; n > 10 || countNotes(t, path) != 100 {
		t.Errorf("%d commits for 100 callers, %d notes", n, countNotes(t, path))
	}
}

// A caller whose context ends in the queue hears so at once and nothing is written.
func TestWriterQueueHonoursContext(t *testing.T) {
	w, path := openWriter(t, sqlite.WriterOptions{})
	started, release := make(chan struct{}), make(chan struct{})
	var g errgroup.Group
	g.Go(func() error {
		return w.Do(context.Background(), func(*zs.Conn) error { close(started); <-release; return nil })
	})
	<-started
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := w.Do(ctx, note(1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	close(release)
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := w.Do(context.Background(), note(2)); err != nil {
		t.Fatal(err)
	}
	if n := countNotes(t, path); n != 1 {
		t.Errorf("%d notes, want 1", n)
	}
}

// A full file stops the writer: the group is ambiguous, later callers hear why.
func TestWriterStopsWhenFull(t *testing.T) {
	w, path := openWriter(t, sqlite.WriterOptions{})
	err := w.Do(context.Background(), func(conn *zs.Conn) error {
		return sqlitex.ExecuteTransient(conn, "PRAGMA max_page_count = 20", nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for ; err == nil; kept++ {
		err = w.Do(context.Background(), note(kept))
	}
	kept--
	if !errors.Is(err, eventlog.ErrAmbiguous) || zs.ErrCode(err) != zs.ResultFull {
		t.Fatalf("got %v", err)
	}
	for name, err := range map[string]error{
		"Do": w.Do(context.Background(), note(-1)), "DoChecked": w.DoChecked(context.Background(), note(-1)),
		"Healthy": w.Healthy(), "Truncate": w.Truncate(context.Background()), "Sync": w.Sync(context.Background()),
	} {
		if !errors.Is(err, eventlog.ErrStopped) || !strings.Contains(err.Error(), "disk is full") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := countNotes(t, path); n != kept || kept == 0 {
		t.Errorf("%d notes, %d were acknowledged", n, kept)
	}
}

// Another program's transaction delays the writer; nothing is ambiguous and nothing stops.
func TestWriterWaitsForAnotherProgram(t *testing.T) {
	w, path := openWriter(t, sqlite.WriterOptions{})
	other, err := zs.OpenConn(path, zs.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := sqlitex.ExecuteTransient(other, "BEGIN IMMEDIATE", nil); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() { answered <- w.Do(context.Background(), note(1)) }()
	select {
	case err := <-answered:
		t.Fatalf("answered while locked: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	if err := sqlitex.ExecuteTransient(other, "COMMIT", nil); err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err != nil {
		t.Fatal(err)
	}
}

// What SecureDelete and Truncate promise together: a deleted value is in no file.
func TestWriterErases(t *testing.T) {
	w, path := openWriter(t, sqlite.WriterOptions{SecureDelete: true})
	ctx := context.Background()
	for i := range 50 {
		if err := w.Do(ctx, note(i)); err != nil {
			t.Fatal(err)
		}
	}
	if !anyFileHolds(t, path, "note-25-") {
		t.Fatal("the note is in no file from the start")
	}
	err := w.Do(ctx, func(conn *zs.Conn) error {
		return sqlitex.ExecuteTransient(conn, "DELETE FROM notes WHERE n = 25", nil)
	})
	if err := errors.Join(err, w.Truncate(ctx)); err != nil {
		t.Fatal(err)
	}
	if anyFileHolds(t, path, "note-25-") || !anyFileHolds(t, path, "note-26-") {
		t.Error("the deleted note is still in a file, or its neighbour is not")
	}
}

func anyFileHolds(t *testing.T, path, text string) bool {
	t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(path + suffix)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte(text)) {
			return true
		}
	}
	return false
}
