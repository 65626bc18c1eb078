package elastic

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"

	"hoso/projections"
	"hoso/projections/viewtest"
)

func (p *pair) times(rnd *rand.Rand, all []projections.DossierView) {
	p.Helper()
	by := []string{"procedure", "agency", "month"}
	rnd.Shuffle(3, func(i, j int) { by[i], by[j] = by[j], by[i] })
	q := projections.TimesQuery{By: by[:rnd.IntN(4)]}
	one := all[rnd.IntN(len(all))]
	if rnd.IntN(3) == 0 {
		q.Procedure = one.Procedure
	}
	if rnd.IntN(3) == 0 {
		q.Agencies = []string{one.Competent, all[rnd.IntN(len(all))].Agency}
	}
	if rnd.IntN(2) == 0 {
		q.SubmittedFrom = one.SubmittedAt
	}
	if rnd.IntN(2) == 0 {
		q.SubmittedTo = all[rnd.IntN(len(all))].SubmittedAt
	}
	what, ctx := fmt.Sprintf("times %+v", q), p.Context()
	want, err := p.lite.Times(ctx, q)
	if err != nil {
		p.Fatal(err)
	}
	es := p.es.(*Views)
	if received(want) <= es.opt.exactTimes {
		p.both(what, func(v viewtest.Views) (any, error) { return v.Times(ctx, q) })
	}

	// The same by Elasticsearch's own reckoning.
	limit := es.opt.exactTimes
	es.opt.exactTimes = 0
	estimated, err := es.Times(ctx, q)
	es.opt.exactTimes = limit
	if err != nil {
		p.Fatal(err)
	}
	values := map[string][2][]int64{}
	err = es.values(ctx, q, simFrom.AddDate(-1, 0, 0), simTo.AddDate(1, 0, 0), values)
	if err != nil {
		p.Fatal(err)
	}
	for _, one := range values {
		slices.Sort(one[0])
		slices.Sort(one[1])
	}
	p.within(what, estimated, want, values)
}

// within holds an estimate against the exact figures: counts equal, each
// percentile within one of a hundred ranks and one place.
func (p *pair) within(what string, got, want projections.TimesReport, steps map[string][2][]int64) {
	p.Helper()
	for g := range got.Groups {
		for s := range got.Groups[g].Steps {
			step := &got.Groups[g].Steps[s]
			values, ok := steps[groupKey(got.Groups[g].By)+step.Step]
			if !ok {
				p.Errorf("%s: there is no step %s of %v", what, step.Step, got.Groups[g].By)
				continue
			}
			for i, has := range []*projections.Percentiles{&step.WorkingMinutes, &step.WallSeconds} {
				for rank, v := range map[int]int64{50: has.P50, 90: has.P90, 99: has.P99} {
					if low, high := nearest(values[i], rank-1, -1), nearest(values[i], rank+1, 1); v < low || v > high {
						p.Errorf("%s: p%d of %s is estimated as %d; want %d to %d, of %d values", what, rank, step.Step, v, low, high, len(values[i]))
					}
				}
				*has = projections.Percentiles{}
			}
		}
	}
	for g := range want.Groups {
		for s := range want.Groups[g].Steps {
			want.Groups[g].Steps[s].WorkingMinutes, want.Groups[g].Steps[s].WallSeconds = projections.Percentiles{}, projections.Percentiles{}
		}
	}
	if !reflect.DeepEqual(got, want) {
		p.Errorf("%s: the estimate counts otherwise:\n%+v\n%+v", what, got, want)
	}
}

// nearest is the value some places off the nearest rank.
func nearest(sorted []int64, percent, places int) int64 {
	return sorted[max(0, min((percent*len(sorted)+99)/100-1+places, len(sorted)-1))]
}

func groupKey(by map[string]string) string {
	return fmt.Sprint(by["procedure"], "|", by["agency"], "|", by["month"], "|")
}

// values gathers the values of each step, by group, of the dossiers submitted
// between two moments; of half as long a time where there are too many at once.
func (v *Views) values(ctx context.Context, q projections.TimesQuery, from, to time.Time, into map[string][2][]int64) error {
	filter := obj{"bool": obj{"filter": within([]obj{timesFilter(q)}, "submitted_at", from, to)}}
	tally, _, err := v.all[3].gather(ctx, filter, q)
	if errors.Is(err, errTooMany) {
		middle := from.Add(to.Sub(from) / 2)
		return errors.Join(v.values(ctx, q, from, middle, into), v.values(ctx, q, middle, to, into))
	}
	if err != nil {
		return err
	}
	tally.Values(func(by map[string]string, step string, minutes, seconds []int64) {
		key := groupKey(by) + step
		has := into[key]
		into[key] = [2][]int64{append(has[0], minutes...), append(has[1], seconds...)}
	})
	return nil
}

func received(r projections.TimesReport) (all int) {
	for _, g := range r.Groups {
		all += g.Received
	}
	return all
}
