package elastic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"hoso/projections"
)

// timesDocs keeps a dossier's facts and its finished steps.
type timesDocs struct{}

// timesDoc is one of its documents.
type timesDoc struct {
	Procedure     string         `json:"procedure"`
	Agency        string         `json:"agency"`
	Month         string         `json:"month"`
	Submitted     int64          `json:"submitted_at"`
	Decided       bool           `json:"decided"`
	DecidedLate   bool           `json:"decided_late"`
	Delivered     bool           `json:"delivered"`
	DeliveredLate bool           `json:"delivered_late"`
	Open          bool           `json:"open"`
	Weekly        bool           `json:"weekly"` // of some step only weekends were left out
	Steps         jsontext.Value `json:"steps"`  // a list of stepDoc
}

type stepDoc struct {
	Step    string `json:"step"`
	Minutes int64  `json:"minutes"` // working
	Seconds int64  `json:"seconds"`
	Weekly  bool   `json:"weekly,omitzero"`
}

func (timesDocs) format() int { return 2 }

func (timesDocs) properties() obj {
	return obj{
		"procedure": keyword, "agency": keyword, "month": keyword, "submitted_at": number,
		"decided": truth, "decided_late": truth, "delivered": truth, "delivered_late": truth, "open": truth, "weekly": truth,
		"steps": obj{"type": "nested", "dynamic": false, "properties": obj{"step": keyword, "minutes": number, "seconds": number}},
	}
}

func (timesDocs) event(lines []byte, it *projections.Item) ([]byte, error) {
	s, ok := projections.StepOf(it)
	if !ok {
		return lines, nil
	}
	raw, err := json.Marshal(stepDoc{s.Step, s.WorkingMinutes, s.WallSeconds, s.WeeklyOnly})
	if err != nil {
		return nil, err
	}
	return append(comma(lines), raw...), nil
}

func (timesDocs) put(b *bulk, it *projections.Item, h *held) error {
	f := projections.FactsOf(it)
	doc := timesDoc{
		Procedure: f.Procedure, Agency: f.Agency, Month: f.Month, Submitted: f.Submitted,
		Decided: f.Decided, DecidedLate: f.DecidedLate, Delivered: f.Delivered, DeliveredLate: f.DeliveredLate,
		Open: f.Open, Weekly: bytes.Contains(h.lines, []byte(`"weekly":true`)), // step names hold no quotes
		Steps: slices.Concat([]byte("["), h.lines, []byte("]")),
	}
	raw, err := json.Marshal(&doc)
	if err != nil {
		return err
	}
	b.begin(it, it.Dossier.String(), int64(it.Revision)+1, h.anew)
	b.body = append(append(b.body, raw...), '\n')
	return nil
}

func (timesDocs) lines(raw []byte) ([]byte, error) {
	var doc timesDoc
	err := json.Unmarshal(raw, &doc)
	return list(doc.Steps), err
}

// Times implements projections.Views. Groups are in the order of their keys.
// All counts are exact. Percentiles are nearest-rank where at most 10,000
// dossiers are asked about. Beyond that Elasticsearch estimates them, and also
// reckons between two values: a p90 then lies between the value one place
// before the nearest-rank p89 and the one a place after p91. Error: bad_group.
func (v *Views) Times(ctx context.Context, q projections.TimesQuery) (report projections.TimesReport, err error) {
	if _, err := q.Tally(); err != nil {
		return report, err
	}
	p, err := v.projection(projections.TimesProjection)
	if err != nil {
		return report, err
	}
	query := timesFilter(q)
	var count answer
	at, err := p.ask(ctx, obj{"size": 0, "track_total_hits": v.opt.exactTimes + 1, "query": query}, &count)
	if err != nil {
		return report, fmt.Errorf("times: %w", err)
	}
	if count.Hits.Total.Value <= v.opt.exactTimes {
		report, at, err = p.count(ctx, query, q)
	}
	if count.Hits.Total.Value > v.opt.exactTimes || errors.Is(err, errTooMany) {
		report, at, err = p.estimate(ctx, query, q.By)
	}
	if err != nil {
		return report, fmt.Errorf("times: %w", err)
	}
	report.Position = at.String()
	return report, nil
}

// timesFilter are the dossiers that a query is about.
func timesFilter(q projections.TimesQuery) obj {
	which := []obj{{"exists": obj{"field": "submitted_at"}}}
	if q.Procedure != "" {
		which = append(which, obj{"term": obj{"procedure": q.Procedure}})
	}
	if len(q.Agencies) > 0 {
		which = append(which, obj{"terms": obj{"agency": q.Agencies}})
	}
	return obj{"bool": obj{"filter": within(which, "submitted_at", q.SubmittedFrom, q.SubmittedTo)}}
}
