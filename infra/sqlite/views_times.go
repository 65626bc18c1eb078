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

// timesTable keeps one row a dossier: its facts and its finished steps.
type timesTable struct{}

func (timesTable) format() int { return 2 }

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
		stmt.BindText(12, string(lines))
	})
}

func (timesTable) forget(conn *sqlite.Conn, dossier uuid.UUID) error {
	return run(conn, `DELETE FROM dossiers WHERE id = ?`, func(stmt *sqlite.Stmt) { stmt.BindBytes(1, dossier[:]) })
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
	t := tally{groups: map[string]*group{}}
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
		return each(conn, "SELECT steps, procedure, agency, month, decided, decided_late, delivered, delivered_late, open FROM dossiers WHERE "+
			strings.Join(where.sql, " AND "), where.bind, func(stmt *sqlite.Stmt) error {
			keys := make([]string, len(q.By))
			for i, by := range q.By {
				keys[i] = stmt.ColumnText(columns[by])
			}
			return t.count(stmt, t.group(q.By, keys))
		})
	})
	if err != nil {
		return report, fmt.Errorf("times: %w", err)
	}
	report.Groups, report.WeeklyPatternOnly = t.report(), t.weekly
	return report, nil
}

// tally gathers the figures in one scan of the dossiers.
type tally struct {
	groups map[string]*group
	weekly int // dossiers with a step that no calendar reaches
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

func (t *tally) count(stmt *sqlite.Stmt, g *group) error {
	f := &g.figures
	f.Received++
	for i, figure := range []*int{&f.Decided, &f.DecidedLate, &f.Delivered, &f.DeliveredLate, &f.Open} {
		*figure += stmt.ColumnInt(4 + i)
	}
	weekly := 0
	for line := range strings.Lines(stmt.ColumnText(0)) {
		s, err := readStep(line)
		if err != nil {
			return err
		}
		g.minutes[s.Step] = append(g.minutes[s.Step], s.WorkingMinutes)
		g.seconds[s.Step] = append(g.seconds[s.Step], s.WallSeconds)
		if s.WeeklyOnly {
			weekly = 1
		}
	}
	t.weekly += weekly
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
