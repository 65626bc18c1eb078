package elastic

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"hoso/domain/eventlog"
	"hoso/projections"
)

// maxExact is how many dossiers are read one by one for their figures: what one
// page of Elasticsearch holds.
const maxExact = 10_000

var errTooMany = errors.New("more dossiers than are read one by one")

// count reads every dossier of a query. Error: errTooMany.
func (p *projection) count(ctx context.Context, query obj, by []string) (report projections.TimesReport, at eventlog.Position, err error) {
	groups, weekly, at, err := p.gather(ctx, query, by)
	if err != nil {
		return report, at, err
	}
	report.Groups, report.WeeklyPatternOnly = []projections.TimesGroup{}, weekly
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		report.Groups = append(report.Groups, groups[key].figures())
	}
	return report, at, nil
}

// gather sorts the dossiers of a query into groups; weekly counts those of
// which some step was reckoned by the weekly pattern alone.
func (p *projection) gather(ctx context.Context, query obj, by []string) (groups map[string]*group, weekly int, at eventlog.Position, err error) {
	limit := p.views.opt.exactTimes
	var found answer
	at, err = p.ask(ctx, obj{"size": limit, "track_total_hits": limit + 1, "query": query, "sort": []string{"_doc"}}, &found)
	if err != nil {
		return nil, 0, at, err
	}
	if found.Hits.Total.Value > limit {
		return nil, 0, at, errTooMany
	}
	groups = map[string]*group{}
	if len(by) == 0 {
		groups[""] = newGroup()
	}
	for _, h := range found.Hits.Hits {
		var doc timesDoc
		if err := json.Unmarshal(h.Source, &doc); err != nil {
			return nil, 0, at, err
		}
		if doc.Weekly {
			weekly++
		}
		if err := groupOf(groups, by, &doc).add(&doc); err != nil {
			return nil, 0, at, err
		}
	}
	return groups, weekly, at, nil
}

// group gathers the figures of one group of dossiers.
type group struct {
	projections.TimesGroup
	minutes, seconds map[string][]int64 // by step
}

func newGroup() *group {
	g := &group{minutes: map[string][]int64{}, seconds: map[string][]int64{}}
	g.By = map[string]string{}
	return g
}

func groupOf(groups map[string]*group, by []string, doc *timesDoc) *group {
	values := map[string]string{"procedure": doc.Procedure, "agency": doc.Agency, "month": doc.Month}
	keys := make([]string, len(by))
	for i, name := range by {
		keys[i] = values[name]
	}
	key := strings.Join(keys, "\x00")
	g, ok := groups[key]
	if !ok {
		g = newGroup()
		for i, name := range by {
			g.By[name] = keys[i]
		}
		groups[key] = g
	}
	return g
}

func (g *group) add(doc *timesDoc) error {
	g.Received++
	for _, one := range []struct {
		is  bool
		sum *int
	}{
		{doc.Decided, &g.Decided}, {doc.DecidedLate, &g.DecidedLate},
		{doc.Delivered, &g.Delivered}, {doc.DeliveredLate, &g.DeliveredLate}, {doc.Open, &g.Open},
	} {
		if one.is {
			*one.sum++
		}
	}
	var steps []stepDoc
	err := json.Unmarshal(doc.Steps, &steps)
	for _, s := range steps {
		g.minutes[s.Step] = append(g.minutes[s.Step], s.Minutes)
		g.seconds[s.Step] = append(g.seconds[s.Step], s.Seconds)
	}
	return err
}

func (g *group) figures() projections.TimesGroup {
	g.Steps = []projections.TimesStep{}
	for _, step := range slices.Sorted(maps.Keys(g.minutes)) {
		g.Steps = append(g.Steps, projections.TimesStep{
			Step: step, Count: len(g.minutes[step]),
			WorkingMinutes: projections.NearestRank(g.minutes[step]), WallSeconds: projections.NearestRank(g.seconds[step]),
		})
	}
	return g.TimesGroup
}
