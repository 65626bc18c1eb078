package sqlite

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/domain/eventlog"
)

// Readers is a small pool of connections that read one SQLite file, beside a
// Writer in this or another process. Safe for concurrent use.
type Readers struct {
	pool   *sqlitex.Pool
	mu     sync.Mutex
	closed bool
}

// OpenReaders opens an existing file for reading; size 0 takes twice the number of processors.
func OpenReaders(path string, size int) (*Readers, error) {
	if size == 0 {
		size = 2 * runtime.GOMAXPROCS(0)
	}
	pool, err := sqlitex.NewPool(path, sqlitex.PoolOptions{
		Flags:    sqlite.OpenReadOnly,
		PoolSize: size,
		PrepareConn: func(conn *sqlite.Conn) error {
			conn.SetBusyTimeout(busyTimeout)
			return sqlitex.ExecuteTransient(conn, "PRAGMA query_only = ON", nil)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("open %s for reading: %w", path, err)
	}
	return &Readers{pool: pool}, nil
}

// Read lends a connection to read. Statements stop when the context ends, and
// Read then returns the context's error. Keep it short, and reset every
// statement: a long read transaction lets the WAL grow. After Close it returns an
// error that is eventlog.ErrStopped.
func (r *Readers) Read(ctx context.Context, read func(conn *sqlite.Conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.isClosed() {
		return fmt.Errorf("%w: it is closed", eventlog.ErrStopped)
	}
	conn, err := r.pool.Take(ctx)
	if err == nil {
		err = r.lend(conn, read)
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case r.isClosed():
		return fmt.Errorf("%w: it is closed", eventlog.ErrStopped)
	}
	return err
}

// lend gives the connection back in every case, also when read panics in the middle of a row.
func (r *Readers) lend(conn *sqlite.Conn, read func(*sqlite.Conn) error) error {
	defer func() {
		conn.SetInterrupt(nil) // resets statements that still stand on a row
		r.pool.Put(conn)
	}()
	return read(conn)
}

func (r *Readers) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// Close interrupts the running reads, waits for them and closes the connections.
func (r *Readers) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	// Running reads ask isClosed only after they gave their connection back.
	return r.pool.Close()
}
