package sqlite

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"

	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/projections"
)

// timesTable keeps one row of facts a dossier and one row a finished step.
type timesTable struct{}

func (timesTable) format() int { return 1 }

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
  open           INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE steps (
  dossier         BLOB    NOT NULL,
  revision        INTEGER NOT NULL,    -- of the event that began it
  step            TEXT    NOT NULL,    -- that event's type
  working_minutes INTEGER NOT NULL,
  wall_seconds    INTEGER NOT NULL,
  weekly_only     INTEGER NOT NULL,    -- 1: no calendar reaches these days, only weekends were left out
  PRIMARY KEY (dossier, revision)
) WITHOUT ROWID;`, ""
}

func (timesTable) stored(conn *sqlite.Conn, dossier uuid.UUID) (uint64, bool, error) {
	return storedRevision(conn, `SELECT revision FROM dossiers WHERE id = ?`, dossier)
}

func (timesTable) event(it *projections.Item) eventRow {
	s, ok := projections.StepOf(it)
	if !ok {
		return nil
	}
	dossier := it.Dossier
	return func(conn *sqlite.Conn) error { return insertStep(conn, dossier, s) }
}

func insertStep(conn *sqlite.Conn, dossier uuid.UUID, s projections.StepTime) error {
	return run(conn, `INSERT INTO steps VALUES (?, ?, ?, ?, ?, ?)`, func(stmt *sqlite.Stmt) {
		stmt.BindBytes(1, dossier[:])
		stmt.BindInt64(2, int64(s.Revision))
		stmt.BindText(3, s.Step)
		stmt.BindInt64(4, s.WorkingMinutes)
		stmt.BindInt64(5, s.WallSeconds)
		stmt.BindBool(6, s.WeeklyOnly)
	})
}

func (timesTable) put(conn *sqlite.Conn, it *projections.Item) error {
	f := projections.FactsOf(it)
	return run(conn, `INSERT OR REPLACE INTO dossiers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, func(stmt *sqlite.Stmt) {
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
	})
}

func (timesTable) forget(conn *sqlite.Conn, dossier uuid.UUID) error {
	for _, statement := range []string{`DELETE FROM steps WHERE dossier = ?`, `DELETE FROM dossiers WHERE id = ?`} {
		if err := run(conn, statement, func(stmt *sqlite.Stmt) { stmt.BindBytes(1, dossier[:]) }); err != nil {
			return err
		}
	}
	return nil
}

var errBadGroup = &domain.Error{Code: "bad_group",
	VI: "Chỉ nhóm được theo procedure, agency hoặc month, mỗi thứ một lần.",
	EN: "Figures can be grouped by procedure, agency and month, each once."}

// Times implements projections.Views. Groups are in the order of their keys.
// Error: bad_group.
func (v *Views) Times(ctx context.Context, q projections.TimesQuery) (report projections.TimesReport, err error) {
	columns := map[string]int{"procedure": 1, "agency": 2, "month": 3}
	for i, by := range q.By {
		if columns[by] == 0 || slices.Contains(q.By[:i], by) {
			return report, errBadGroup
		}
	}
	t := tally{groups: map[string]*group{}, of: map[uuid.UUID]*group{}, weekly: map[uuid.UUID]bool{}}
	if len(q.By) == 0 {
		t.group(nil, nil)
	}
	err = v.read(ctx, projections.TimesProjection, func(conn *sqlite.Conn, at eventlog.Position) error {
		report.Position = at.String()
		where := &clauses{sql: []string{"1"}}
		if q.Procedure != "" {
			where.add("procedure = ?", q.Procedure)
		}
		if len(q.Agencies) > 0 {
			where.add("agency IN (SELECT value FROM json_each(?))", jsonList(q.Agencies))
		}
		within(where, "submitted_at", q.SubmittedFrom, q.SubmittedTo)
		err := each(conn, "SELECT id, procedure, agency, month, decided, decided_late, delivered, delivered_late, open FROM dossiers WHERE "+
			strings.Join(where.sql, " AND "), where.bind, func(stmt *sqlite.Stmt) error {
			keys := make([]string, len(q.By))
			for i, by := range q.By {
				keys[i] = stmt.ColumnText(columns[by])
			}
			t.count(stmt, t.group(q.By, keys))
			return nil
		})
		if err != nil {
			return err
		}
		return each(conn, "SELECT dossier, step, working_minutes, wall_seconds, weekly_only FROM steps", nil, t.step)
	})
	if err != nil {
		return report, fmt.Errorf("times: %w", err)
	}
	report.Groups, report.WeeklyPatternOnly = t.report(), len(t.weekly)
	return report, nil
}

// tally gathers the figures in one scan of the dossiers and one of the steps.
type tally struct {
	groups map[string]*group
	of     map[uuid.UUID]*group
	weekly map[uuid.UUID]bool
}

type group struct {
	figures projections.TimesGroup
	minutes map[string][]int64
	seconds map[string][]int64
}

func (t *tally) group(by, keys []string) *group {
	key := strings.Join(keys, "\x00")
	g, ok := t.groups[key]
	if !ok {
		g = &group{minutes: map[string][]int64{}, seconds: map[string][]int64{}}
		g.figures.By = map[string]string{}
		for i := range by {
			g.figures.By[by[i]] = keys[i]
		}
		t.groups[key] = g
	}
	return g
}

func (t *tally) count(stmt *sqlite.Stmt, g *group) {
	t.of[columnUUID(stmt, 0)] = g
	f := &g.figures
	f.Received++
	for i, figure := range []*int{&f.Decided, &f.DecidedLate, &f.Delivered, &f.DeliveredLate, &f.Open} {
		*figure += stmt.ColumnInt(4 + i)
	}
}

func (t *tally) step(stmt *sqlite.Stmt) error {
	id := columnUUID(stmt, 0)
	g, ok := t.of[id]
	if !ok {
		return nil // not asked for
	}
	name := stmt.ColumnText(1)
	g.minutes[name] = append(g.minutes[name], stmt.ColumnInt64(2))
	g.seconds[name] = append(g.seconds[name], stmt.ColumnInt64(3))
	if stmt.ColumnBool(4) {
		t.weekly[id] = true
	}
	return nil
}

func (t *tally) report() []projections.TimesGroup {
	out := []projections.TimesGroup{}
	for _, key := range slices.Sorted(maps.Keys(t.groups)) {
		g := t.groups[key]
		g.figures.Steps = []projections.TimesStep{}
		for _, step := range slices.Sorted(maps.Keys(g.minutes)) {
			g.figures.Steps = append(g.figures.Steps, projections.TimesStep{
				Step: step, Count: len(g.minutes[step]),
				WorkingMinutes: projections.NearestRank(g.minutes[step]), WallSeconds: projections.NearestRank(g.seconds[step]),
			})
		}
		out = append(out, g.figures)
	}
	return out
}
