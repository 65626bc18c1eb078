package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/domain/eventlog"
)

// AppendRecorded appends events of another log as they are, in their order, all or
// none; of their positions nothing is kept. Each must follow the last event of its
// stream: else it is *eventlog.ConflictError. It is for copies: between streams
// one transaction is a promise that EventStoreDB cannot give.
func (l *Log) AppendRecorded(ctx context.Context, events []eventlog.Recorded) error {
	if l.writer == nil {
		return eventlog.ErrReadOnly
	}
	for _, e := range events {
		if err := eventlog.CheckAppend(e.Stream, eventlog.NoStream, proposedOf(e)); err != nil {
			return err
		}
	}
	return l.writer.DoWhole(ctx, func(conn *sqlite.Conn) error {
		for _, e := range events {
			at, err := lastRevision(conn, e.Stream)
			if err == nil && uint64(at+1) != e.Revision {
				err = &eventlog.ConflictError{Stream: e.Stream, Expected: eventlog.Expected(e.Revision) - 1, Actual: at}
			}
			if err == nil {
				_, err = l.insert(conn, e.Stream, at, proposedOf(e))
			}
			if err != nil {
				clear(l.written)
				l.written = l.written[:0]
				return err
			}
		}
		return nil
	})
}

func proposedOf(e eventlog.Recorded) []eventlog.Proposed {
	return []eventlog.Proposed{{ID: e.ID, Type: e.Type, Data: e.Data, Meta: e.Meta}}
}

// Settle makes a file that nobody has open a plain one, without a write-ahead log,
// which can be read from where nothing can be written, and puts it on disk.
func Settle(path string) error {
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	conn.SetBusyTimeout(busyTimeout)
	err = sqlitex.ExecuteTransient(conn, "PRAGMA journal_mode = DELETE", nil)
	if err := errors.Join(err, conn.Close()); err != nil {
		return err
	}
	return errors.Join(syncFile(path), syncDir(filepath.Dir(path)))
}

// Rename moves a file to another name, also across a power cut.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return errors.Join(syncDir(filepath.Dir(to)), syncDir(filepath.Dir(from)))
}

// WriteFile writes a whole file (mode 0600) or nothing, also across a power cut.
func WriteFile(path string, text []byte) error {
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return Rename(path+".new", path)
}
