package sqlite

import (
	"fmt"

	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"

	"hoso/domain/eventlog"
)

// checkTable walks the table: positions 1, 2, 3 …, readable rows, each in the index and behind its predecessor.
func checkTable(conn *sqlite.Conn) (*Damage, error) {
	rows, err := conn.Prepare("SELECT " + columns + ", typeof(position)||typeof(stream)||typeof(revision)||typeof(id)||typeof(type)||typeof(data)||typeof(meta) FROM events NOT INDEXED ORDER BY position")
	if err != nil {
		return orDamage(1, err)
	}
	defer rows.Reset()
	for at := uint64(1); ; at++ {
		found, err := rows.Step()
		if err != nil {
			return orDamage(at, err)
		}
		if !found {
			return nil, nil
		}
		if why, err := checkRow(conn, rows, at); err != nil {
			return orDamage(at, err)
		} else if why != "" {
			return &Damage{Position: at, Stream: rows.ColumnText(1), Revision: rows.ColumnInt64(2), Why: why}, nil
		}
	}
}

// checkRow says what is wrong with the row of the table, "" when nothing is.
func checkRow(conn *sqlite.Conn, row *sqlite.Stmt, at uint64) (why string, err error) {
	if got := row.ColumnInt64(0); got != int64(at) {
		return fmt.Sprintf("missing: the next event is at position %d", got), nil
	}
	if types := row.ColumnText(7); types != "integertextintegertexttextblobblob" {
		return "the columns have the types " + types, nil
	}
	e, err := recorded(row)
	if err != nil {
		return err.Error(), nil
	}
	if e.ID.String() != row.ColumnText(3) {
		return fmt.Sprintf("the event's id %q is not in its canonical form", row.ColumnText(3)), nil
	}
	if e.ID == uuid.Nil {
		return "the event has no id", nil
	}
	err = eventlog.CheckAppend(e.Stream, eventlog.NoStream, []eventlog.Proposed{{ID: e.ID, Type: e.Type, Data: e.Data, Meta: e.Meta}})
	if err != nil {
		return "no append could have written this: " + err.Error(), nil
	}
	revision := row.ColumnInt64(2)
	if revision < 0 {
		return fmt.Sprintf("the event has revision %d", revision), nil
	}
	own, err := indexed(conn, e.Stream, revision)
	if err != nil {
		return "", err
	}
	if own != int64(at) {
		return fmt.Sprintf("the index events_by_stream does not lead from stream %s revision %d to this event", e.Stream, e.Revision), nil
	}
	if e.Revision == 0 {
		return "", nil
	}
	before, err := indexed(conn, e.Stream, revision-1)
	if err != nil {
		return "", err
	}
	if before <= 0 || before >= int64(at) {
		return fmt.Sprintf("revision %d of stream %s does not stand before this event, which has revision %d", e.Revision-1, e.Stream, e.Revision), nil
	}
	return "", nil
}

// indexed gives the position that the index has for a revision, 0 for none.
func indexed(conn *sqlite.Conn, stream string, revision int64) (int64, error) {
	stmt, err := conn.Prepare("SELECT position FROM events INDEXED BY events_by_stream WHERE stream = ? AND revision = ?")
	if err != nil {
		return 0, err
	}
	defer stmt.Reset()
	stmt.BindText(1, stream)
	stmt.BindInt64(2, revision)
	if found, err := stmt.Step(); err != nil || !found {
		return 0, err
	}
	return stmt.ColumnInt64(0), nil
}

// checkIndex walks the index forwards and backwards: revisions 0, 1, 2 … in each stream, positions that rise
// with them, each entry in the table. An event's position names the damage where the entry still has one.
func checkIndex(conn *sqlite.Conn) (*Damage, error) {
	forward, err := walkIndex(conn, "", +1)
	if err != nil || forward != nil {
		return forward, err
	}
	return walkIndex(conn, " DESC", -1)
}

func walkIndex(conn *sqlite.Conn, direction string, step int64) (*Damage, error) {
	rows, err := conn.Prepare("SELECT stream, revision, position FROM events INDEXED BY events_by_stream ORDER BY stream" + direction + ", revision" + direction)
	if err != nil {
		return orDamage(0, err)
	}
	defer rows.Reset()
	var stream string
	var revision, position, entries int64
	for ; ; entries++ {
		found, err := rows.Step()
		if err != nil {
			return orDamage(uint64(position), err)
		}
		if !found {
			break
		}
		before, lastRevision, lastPosition := stream, revision, position
		stream, revision, position = rows.ColumnText(0), rows.ColumnInt64(1), rows.ColumnInt64(2)
		bad := func(why string, args ...any) (*Damage, error) {
			return &Damage{Position: uint64(max(position, 0)), Stream: stream, Revision: revision, Why: fmt.Sprintf(why, args...)}, nil
		}
		same := entries > 0 && stream == before
		if same && (revision != lastRevision+step || (position-lastPosition)*step <= 0) {
			return bad("in the index, stream %s goes from revision %d at position %d to revision %d at position %d", stream, lastRevision, lastPosition, revision, position)
		}
		if !same && step > 0 && revision != 0 {
			return bad("in the index, stream %s begins with revision %d", stream, revision)
		}
		inTable, err := atPosition(conn, position, stream, revision)
		if err != nil {
			return orDamage(uint64(max(position, 0)), err)
		}
		if !inTable {
			return bad("the index leads from stream %s revision %d to position %d, where the table has another event or none", stream, revision, position)
		}
	}
	head, err := readHead(conn)
	if err != nil {
		return orDamage(0, err)
	}
	if uint64(entries) != head.Commit {
		return &Damage{Why: fmt.Sprintf("the index has %d entries, the table %s", entries, head)}, nil
	}
	return nil, nil
}

func atPosition(conn *sqlite.Conn, position int64, stream string, revision int64) (bool, error) {
	stmt, err := conn.Prepare("SELECT stream, revision FROM events NOT INDEXED WHERE position = ?")
	if err != nil {
		return false, err
	}
	defer stmt.Reset()
	stmt.BindInt64(1, position)
	found, err := stmt.Step()
	return found && stmt.ColumnText(0) == stream && stmt.ColumnInt64(1) == revision, err
}
