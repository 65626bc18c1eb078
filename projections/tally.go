package projections

import (
	"maps"
	"slices"
	"strings"

	"hoso/domain"
)

// errBadGroup refuses a TimesQuery.
var errBadGroup error = &domain.Error{Code: "bad_group",
	VI: "Chỉ nhóm được theo procedure, agency hoặc month, mỗi thứ một lần.",
	EN: "Figures can be grouped by procedure, agency and month, each once."}

// groupKeys are what dossiers can be grouped by.
var groupKeys = map[string]func(*TimesFacts) string{
	"procedure": func(f *TimesFacts) string { return f.Procedure },
	"agency":    func(f *TimesFacts) string { return f.Agency },
	"month":     func(f *TimesFacts) string { return f.Month },
}

// Tally gathers the figures of dossiers, one after the other.
type Tally struct {
	by     []string
	groups map[string]*tallied
	weekly int // dossiers with a step that no calendar reaches
}

type tallied struct {
	figures          TimesGroup
	minutes, seconds map[string][]int64 // by step
}

// Tally begins the figures that a query asks for. Error: bad_group.
func (q TimesQuery) Tally() (*Tally, error) {
	for i, by := range q.By {
		if groupKeys[by] == nil || slices.Contains(q.By[:i], by) {
			return nil, errBadGroup
		}
	}
	t := &Tally{by: q.By, groups: map[string]*tallied{}}
	if len(q.By) == 0 {
		t.group(&TimesFacts{})
	}
	return t, nil
}

func (t *Tally) group(f *TimesFacts) *tallied {
	keys := make([]string, len(t.by))
	for i, by := range t.by {
		keys[i] = groupKeys[by](f)
	}
	key := strings.Join(keys, "\x00")
	g, ok := t.groups[key]
	if !ok {
		g = &tallied{figures: TimesGroup{By: map[string]string{}}, minutes: map[string][]int64{}, seconds: map[string][]int64{}}
		for i, by := range t.by {
			g.figures.By[by] = keys[i]
		}
		t.groups[key] = g
	}
	return g
}

// Add counts a dossier and its finished steps, which it does not keep.
func (t *Tally) Add(f TimesFacts, steps []StepTime) {
	g := t.group(&f)
	g.figures.Received++
	for _, one := range []struct {
		is  bool
		sum *int
	}{
		{f.Decided, &g.figures.Decided}, {f.DecidedLate, &g.figures.DecidedLate}, {f.Delivered, &g.figures.Delivered},
		{f.DeliveredLate, &g.figures.DeliveredLate}, {f.Open, &g.figures.Open},
	} {
		if one.is {
			*one.sum++
		}
	}
	for _, s := range steps {
		g.minutes[s.Step] = append(g.minutes[s.Step], s.WorkingMinutes)
		g.seconds[s.Step] = append(g.seconds[s.Step], s.WallSeconds)
	}
	if slices.ContainsFunc(steps, func(s StepTime) bool { return s.WeeklyOnly }) {
		t.weekly++
	}
}

// Report gives the figures, groups in the order of their keys. Its position is
// for the engine to fill in.
func (t *Tally) Report() TimesReport {
	report := TimesReport{Groups: []TimesGroup{}, WeeklyPatternOnly: t.weekly}
	for _, key := range slices.Sorted(maps.Keys(t.groups)) {
		g := t.groups[key]
		figures := g.figures
		figures.Steps = []TimesStep{}
		for _, step := range slices.Sorted(maps.Keys(g.minutes)) {
			figures.Steps = append(figures.Steps, TimesStep{
				Step: step, Count: len(g.minutes[step]),
				WorkingMinutes: NearestRank(g.minutes[step]), WallSeconds: NearestRank(g.seconds[step]),
			})
		}
		report.Groups = append(report.Groups, figures)
	}
	return report
}

// Values calls do with all values of each group's steps, in no order.
func (t *Tally) Values(do func(by map[string]string, step string, minutes, seconds []int64)) {
	for _, g := range t.groups {
		for step, minutes := range g.minutes {
			do(g.figures.By, step, minutes, g.seconds[step])
		}
	}
}
