package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"

	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/projections"
)

// timelineTable keeps one row a dossier with a line for each of its events.
type timelineTable struct{}

func (timelineTable) format() int { return 4 }

func (timelineTable) schema() (tables, indexes string) {
	return `
CREATE TABLE entries (
  dossier  BLOB    PRIMARY KEY,  -- 16 bytes of the UUID
  revision INTEGER NOT NULL,     -- of the dossier's newest event
  lines    TEXT    NOT NULL      -- its events in order, each a line of JSON; "text" is personal: what people wrote
);`, ""
}

func (timelineTable) stored(conn *sqlite.Conn, dossier uuid.UUID) (uint64, bool, error) {
	return storedRevision(conn, `SELECT revision FROM entries WHERE dossier = ?`, dossier)
}

func (timelineTable) event(lines []byte, it *projections.Item) ([]byte, error) {
	return appendEntry(lines, projections.EntryOf(it))
}

// appendEntry writes an entry as JSON without its titles, which are the
// program's; it is read back by the tags of TimelineEntry. Written by hand
// because a rebuild does it for every event of the log.
func appendEntry(b []byte, e projections.TimelineEntry) ([]byte, error) {
	b = strconv.AppendUint(append(b, `{"revision":`...), e.Revision, 10)
	b = append(b, `,"position":"`...)
	b = append(append(b, e.Position...), `","at":"`...)
	b = append(e.At.UTC().AppendFormat(b, time.RFC3339Nano), `","recorded_at":"`...)
	b = append(e.RecordedAt.UTC().AppendFormat(b, time.RFC3339Nano), '"')
	for _, member := range [...]struct{ name, value string }{
		{`,"type":`, e.Type}, {`,"by":{"role":`, string(e.By.Role)}, {`,"agency":`, e.By.Agency}, {`,"id":`, e.By.ID},
		{`},"detail_vi":`, e.DetailVI}, {`,"detail_en":`, e.DetailEN}, {`,"text":`, e.Text},
	} {
		var err error
		if b, err = jsontext.AppendQuote(append(b, member.name...), member.value); err != nil {
			return nil, fmt.Errorf("timeline: %w", err)
		}
	}
	if e.Erased {
		b = append(b, `,"erased":true`...)
	}
	return append(b, "}\n"...), nil
}

func (timelineTable) put(conn *sqlite.Conn, it *projections.Item, lines []byte) error {
	return run(conn, `
INSERT INTO entries VALUES (?1, ?2, ?3)
ON CONFLICT (dossier) DO UPDATE SET revision = ?2, lines = lines || ?3`, func(stmt *sqlite.Stmt) {
		stmt.BindBytes(1, it.Dossier[:])
		stmt.BindInt64(2, int64(it.Revision))
		stmt.BindText(3, string(lines))
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
				entries, err = readEntries(columnBytes(stmt, 0))
				return err
			})
	})
	return entries, err
}

func readEntries(lines []byte) (entries []projections.TimelineEntry, err error) {
	for line := range bytes.Lines(lines) {
		var e projections.TimelineEntry
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("timeline: %w", err)
		}
		e.VI, e.EN = domain.Title(e.Type)
		entries = append(entries, e)
	}
	return entries, nil
}
