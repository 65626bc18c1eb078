package sqlite

import (
	"bytes"
	"context"
	"slices"

	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"

	"hoso/domain/eventlog"
	"hoso/projections"
)

// timelineTable keeps one row a dossier with a line for each of its events.
type timelineTable struct{}

func (timelineTable) format() int { return 6 }

func (timelineTable) schema() (tables, indexes string) {
	return `
CREATE TABLE entries (
  dossier  BLOB    PRIMARY KEY,  -- 16 bytes of the UUID
  revision INTEGER NOT NULL,     -- of the dossier's newest event
  lines    TEXT    NOT NULL      -- its events in order, each a list in JSON after a comma: see projections.AppendEntry; the last text in each is personal: what people wrote
);`, ""
}

func (timelineTable) stored(conn *sqlite.Conn, dossier uuid.UUID) (uint64, bool, error) {
	return storedRevision(conn, `SELECT revision FROM entries WHERE dossier = ?`, dossier)
}

func (timelineTable) event(lines []byte, it *projections.Item) ([]byte, error) {
	return projections.AppendEntry(append(lines, ','), projections.EntryOf(it))
}

func (timelineTable) put(conn *sqlite.Conn, it *projections.Item, lines []byte) error {
	return run(conn, `
INSERT INTO entries VALUES (?1, ?2, ?3)
ON CONFLICT (dossier) DO UPDATE SET revision = ?2, lines = lines || ?3`, func(stmt *sqlite.Stmt) {
		stmt.BindBytes(1, it.Dossier[:])
		stmt.BindInt64(2, int64(it.Revision))
		bindText(stmt, 3, lines)
	})
}

func (timelineTable) forget(conn *sqlite.Conn, dossier uuid.UUID) error {
	return run(conn, `DELETE FROM entries WHERE dossier = ?`, func(stmt *sqlite.Stmt) { stmt.BindBytes(1, dossier[:]) })
}

// Timeline implements projections.Views.
func (v *Views) Timeline(ctx context.Context, dossier uuid.UUID) (entries []projections.TimelineEntry, err error) {
	err = v.read(ctx, projections.TimelineProjection, func(conn *sqlite.Conn, _ eventlog.Position) error {
		return each(conn, `SELECT lines FROM entries WHERE dossier = ?`,
			func(stmt *sqlite.Stmt) { stmt.BindBytes(1, dossier[:]) },
			func(stmt *sqlite.Stmt) (err error) {
				lines := bytes.TrimPrefix(columnBytes(stmt, 0), []byte(","))
				entries, err = projections.ReadEntries(slices.Concat([]byte("["), lines, []byte("]")))
				return err
			})
	})
	return entries, err
}
