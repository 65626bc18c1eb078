package sqlite

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"

	"hoso/domain/eventlog"
	"hoso/projections"
)

// timesTable keeps one row a dossier: its facts and its finished steps.
type timesTable struct{}

func (timesTable) format() int { return 3 }

func (timesTable) schema() (tables, indexes string) {
	return `
CREATE TABLE dossiers (
  id             BLOB    PRIMARY KEY,  -- 16 bytes of the UUID
  revision       INTEGER NOT NULL,
  procedure      TEXT    NOT NULL,
  agency         TEXT    NOT NULL,     -- competent
  month          TEXT    NOT NULL,     -- of submission, Viet Nam time
  submitted_at   INTEGER NOT NULL,     -- microseconds since 1970
  decided        INTEGER NOT NULL,
  decided_late   INTEGER NOT NULL,     -- by dates
  delivered      INTEGER NOT NULL,
  delivered_late INTEGER NOT NULL,     -- by instants
  open           INTEGER NOT NULL,
  steps          TEXT    NOT NULL      -- the finished ones in order, a line each: revision and type of the event that began it, working minutes, wall seconds, 1 where only weekends were left out because no calendar reaches these days
) WITHOUT ROWID;`, ""
}

func (timesTable) stored(conn *sqlite.Conn, dossier uuid.UUID) (uint64, bool, error) {
	return storedRevision(conn, `SELECT revision FROM dossiers WHERE id = ?`, dossier)
}

func (timesTable) event(lines []byte, it *projections.Item) ([]byte, error) {
	s, ok := projections.StepOf(it)
	if !ok {
		return lines, nil
	}
	return appendStep(lines, s), nil
}

func (timesTable) put(conn *sqlite.Conn, it *projections.Item, lines []byte) error {
	f := projections.FactsOf(it)
	return run(conn, `
INSERT INTO dossiers VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (id) DO UPDATE SET revision = ?2, procedure = ?3, agency = ?4, month = ?5, submitted_at = ?6,
  decided = ?7, decided_late = ?8, delivered = ?9, delivered_late = ?10, open = ?11, steps = steps || ?12`, func(stmt *sqlite.Stmt) {
		stmt.BindBytes(1, it.Dossier[:])
		stmt.BindInt64(2, int64(it.Revision))
		stmt.BindText(3, f.Procedure)
		stmt.BindText(4, f.Agency)
		stmt.BindText(5, f.Month)
		stmt.BindInt64(6, f.Submitted)
		stmt.BindBool(7, f.Decided)
		stmt.BindBool(8, f.DecidedLate)
		stmt.BindBool(9, f.Delivered)
		stmt.BindBool(10, f.DeliveredLate)
		stmt.BindBool(11, f.Open)
		bindText(stmt, 12, lines)
	})
}

func (timesTable) forget(conn *sqlite.Conn, dossier uuid.UUID) error {
	return run(conn, `DELETE FROM dossiers WHERE id = ?`, func(stmt *sqlite.Stmt) { stmt.BindBytes(1, dossier[:]) })
}

// Times implements projections.Views. Groups are in the order of their keys.
// Error: bad_group.
func (v *Views) Times(ctx context.Context, q projections.TimesQuery) (report projections.TimesReport, err error) {
	tally, err := q.Tally()
	if err != nil {
		return report, err
	}
	where := &clauses{}
	if q.Procedure != "" {
		where.add("procedure = ?", q.Procedure)
	}
	if len(q.Agencies) > 0 {
		where.add("agency"+inList, jsonList(q.Agencies))
	}
	within(where, "submitted_at", q.SubmittedFrom, q.SubmittedTo)
	query := "SELECT procedure, agency, month, decided, decided_late, delivered, delivered_late, open, steps FROM dossiers WHERE " + where.all()
	var position string
	var steps []projections.StepTime
	err = v.read(ctx, projections.TimesProjection, func(conn *sqlite.Conn, at eventlog.Position) error {
		position = at.String()
		return each(conn, query, where.bind, func(stmt *sqlite.Stmt) error {
			steps = steps[:0]
			for line := range strings.Lines(stmt.ColumnText(8)) {
				s, err := readStep(line)
				if err != nil {
					return err
				}
				steps = append(steps, s)
			}
			tally.Add(projections.TimesFacts{
				Procedure: stmt.ColumnText(0), Agency: stmt.ColumnText(1), Month: stmt.ColumnText(2),
				Decided: stmt.ColumnBool(3), DecidedLate: stmt.ColumnBool(4), Delivered: stmt.ColumnBool(5), DeliveredLate: stmt.ColumnBool(6), Open: stmt.ColumnBool(7),
			}, steps)
			return nil
		})
	})
	if err != nil {
		return report, fmt.Errorf("times: %w", err)
	}
	report = tally.Report()
	report.Position = position
	return report, nil
}
