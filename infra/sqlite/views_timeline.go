package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"

	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/projections"
)

// timelineTable keeps one row an event, a dossier's beside each other.
type timelineTable struct{}

func (timelineTable) format() int { return 1 }

func (timelineTable) schema() (tables, indexes string) {
	return `
CREATE TABLE entries (
  dossier     BLOB    NOT NULL,  -- 16 bytes of the UUID
  revision    INTEGER NOT NULL,
  position    TEXT    NOT NULL,
  type        TEXT    NOT NULL,
  at          TEXT    NOT NULL,  -- when it happened, UTC
  recorded_at TEXT    NOT NULL,
  role        TEXT    NOT NULL,  -- who did it
  agency      TEXT    NOT NULL,
  actor       TEXT    NOT NULL,
  detail_vi   TEXT    NOT NULL,
  detail_en   TEXT    NOT NULL,
  text        TEXT    NOT NULL,  -- personal: what people wrote
  erased      INTEGER NOT NULL,
  PRIMARY KEY (dossier, revision)
) WITHOUT ROWID;`, ""
}

func (timelineTable) stored(conn *sqlite.Conn, dossier uuid.UUID) (uint64, bool, error) {
	return storedRevision(conn, `SELECT max(revision) FROM entries WHERE dossier = ?`, dossier)
}

func (timelineTable) event(it *projections.Item) eventRow {
	dossier, e := it.Dossier, projections.EntryOf(it)
	return func(conn *sqlite.Conn) error { return insertEntry(conn, dossier, e) }
}

func insertEntry(conn *sqlite.Conn, dossier uuid.UUID, e projections.TimelineEntry) error {
	return run(conn, `INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, func(stmt *sqlite.Stmt) {
		stmt.BindBytes(1, dossier[:])
		stmt.BindInt64(2, int64(e.Revision))
		stmt.BindText(3, e.Position)
		stmt.BindText(4, e.Type)
		stmt.BindText(5, e.At.UTC().Format(time.RFC3339Nano))
		stmt.BindText(6, e.RecordedAt.UTC().Format(time.RFC3339Nano))
		stmt.BindText(7, string(e.By.Role))
		stmt.BindText(8, e.By.Agency)
		stmt.BindText(9, e.By.ID)
		stmt.BindText(10, e.DetailVI)
		stmt.BindText(11, e.DetailEN)
		stmt.BindText(12, e.Text)
		stmt.BindBool(13, e.Erased)
	})
}

func (timelineTable) put(*sqlite.Conn, *projections.Item) error { return nil }

func (timelineTable) forget(conn *sqlite.Conn, dossier uuid.UUID) error {
	return run(conn, `DELETE FROM entries WHERE dossier = ?`, func(stmt *sqlite.Stmt) { stmt.BindBytes(1, dossier[:]) })
}

// Timeline implements projections.Views.
func (v *Views) Timeline(ctx context.Context, dossier uuid.UUID) (entries []projections.TimelineEntry, err error) {
	err = v.read(ctx, projections.TimelineProjection, func(conn *sqlite.Conn, _ eventlog.Position) error {
		return each(conn, `
SELECT revision, position, type, at, recorded_at, role, agency, actor, detail_vi, detail_en, text, erased
FROM entries WHERE dossier = ? ORDER BY revision`,
			func(stmt *sqlite.Stmt) { stmt.BindBytes(1, dossier[:]) },
			func(stmt *sqlite.Stmt) error {
				e, err := columnEntry(stmt)
				entries = append(entries, e)
				return err
			})
	})
	return entries, err
}

func columnEntry(stmt *sqlite.Stmt) (e projections.TimelineEntry, err error) {
	e = projections.TimelineEntry{
		Revision: uint64(stmt.ColumnInt64(0)), Position: stmt.ColumnText(1), Type: stmt.ColumnText(2),
		By:       domain.Actor{Role: domain.Role(stmt.ColumnText(5)), Agency: stmt.ColumnText(6), ID: stmt.ColumnText(7)},
		DetailVI: stmt.ColumnText(8), DetailEN: stmt.ColumnText(9), Text: stmt.ColumnText(10), Erased: stmt.ColumnBool(11),
	}
	e.VI, e.EN = domain.Title(e.Type)
	if e.At, err = time.Parse(time.RFC3339Nano, stmt.ColumnText(3)); err != nil {
		return e, fmt.Errorf("timeline: %w", err)
	}
	if e.RecordedAt, err = time.Parse(time.RFC3339Nano, stmt.ColumnText(4)); err != nil {
		return e, fmt.Errorf("timeline: %w", err)
	}
	return e, nil
}
