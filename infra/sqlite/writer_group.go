package sqlite

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/domain/eventlog"
)

// loop is the writer's goroutine: collect a group, commit it, answer it.
func (w *Writer) loop() {
	defer close(w.exited)
	var group []*job
	for {
		var next *job
		select {
		case next = <-w.jobs:
		case <-w.stop:
			return
		}
		for next != nil {
			if next.kind >= whole {
				w.alone(next)
				break
			}
			group, next = w.collect(append(group[:0], next))
			w.commit(group)
			clear(group)
		}
	}
}

// alone runs a job that shares nothing.
func (w *Writer) alone(j *job) {
	if j.kind == whole {
		w.commit([]*job{j})
		return
	}
	j.answered <- w.runOutside(j)
}

// collect lets the group grow until nobody else comes. It also returns a job
// that must run outside the group, after it.
func (w *Writer) collect(group []*job) (_ []*job, after *job) {
	for idle := 0; idle < idleYields && len(group) < maxGroup; {
		select {
		case j := <-w.jobs:
			if j.kind >= whole {
				return group, j
			}
			group, idle = append(group, j), 0
		default:
			runtime.Gosched()
			idle++
		}
	}
	return group, nil
}

func (w *Writer) runOutside(j *job) error {
	if p := w.failed.Load(); p != nil {
		return *p
	}
	return j.run(w.conn)
}

// commit runs the group's jobs in one transaction and answers each of them.
func (w *Writer) commit(group []*job) {
	if p := w.failed.Load(); p != nil {
		answer(group, *p)
		return
	}
	if err := execute(w.conn, "BEGIN IMMEDIATE"); err != nil {
		if isBusy(err) { // another program writes the file; nothing is lost and nothing was done
			answer(group, fmt.Errorf("the database is locked by another program (a sqlite3 shell in a transaction?): %w", err))
			return
		}
		w.fail(group, err)
		return
	}
	refused := make([]error, len(group))
	for i, j := range group {
		if err := j.ctx.Err(); err != nil {
			refused[i] = err
			continue
		}
		err, fatal := w.runJob(j)
		if fatal || w.conn.AutocommitEnabled() { // SQLite may have ended the transaction itself
			w.fail(group, err)
			return
		}
		refused[i] = err
	}
	end := "COMMIT"
	if group[0].kind == whole && refused[0] != nil {
		end = "ROLLBACK"
	}
	if err := execute(w.conn, end); err != nil {
		w.fail(group, err)
		return
	}
	if w.told != nil {
		w.told()
	}
	for i, j := range group {
		j.answered <- refused[i]
	}
}

// runJob runs one job of a transaction; fatal means that the transaction
// cannot be trusted any more.
func (w *Writer) runJob(j *job) (err error, fatal bool) {
	if j.kind == checked {
		err := j.run(w.conn)
		// Every error of SQLite has a code of its own except a bad statement, which is found before it runs.
		return err, err != nil && sqlite.ErrCode(err).ToPrimary() != sqlite.ResultError
	}
	if j.kind == whole {
		err := j.run(w.conn)
		return err, err != nil && breaksFile(err)
	}
	if err := execute(w.conn, "SAVEPOINT job"); err != nil {
		return err, true
	}
	if err = j.run(w.conn); err != nil {
		if breaksFile(err) || w.conn.AutocommitEnabled() {
			return err, true
		}
		if undo := execute(w.conn, "ROLLBACK TO job"); undo != nil {
			return errors.Join(err, undo), true
		}
	}
	if release := execute(w.conn, "RELEASE job"); release != nil {
		return errors.Join(err, release), true
	}
	return err, false
}

// fail stops the writer: whether the group is on disk is not known, and a
// disk that failed once is not trusted with more.
func (w *Writer) fail(group []*job, cause error) {
	if cause == nil {
		cause = errors.New("the transaction ended by itself")
	}
	stopped := fmt.Errorf("%w: %s: %w", eventlog.ErrStopped, remedy(cause), cause)
	w.failed.Store(&stopped)
	if !w.conn.AutocommitEnabled() {
		// What fails here changes nothing: the next opening drops an unfinished transaction.
		_ = execute(w.conn, "ROLLBACK")
	}
	answer(group, fmt.Errorf("%w: %s: %w", eventlog.ErrAmbiguous, remedy(cause), cause))
}

// remedy says in words what happened and what to do.
func remedy(cause error) string {
	switch sqlite.ErrCode(cause).ToPrimary() {
	case sqlite.ResultFull:
		return "the disk is full; free space, then restart"
	case sqlite.ResultCorrupt, sqlite.ResultNotADB:
		return "the file is damaged; stop, run verify and restore a backup"
	default:
		return "a commit failed; check the disk and its free space, then restart"
	}
}

// breaksFile tells errors that concern the file or the disk from those of one job.
func breaksFile(err error) bool {
	switch sqlite.ErrCode(err).ToPrimary() {
	case sqlite.ResultFull, sqlite.ResultIOErr, sqlite.ResultCorrupt, sqlite.ResultNotADB,
		sqlite.ResultNoMem, sqlite.ResultReadOnly, sqlite.ResultCantOpen, sqlite.ResultProtocol:
		return true
	}
	return false
}

func isBusy(err error) bool {
	code := sqlite.ErrCode(err).ToPrimary()
	return code == sqlite.ResultBusy || code == sqlite.ResultLocked
}

func answer(group []*job, err error) {
	for _, j := range group {
		j.answered <- err
	}
}

// execute runs a statement without parameters or rows; the connection keeps it prepared.
func execute(conn *sqlite.Conn, query string) error {
	return sqlitex.Execute(conn, query, nil)
}

func walPath(path string) string { return path + "-wal" }

// syncFile puts a file's bytes on disk; a missing file has none. Never use it
// on the database file itself: closing it here would drop the POSIX locks that
// SQLite holds on it in this process.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
