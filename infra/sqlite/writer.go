// Package sqlite holds the engines that stand on SQLite files: the event log,
// and the group-committing Writer and the Readers on which every other file
// of the program is built.
package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/domain/eventlog"
)

const (
	// maxGroup bounds the callers that share one commit, so that the first of them does not wait for ever.
	maxGroup = 512
	// idleYields is how often the writer lets other goroutines run before it closes a group that
	// stopped growing: callers that the previous commit woke are then in the group, not behind it.
	idleYields = 4
)

// WriterOptions say how a file is written.
type WriterOptions struct {
	// Schema is a script run in one transaction at every opening; it creates what is missing
	// (CREATE TABLE IF NOT EXISTS …). May be empty.
	Schema string
	// Relaxed leaves out the sync at each commit: what was written in the last moments before a
	// power cut may be lost (the file stays sound). Close and Sync make everything durable. Only for bulk
	// generation, never for a log that acknowledges to others.
	Relaxed bool
	// SecureDelete overwrites deleted rows with zeros. The WAL still holds older versions of a page
	// until Truncate.
	SecureDelete bool

	committed func() // called in the writer's goroutine after each commit, before the callers are answered
}

// Writer is the one connection that writes a SQLite file in WAL mode. Jobs of
// concurrent callers share one transaction and one sync; none is answered
// before the commit is on disk. Safe for concurrent use.
type Writer struct {
	path    string
	conn    *sqlite.Conn
	relaxed bool
	told    func()        // after each commit; may be nil
	jobs    chan *job     // unbuffered: what is not received was not taken
	stop    chan struct{} // closed by Close when no job is left
	exited  chan struct{} // closed when the goroutine ended
	failed  atomic.Pointer[error]

	mu      sync.Mutex // guards closed and running.Add
	closed  bool
	running sync.WaitGroup

	closeOnce sync.Once
	closeErr  error
}

type job struct {
	ctx      context.Context
	run      func(*sqlite.Conn) error
	kind     jobKind
	answered chan error // receives once
}

type jobKind int

const (
	guarded jobKind = iota // in a savepoint of its own
	checked                // checks before it changes, needs no savepoint
	whole                  // a transaction of its own
	outside                // runs alone, outside any transaction
)

// Do runs job inside a transaction that it may share with other callers' jobs,
// and returns nil only when that transaction is committed and on disk. A job
// that returns an error is undone alone, and Do returns that error as it is.
// The job runs in the writer's goroutine: it must neither keep conn nor wait
// for anything.
//
// Other errors: the context's, when it ended before the job was taken (nothing
// was written; once taken, Do waits for the commit); eventlog.ErrAmbiguous when
// the commit failed; eventlog.ErrStopped after a failed commit or Close.
func (w *Writer) Do(ctx context.Context, run func(conn *sqlite.Conn) error) error {
	return w.submit(ctx, run, guarded)
}

// DoChecked is Do without the cost of a savepoint, for a job that returns its
// own errors only before its first change. An error of SQLite inside
// such a job undoes the whole group and stops the writer.
func (w *Writer) DoChecked(ctx context.Context, run func(conn *sqlite.Conn) error) error {
	return w.submit(ctx, run, checked)
}

// DoWhole is Do in a transaction that nobody shares, without the cost of a
// savepoint: for a long job that is a file's only one.
func (w *Writer) DoWhole(ctx context.Context, run func(conn *sqlite.Conn) error) error {
	return w.submit(ctx, run, whole)
}

// Sync makes everything committed so far durable. It matters for a Relaxed
// writer only; without Relaxed each commit does so.
func (w *Writer) Sync(ctx context.Context) error {
	return w.submit(ctx, func(*sqlite.Conn) error { return syncFile(walPath(w.path)) }, outside)
}

// Truncate moves everything from the WAL into the file and cuts the WAL to
// zero bytes, so that no older version of a page remains in it. It fails when
// a reader holds the WAL for longer than the busy timeout.
func (w *Writer) Truncate(ctx context.Context) error {
	return w.submit(ctx, func(conn *sqlite.Conn) error {
		busy := false
		err := sqlitex.ExecuteTransient(conn, "PRAGMA wal_checkpoint(TRUNCATE)", &sqlitex.ExecOptions{
			ResultFunc: func(stmt *sqlite.Stmt) error {
				busy = stmt.ColumnInt(0) != 0
				return nil
			},
		})
		if err == nil && busy {
			err = errors.New("the WAL could not be truncated: another connection is reading; try again")
		}
		return err
	}, outside)
}

// Healthy tells why the writer takes no more jobs (an error that is
// eventlog.ErrStopped), nil while it does.
func (w *Writer) Healthy() error {
	if p := w.failed.Load(); p != nil {
		return *p
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return fmt.Errorf("%w: it is closed", eventlog.ErrStopped)
	}
	return nil
}

// Close waits for the running jobs, makes everything durable and closes the
// file. Later calls return the first one's error.
func (w *Writer) Close() error {
	w.closeOnce.Do(func() {
		w.mu.Lock()
		w.closed = true
		w.mu.Unlock()
		w.running.Wait()
		close(w.stop)
		<-w.exited
		if w.relaxed && w.failed.Load() == nil {
			// Closing would checkpoint only when no other connection is open.
			w.closeErr = syncFile(walPath(w.path))
		}
		w.closeErr = errors.Join(w.closeErr, w.conn.Close())
	})
	return w.closeErr
}

func (w *Writer) submit(ctx context.Context, run func(*sqlite.Conn) error, kind jobKind) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return fmt.Errorf("%w: it is closed", eventlog.ErrStopped)
	}
	w.running.Add(1)
	w.mu.Unlock()
	defer w.running.Done()
	j := &job{ctx: ctx, run: run, kind: kind, answered: make(chan error, 1)}
	select {
	case w.jobs <- j:
		return <-j.answered
	case <-ctx.Done():
		return ctx.Err()
	}
}
