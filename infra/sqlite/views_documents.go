package sqlite

import (
	"fmt"

	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"

	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/projections"
)

// viewsTables are those that every view's file has.
const viewsTables = `
CREATE TABLE checkpoint (             -- how far the documents have come; one row
  one             INTEGER PRIMARY KEY CHECK (one = 1),
  log             TEXT    NOT NULL,   -- the log's id
  resume_commit   INTEGER NOT NULL,   -- everything up to this position is in the documents
  resume_prepare  INTEGER NOT NULL,
  last_stream     TEXT    NOT NULL,   -- the newest event seen; '' before the first
  last_revision   INTEGER NOT NULL,
  last_commit     INTEGER NOT NULL,
  last_prepare    INTEGER NOT NULL,
  last_hash       BLOB    NOT NULL
);
CREATE TABLE parked (                 -- dossiers set aside: they cannot be folded, or an operator wants it so
  dossier  BLOB    PRIMARY KEY,
  revision INTEGER NOT NULL,          -- of the event that cannot be folded
  commit_  INTEGER NOT NULL,
  prepare  INTEGER NOT NULL,
  reason   TEXT    NOT NULL,
  by_hand  INTEGER NOT NULL           -- 1: by an operator
) WITHOUT ROWID;
`

// documents writes one projection's documents inside a transaction. Make it
// with newDocuments.
type documents struct {
	conn  *sqlite.Conn
	table docTable
	lines map[uuid.UUID][]byte    // of events, until their dossier's Put
	spare [][]byte                // room for lines
	set   *projections.Checkpoint // as last set
	purge bool
	hot   bool     // late look-ups are kept at hand: tell what changes
	keys  []string // under which changed dossiers are looked up
}

var _ projections.Documents = (*documents)(nil)

func newDocuments(conn *sqlite.Conn, table docTable) documents {
	return documents{conn: conn, table: table, lines: map[uuid.UUID][]byte{}}
}

func (d *documents) Checkpoint() (projections.Checkpoint, error) { return readCheckpoint(d.conn) }

func (d *documents) SetCheckpoint(c projections.Checkpoint) error {
	d.set = &c
	return run(d.conn, `INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)`, func(stmt *sqlite.Stmt) {
		stmt.BindText(1, c.Log.String())
		bindPosition(stmt, 2, c.Resume)
		stmt.BindText(4, c.Last.Stream)
		stmt.BindInt64(5, int64(c.Last.Revision))
		bindPosition(stmt, 6, c.Last.Position)
		stmt.BindBytes(8, c.Last.Hash[:])
	})
}

func (d *documents) Stored(dossier uuid.UUID) (uint64, bool, error) {
	return d.table.stored(d.conn, dossier)
}

func (d *documents) Append(it *projections.Item) error {
	lines, ok := d.lines[it.Dossier]
	if last := len(d.spare) - 1; !ok && last >= 0 {
		lines, d.spare = d.spare[last], d.spare[:last]
	}
	lines, err := d.table.event(lines, it)
	if err == nil && lines != nil {
		d.lines[it.Dossier] = lines
	}
	return err
}

func (d *documents) Put(it *projections.Item) error {
	if d.hot {
		d.keys = append(d.keys, domain.FoldCode(it.After.Code), domain.FoldCode(it.After.SourceID))
	}
	lines := d.lines[it.Dossier]
	if lines != nil {
		delete(d.lines, it.Dossier)
		d.spare = append(d.spare, lines[:0])
	}
	return d.table.put(d.conn, it, lines)
}

func (d *documents) Forget(dossier uuid.UUID) error {
	delete(d.lines, dossier)
	return d.table.forget(d.conn, dossier)
}

func (d *documents) Purge() { d.purge = true }

func (d *documents) Parked() ([]projections.Parked, error) { return readParked(d.conn) }

func (d *documents) Park(p projections.Parked) error {
	return run(d.conn, `INSERT OR REPLACE INTO parked VALUES (?, ?, ?, ?, ?, ?)`, func(stmt *sqlite.Stmt) {
		stmt.BindBytes(1, p.Dossier[:])
		stmt.BindInt64(2, int64(p.Revision))
		bindPosition(stmt, 3, p.Position)
		stmt.BindText(5, p.Reason)
		stmt.BindBool(6, p.ByHand)
	})
}

func (d *documents) Unpark(dossier uuid.UUID) error {
	return run(d.conn, `DELETE FROM parked WHERE dossier = ?`, func(stmt *sqlite.Stmt) { stmt.BindBytes(1, dossier[:]) })
}

func bindPosition(stmt *sqlite.Stmt, at int, p eventlog.Position) {
	stmt.BindInt64(at, int64(p.Commit))
	stmt.BindInt64(at+1, int64(p.Prepare))
}

func columnPosition(stmt *sqlite.Stmt, at int) eventlog.Position {
	return eventlog.Position{Commit: uint64(stmt.ColumnInt64(at)), Prepare: uint64(stmt.ColumnInt64(at + 1))}
}

func readCheckpoint(conn *sqlite.Conn) (c projections.Checkpoint, err error) {
	found := false
	err = each(conn, `SELECT log, resume_commit, resume_prepare, last_stream, last_revision, last_commit, last_prepare, last_hash FROM checkpoint`, nil,
		func(stmt *sqlite.Stmt) (err error) {
			found = true
			c.Log, err = uuid.Parse(stmt.ColumnText(0))
			c.Resume, c.Last.Position = columnPosition(stmt, 1), columnPosition(stmt, 5)
			c.Last.Stream, c.Last.Revision = stmt.ColumnText(3), uint64(stmt.ColumnInt64(4))
			stmt.ColumnBytes(7, c.Last.Hash[:])
			return err
		})
	if err == nil && !found {
		err = fmt.Errorf("the view has no checkpoint")
	}
	return c, err
}

func readParked(conn *sqlite.Conn) (parked []projections.Parked, err error) {
	err = each(conn, `SELECT dossier, revision, commit_, prepare, reason, by_hand FROM parked ORDER BY commit_, prepare`, nil, func(stmt *sqlite.Stmt) error {
		parked = append(parked, projections.Parked{
			Dossier: columnUUID(stmt, 0), Revision: uint64(stmt.ColumnInt64(1)), Position: columnPosition(stmt, 2), Reason: stmt.ColumnText(4), ByHand: stmt.ColumnBool(5),
		})
		return nil
	})
	return parked, err
}
