package sqlite

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"

	"hoso/domain/eventlog"
)

// A page is what one short read transaction takes into memory.
const (
	pageEvents = 500
	pageBytes  = 4 << 20
)

const columns = "position, stream, revision, id, type, data, meta"

// ReadStream implements eventlog.Log. A gap in the revisions is an error: the file is damaged.
func (l *Log) ReadStream(ctx context.Context, stream string, from uint64) iter.Seq2[eventlog.Recorded, error] {
	return func(yield func(eventlog.Recorded, error) bool) {
		for next := from; next <= math.MaxInt64; {
			page, end, err := l.streamPage(ctx, stream, next)
			if err != nil {
				yield(eventlog.Recorded{}, err)
				return
			}
			for _, e := range page {
				if err := ctx.Err(); err != nil {
					yield(eventlog.Recorded{}, err)
					return
				}
				if e.Revision != next {
					yield(eventlog.Recorded{}, fmt.Errorf("the log is damaged: stream %s has no revision %d but %d", stream, next, e.Revision))
					return
				}
				if !yield(e, nil) {
					return
				}
				next++
			}
			if end {
				return
			}
		}
	}
}

func (l *Log) streamPage(ctx context.Context, stream string, from uint64) (page []eventlog.Recorded, end bool, err error) {
	err = l.readers.Read(ctx, func(conn *sqlite.Conn) error {
		stmt, err := conn.Prepare("SELECT " + columns + " FROM events WHERE stream = ? AND revision >= ? ORDER BY revision")
		if err != nil {
			return err
		}
		defer stmt.Reset()
		stmt.BindText(1, stream)
		stmt.BindInt64(2, int64(from))
		for size := 0; len(page) < pageEvents && size < pageBytes; {
			found, err := stmt.Step()
			if err != nil || !found {
				end = !found
				return err
			}
			e, err := recorded(stmt)
			if err != nil {
				return err
			}
			page = append(page, e)
			size += len(e.Data) + len(e.Meta)
		}
		return nil
	})
	return page, end, err
}

// Last implements eventlog.Log.
func (l *Log) Last(ctx context.Context, stream string) (last eventlog.Recorded, found bool, err error) {
	err = l.readers.Read(ctx, func(conn *sqlite.Conn) error {
		stmt, err := conn.Prepare("SELECT " + columns + " FROM events WHERE stream = ? ORDER BY revision DESC LIMIT 1")
		if err != nil {
			return err
		}
		defer stmt.Reset()
		stmt.BindText(1, stream)
		if found, err = stmt.Step(); err != nil || !found {
			return err
		}
		last, err = recorded(stmt)
		return err
	})
	if err != nil {
		return eventlog.Recorded{}, false, err
	}
	return last, found, nil
}

// Head implements eventlog.Log.
func (l *Log) Head(ctx context.Context) (head eventlog.Position, err error) {
	err = l.readers.Read(ctx, func(conn *sqlite.Conn) error {
		head, err = readHead(conn)
		return err
	})
	return head, err
}

func readHead(conn *sqlite.Conn) (eventlog.Position, error) {
	stmt, err := conn.Prepare("SELECT max(position) FROM events") // 0 for NULL: an empty log
	if err != nil {
		return eventlog.Position{}, err
	}
	defer stmt.Reset()
	if _, err := stmt.Step(); err != nil {
		return eventlog.Position{}, err
	}
	return position(stmt.ColumnInt64(0)), nil
}

// recorded copies the event of the current row; the columns are those of the constant.
func recorded(stmt *sqlite.Stmt) (eventlog.Recorded, error) {
	e := eventlog.Recorded{
		Position: position(stmt.ColumnInt64(0)),
		Stream:   stmt.ColumnText(1),
		Revision: uint64(stmt.ColumnInt64(2)),
		Type:     stmt.ColumnText(4),
	}
	var err error
	if e.ID, err = uuid.Parse(stmt.ColumnText(3)); err != nil {
		return eventlog.Recorded{}, fmt.Errorf("the log is damaged: the event at position %s has no readable id: %w", e.Position, err)
	}
	data, meta := stmt.ColumnLen(5), stmt.ColumnLen(6)
	both := make([]byte, data+meta)
	e.Data, e.Meta = both[:data:data], both[data:]
	stmt.ColumnBytes(5, e.Data)
	stmt.ColumnBytes(6, e.Meta)
	return e, nil
}
