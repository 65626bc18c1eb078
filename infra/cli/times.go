package cli

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"hoso/projections"
)

type timesCmd struct {
	By        []string `help:"Group by any of procedure, agency, month (of submission)." placeholder:"procedure,agency,month"`
	Procedure string   `help:"Only this procedure." placeholder:"CODE"`
	Agency    []string `help:"Only dossiers that these agencies received or decide." placeholder:"CODE"`
	From      string   `help:"Only dossiers submitted from this day on." placeholder:"DATE"`
	To        string   `help:"Only dossiers submitted before this day." placeholder:"DATE"`
	JSON      bool     `help:"Answer as JSON." name:"json"`
}

// Help tells the fields of --json.
func (timesCmd) Help() string {
	return `A step runs from one event to the next and is named by the first. decided_late goes by dates, as settled at the decision; delivered_late by instants. Percentiles are by nearest rank.

--json gives {groups: [{by: {…}, received, decided, decided_late, delivered, delivered_late, open, steps: [{step, count, working_minutes: {p50, p90, p99}, wall_seconds: {p50, p90, p99}}]}], position, weekly_pattern_only}; one group unless --by. weekly_pattern_only counts dossiers some of whose minutes no calendar covers.`
}

// Run asks the view of processing times.
func (c *timesCmd) Run(a *app) (err error) {
	q := projections.TimesQuery{By: c.By, Procedure: c.Procedure, Agencies: c.Agency}
	for _, by := range c.By {
		if !slices.Contains([]string{"procedure", "agency", "month"}, by) {
			return badInput("--by %s is unknown: give any of procedure, agency, month", by)
		}
	}
	if q.SubmittedFrom, err = parseDay(c.From); err != nil {
		return err
	}
	if q.SubmittedTo, err = parseDay(c.To); err != nil {
		return err
	}
	r, err := a.openReading()
	if err != nil {
		return err
	}
	defer r.closing(&err)
	report, err := r.views.Times(a.ctx, q)
	if errors.Is(err, projections.ErrNotBuilt) {
		return failed("the view of processing times is not built yet: run hoso rebuild, or start hoso serve")
	}
	if err != nil {
		return err
	}
	if lag, err := r.lag(a.ctx, projections.TimesProjection); err != nil {
		return err
	} else if lag > 0 {
		a.tellf("hoso: these figures lack the newest %s events of the log; hoso rebuild, or a running hoso serve, brings them in", thousands(lag))
	}
	if c.JSON {
		return a.document(report)
	}
	for _, g := range report.Groups {
		a.printGroup(g)
	}
	if report.WeeklyPatternOnly > 0 {
		a.printf("%d dossiers were reckoned by the weekly pattern alone somewhere: no calendar reaches there.\n", report.WeeklyPatternOnly)
	}
	return nil
}

func (a *app) printGroup(g projections.TimesGroup) {
	var by []string
	for _, k := range slices.Sorted(maps.Keys(g.By)) {
		by = append(by, k+" "+g.By[k])
	}
	if len(by) > 0 {
		a.printf("%s\n", strings.Join(by, ", "))
	}
	a.printf("received %d, decided %d (late %d), delivered %d (late %d), open %d\n",
		g.Received, g.Decided, g.DecidedLate, g.Delivered, g.DeliveredLate, g.Open)
	a.printf("  %-26s %8s   %-26s %s\n", "step", "count", "working time p50/p90/p99", "elapsed p50/p90/p99")
	for _, s := range g.Steps {
		w, e := s.WorkingMinutes, s.WallSeconds
		a.printf("  %-26s %8d   %7s %8s %8s   %8s %8s %8s\n", s.Step, s.Count, hours(w.P50), hours(w.P90), hours(w.P99),
			elapsed(e.P50), elapsed(e.P90), elapsed(e.P99))
	}
	a.printf("\n")
}

// hours writes working minutes as 45m or 3h20m.
func hours(minutes int64) string {
	if minutes < 60 {
		return fmt.Sprintf("%dm", minutes)
	}
	return fmt.Sprintf("%dh%02dm", minutes/60, minutes%60)
}

// elapsed writes seconds as 45m, 3h20m or 5d04h.
func elapsed(seconds int64) string {
	if h := seconds / 3600; h >= 48 {
		return fmt.Sprintf("%dd%02dh", h/24, h%24)
	}
	return hours(seconds / 60)
}
