package sqlite

import (
	"bytes"
	"context"

	"zombiezen.com/go/sqlite"

	"hoso/domain/eventlog"
)

// Append implements eventlog.Log. Beside the port's errors it returns
// eventlog.ErrReadOnly, and eventlog.ErrStopped with the cause after a failed commit.
func (l *Log) Append(ctx context.Context, stream string, at eventlog.Expected, events []eventlog.Proposed) (eventlog.Appended, error) {
	if l.writer == nil {
		return eventlog.Appended{}, eventlog.ErrReadOnly
	}
	if err := eventlog.CheckAppend(stream, at, events); err != nil {
		return eventlog.Appended{}, err
	}
	var done eventlog.Appended
	err := l.writer.DoChecked(ctx, func(conn *sqlite.Conn) (err error) {
		done, err = l.append(conn, stream, at, events)
		return err
	})
	if err != nil {
		return eventlog.Appended{}, err
	}
	return done, nil
}

// append runs in the writer's transaction: it sees the appends before it in the
// same group, and refuses before it changes anything.
func (l *Log) append(conn *sqlite.Conn, stream string, at eventlog.Expected, events []eventlog.Proposed) (eventlog.Appended, error) {
	last, err := lastRevision(conn, stream)
	if err != nil {
		return eventlog.Appended{}, err
	}
	if last == at {
		return l.insert(conn, stream, at, events)
	}
	if last >= at+eventlog.Expected(len(events)) {
		done, same, err := repeated(conn, stream, at, events)
		if same || err != nil {
			return done, err
		}
	}
	return eventlog.Appended{}, &eventlog.ConflictError{Stream: stream, Expected: at, Actual: last}
}

func (l *Log) insert(conn *sqlite.Conn, stream string, at eventlog.Expected, events []eventlog.Proposed) (eventlog.Appended, error) {
	revision := at
	for _, e := range events {
		stmt, err := conn.Prepare("INSERT INTO events (stream, revision, id, type, data, meta) VALUES (?, ?, ?, ?, ?, ?)")
		if err != nil {
			return eventlog.Appended{}, err
		}
		revision++
		stmt.BindText(1, stream)
		stmt.BindInt64(2, int64(revision))
		stmt.BindText(3, e.ID.String())
		stmt.BindText(4, e.Type)
		stmt.BindBytes(5, e.Data)
		stmt.BindBytes(6, e.Meta)
		if _, err := stmt.Step(); err != nil {
			return eventlog.Appended{}, err
		}
		l.written = append(l.written, eventlog.Recorded{
			ID: e.ID, Stream: stream, Revision: uint64(revision), Position: position(conn.LastInsertRowID()),
			Type: e.Type, Data: bytes.Clone(e.Data), Meta: bytes.Clone(e.Meta), // the caller may use its own again
		})
	}
	return eventlog.Appended{Revision: uint64(revision), Position: position(conn.LastInsertRowID())}, nil
}

// repeated tells whether the events already stand behind the expected revision, and then where the last does.
func repeated(conn *sqlite.Conn, stream string, at eventlog.Expected, events []eventlog.Proposed) (eventlog.Appended, bool, error) {
	stmt, err := conn.Prepare("SELECT position, id FROM events WHERE stream = ? AND revision > ? ORDER BY revision")
	if err != nil {
		return eventlog.Appended{}, false, err
	}
	defer stmt.Reset()
	stmt.BindText(1, stream)
	stmt.BindInt64(2, int64(at))
	var done eventlog.Appended
	for i, e := range events {
		found, err := stmt.Step()
		if err != nil {
			return eventlog.Appended{}, false, err
		}
		if !found || stmt.ColumnText(1) != e.ID.String() {
			return eventlog.Appended{}, false, nil
		}
		done = eventlog.Appended{Revision: uint64(int64(at) + int64(i) + 1), Position: position(stmt.ColumnInt64(0))}
	}
	return done, true, nil
}

func lastRevision(conn *sqlite.Conn, stream string) (eventlog.Expected, error) {
	stmt, err := conn.Prepare("SELECT revision FROM events WHERE stream = ? ORDER BY revision DESC LIMIT 1")
	if err != nil {
		return 0, err
	}
	defer stmt.Reset()
	stmt.BindText(1, stream)
	found, err := stmt.Step()
	if err != nil {
		return 0, err
	}
	if !found {
		return eventlog.NoStream, nil
	}
	return eventlog.Expected(stmt.ColumnInt64(0)), nil
}

func position(n int64) eventlog.Position {
	return eventlog.Position{Commit: uint64(n), Prepare: uint64(n)}
}

// announce tells the subscriptions what was written; the writer calls it after each commit.
func (l *Log) announce() {
	if len(l.written) == 0 {
		return
	}
	l.tail.push(l.written)
	clear(l.written)
	l.written = l.written[:0]
	l.news.publish()
}
