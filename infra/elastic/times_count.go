package elastic

import (
	"context"
	"errors"

	"github.com/go-json-experiment/json"

	"hoso/domain/eventlog"
	"hoso/projections"
)

// maxExact is how many dossiers are read one by one for their figures: what one
// page of Elasticsearch holds.
const maxExact = 10_000

var errTooMany = errors.New("more dossiers than are read one by one")

// count reads every dossier of a query. Error: errTooMany.
func (p *projection) count(ctx context.Context, query obj, q projections.TimesQuery) (report projections.TimesReport, at eventlog.Position, err error) {
	tally, at, err := p.gather(ctx, query, q)
	if err != nil {
		return report, at, err
	}
	return tally.Report(), at, nil
}

// gather counts the dossiers of a query one by one.
func (p *projection) gather(ctx context.Context, query obj, q projections.TimesQuery) (tally *projections.Tally, at eventlog.Position, err error) {
	if tally, err = q.Tally(); err != nil {
		return nil, at, err
	}
	limit := p.views.opt.exactTimes
	var found answer
	at, err = p.ask(ctx, obj{"size": limit, "track_total_hits": limit + 1, "query": query, "sort": []string{"_doc"}}, &found)
	if err != nil {
		return nil, at, err
	}
	if found.Hits.Total.Value > limit {
		return nil, at, errTooMany
	}
	for _, h := range found.Hits.Hits {
		var doc timesDoc
		if err := json.Unmarshal(h.Source, &doc); err != nil {
			return nil, at, err
		}
		if err := doc.addTo(tally); err != nil {
			return nil, at, err
		}
	}
	return tally, at, nil
}

func (doc *timesDoc) addTo(tally *projections.Tally) error {
	var steps []stepDoc
	if err := json.Unmarshal(doc.Steps, &steps); err != nil {
		return err
	}
	taken := make([]projections.StepTime, len(steps))
	for i, s := range steps {
		taken[i] = projections.StepTime{Step: s.Step, WorkingMinutes: s.Minutes, WallSeconds: s.Seconds, WeeklyOnly: s.Weekly}
	}
	tally.Add(projections.TimesFacts{
		Procedure: doc.Procedure, Agency: doc.Agency, Month: doc.Month, Decided: doc.Decided, DecidedLate: doc.DecidedLate,
		Delivered: doc.Delivered, DeliveredLate: doc.DeliveredLate, Open: doc.Open,
	}, taken)
	return nil
}
