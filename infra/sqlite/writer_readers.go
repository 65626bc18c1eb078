package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/domain/eventlog"
)

// Readers is a small pool of connections that read one SQLite file, beside a
// Writer in this or another process. Safe for concurrent use.
//
// It is our own because sqlitex.Pool starts a goroutine for every loan and waits
// for its end at the return, which takes longer than finding a row.
type Readers struct {
	path     string
	free     chan *reader // of all that are not lent
	closing  context.Context
	cancel   context.CancelFunc // begins to close
	closeAll func() error       // once
}

// reader is a place in the pool: a connection, opened at its first turn, and what
// interrupts it.
type reader struct {
	conn *sqlite.Conn
	stop *alarm
}

// alarm ends what a connection is doing, once raised, until it gets a new one.
type alarm struct {
	once   sync.Once
	raised chan struct{}
}

func (a *alarm) raise() { a.once.Do(func() { close(a.raised) }) }

// OpenReaders opens an existing file for reading; size 0 takes twice the number of processors.
func OpenReaders(path string, size int) (*Readers, error) {
	if size == 0 {
		size = 2 * runtime.GOMAXPROCS(0)
	}
	r := &Readers{path: path, free: make(chan *reader, size)}
	r.closing, r.cancel = context.WithCancel(context.Background())
	r.closeAll = sync.OnceValue(r.collect)
	first := &reader{}
	if err := r.open(first); err != nil {
		return nil, err
	}
	r.free <- first
	for range size - 1 {
		r.free <- &reader{}
	}
	return r, nil
}

func (r *Readers) open(one *reader) error {
	conn, err := sqlite.OpenConn(r.path, sqlite.OpenReadOnly)
	if err == nil {
		conn.SetBusyTimeout(busyTimeout)
		err = sqlitex.ExecuteTransient(conn, "PRAGMA query_only = ON", nil)
	}
	if err != nil {
		if conn != nil {
			err = errors.Join(err, conn.Close())
		}
		return fmt.Errorf("open %s for reading: %w", r.path, err)
	}
	one.conn = conn
	one.rearm()
	return nil
}

// rearm gives the connection a new alarm, and resets the statements that still
// stand on a row.
func (one *reader) rearm() {
	one.stop = &alarm{raised: make(chan struct{})}
	one.conn.SetInterrupt(one.stop.raised)
}

// Read lends a connection to read. Statements stop when the context ends, and
// Read then returns the context's error. Keep it short: a long read transaction
// lets the WAL grow. The connection's interrupt belongs to the pool. After Close it
// returns an error that is eventlog.ErrStopped.
func (r *Readers) Read(ctx context.Context, read func(conn *sqlite.Conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := r.lend(ctx, read)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case r.closing.Err() != nil:
		return fmt.Errorf("%w: it is closed", eventlog.ErrStopped)
	case sqlite.ErrCode(err) == sqlite.ResultReadOnlyRollback:
		return cutShort(r.path, err)
	}
	return err
}

// ReadWhole is Read in one transaction, in which all is seen as of one moment.
func (r *Readers) ReadWhole(ctx context.Context, read func(conn *sqlite.Conn) error) error {
	return r.Read(ctx, func(conn *sqlite.Conn) (err error) {
		if err := execute(conn, "BEGIN"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, endRead(conn)) }()
		return read(conn)
	})
}

// endRead ends a read transaction, also one that SQLite ended itself or whose
// context is over: with the alarm raised nothing could be executed.
func endRead(conn *sqlite.Conn) error {
	defer conn.SetInterrupt(conn.SetInterrupt(nil))
	if conn.AutocommitEnabled() {
		return nil
	}
	return execute(conn, "ROLLBACK")
}

// lend takes the connection back in every case, and resets what read left
// standing on a row, as where it panics there.
func (r *Readers) lend(ctx context.Context, read func(*sqlite.Conn) error) (err error) {
	var one *reader
	select {
	case one = <-r.free:
	case <-ctx.Done():
		return ctx.Err()
	case <-r.closing.Done():
		return r.closing.Err()
	}
	defer func() { r.free <- one }()
	if err := r.closing.Err(); err != nil {
		return err
	}
	if one.conn == nil {
		if err := r.open(one); err != nil {
			return err
		}
	}
	ended, closed := context.AfterFunc(ctx, one.stop.raise), context.AfterFunc(r.closing, one.stop.raise)
	sound := false
	defer func() {
		quiet, open := ended(), closed()
		if !sound || !quiet || !open || one.conn.CheckReset() != "" {
			one.rearm()
		}
	}()
	err = read(one.conn)
	sound = err == nil
	return err
}

// Close interrupts the running reads, waits for them and closes the connections.
func (r *Readers) Close() error {
	r.cancel()
	return r.closeAll()
}

// collect closes each connection as it comes back.
func (r *Readers) collect() error {
	var errs error
	for range cap(r.free) {
		if one := <-r.free; one.conn != nil {
			errs = errors.Join(errs, one.conn.Close())
		}
	}
	return errs
}
