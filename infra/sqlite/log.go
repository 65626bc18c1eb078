package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
)

// pollEvery is how often a log opened for reading looks for events of the writing process.
const pollEvery = 50 * time.Millisecond

var _ eventlog.Log = (*Log)(nil)

// LogOptions say how a log is written.
type LogOptions struct {
	// Relaxed acknowledges appends before they are on disk; they are durable after Sync or Close.
	// Only for generating data in bulk: a power cut meanwhile may leave a file that is refused as damaged.
	Relaxed bool
	// ID is given to a log that is made; Nil: a new one. One that is there must have it.
	ID uuid.UUID
}

// Log is the event log in one SQLite file, dir/log.db. Positions are 1, 2, 3 …
type Log struct {
	path    string
	id      uuid.UUID
	readers *Readers
	closing chan struct{}
	once    sync.Once
	closed  error

	writer   *Writer  // nil when opened for reading
	lock     *DirLock // nil when opened for reading
	warnings []string

	news    *news
	tail    tail
	written []eventlog.Recorded // by the running transaction; the writer's goroutine only
}

// LogFile is where a data folder's log lies.
func LogFile(dir string) string { return filepath.Join(dir, "log.db") }

// ID implements eventlog.Log.
func (l *Log) ID() uuid.UUID { return l.id }

// Warnings are sentences about what opening found and could live with.
func (l *Log) Warnings() []string { return l.warnings }

// Healthy tells why the log takes no appends (an error that is
// eventlog.ErrStopped or eventlog.ErrReadOnly), nil while it does.
func (l *Log) Healthy() error {
	if l.writer == nil {
		return eventlog.ErrReadOnly
	}
	return l.writer.Healthy()
}

// Sync makes every append acknowledged so far durable; see LogOptions.Relaxed.
func (l *Log) Sync(ctx context.Context) error {
	if l.writer == nil {
		return eventlog.ErrReadOnly
	}
	return l.writer.Sync(ctx)
}

// Close implements eventlog.Log: running appends are finished, subscriptions
// end with an error that is eventlog.ErrStopped.
func (l *Log) Close() error {
	l.once.Do(func() {
		close(l.closing)
		// Readers first: the last connection that closes, the writer's, then empties the WAL.
		if l.readers != nil {
			l.closed = l.readers.Close()
		}
		if l.writer != nil {
			l.closed = errors.Join(l.closed, l.writer.Close())
		}
		if l.lock != nil {
			l.closed = errors.Join(l.closed, l.lock.Release())
		}
	})
	return l.closed
}
