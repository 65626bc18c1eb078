package sqlite_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	zs "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/domain/eventlog"
	"hoso/infra/sqlite"
)

// openReaders opens a pool of a file that holds one note.
func openReaders(t *testing.T, size int) *sqlite.Readers {
	t.Helper()
	w, path := openWriter(t, sqlite.WriterOptions{})
	if err := w.Do(t.Context(), note(1)); err != nil {
		t.Fatal(err)
	}
	r, err := sqlite.OpenReaders(path, size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func TestReadersEnd(t *testing.T) {
	r := openReaders(t, 2)
	forever := func(conn *zs.Conn) error {
		return sqlitex.ExecuteTransient(conn, "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT count(*) FROM c", nil)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := r.Read(ctx, forever); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a long read: %v", err)
	}
	if err := r.Read(context.Background(), note(2)); err == nil {
		t.Error("a reader could write")
	}
	running := make(chan error, 1)
	go func() { running <- r.Read(context.Background(), forever) }()
	time.Sleep(20 * time.Millisecond)
	if err := errors.Join(r.Close(), r.Close()); err != nil {
		t.Error(err)
	}
	if err := <-running; !errors.Is(err, eventlog.ErrStopped) {
		t.Errorf("a read during Close: %v", err)
	}
	if err := r.Read(context.Background(), forever); !errors.Is(err, eventlog.ErrStopped) {
		t.Errorf("a read after Close: %v", err)
	}
}

// A read that panics gives its connection back: a pool of one still serves the next.
func TestReadersSurviveAPanic(t *testing.T) {
	r := openReaders(t, 1)
	func() {
		defer func() { _ = recover() }()
		_ = r.Read(context.Background(), func(conn *zs.Conn) error {
			return sqlitex.Execute(conn, "SELECT * FROM notes", &sqlitex.ExecOptions{ResultFunc: func(*zs.Stmt) error { panic("in the middle of a row") }})
		})
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := r.Read(ctx, func(conn *zs.Conn) error { return nil }); err != nil {
		t.Error(err)
	}
}

// A read that was interrupted, at whatever moment, leaves the next one alone.
func TestReadersAfterAnInterrupt(t *testing.T) {
	r := openReaders(t, 1)
	count := func(rows int64) func(conn *zs.Conn) error {
		return func(conn *zs.Conn) error {
			return sqlitex.Execute(conn, "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c LIMIT ?) SELECT x FROM c", &sqlitex.ExecOptions{
				Args:       []any{rows},
				ResultFunc: func(*zs.Stmt) error { runtime.Gosched(); return nil }, // who interrupts gets his turn on one processor too
			})
		}
	}
	start := time.Now()
	if err := r.Read(context.Background(), count(5000)); err != nil {
		t.Fatal(err)
	}
	whole, interrupted := time.Since(start), 0
	for i := range 300 {
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			time.Sleep(whole * time.Duration(i) / 200)
			cancel()
		}()
		if err := r.Read(ctx, count(5000)); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		} else if err != nil {
			interrupted++
		}
		if err := r.Read(context.Background(), count(10)); err != nil {
			t.Fatalf("after an interrupted read: %v", err)
		}
		cancel()
	}
	if interrupted == 0 {
		t.Error("no read was interrupted")
	}
}
