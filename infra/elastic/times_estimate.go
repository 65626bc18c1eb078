package elastic

import (
	"context"
	"math"

	"github.com/go-json-experiment/json"

	"hoso/domain/eventlog"
	"hoso/projections"
)

const (
	groupsAtOnce = 500 // of one request
	maxSteps     = 100 // kinds of them; the domain knows some 30
	// compression of the t-digest: the higher, the closer and the larger. At 300
	// a median fell two of a hundred ranks off where many steps took equally long.
	compression = 1000
)

// figures is what one group's aggregations answer.
type figures struct {
	Key                                                map[string]string `json:"key"`
	Received                                           int               `json:"doc_count"`
	Decided, DecidedLate, Delivered, DeliveredLate, On counted
	Steps                                              struct {
		Names struct {
			Buckets []struct {
				Key     string  `json:"key"`
				Count   int     `json:"doc_count"`
				Minutes percent `json:"minutes"`
				Seconds percent `json:"seconds"`
			} `json:"buckets"`
		} `json:"names"`
	} `json:"steps"`
}

type counted struct {
	Count int `json:"doc_count"`
}

type percent struct {
	Values map[string]float64 `json:"values"`
}

func (p percent) rounded() projections.Percentiles {
	at := func(key string) int64 { return int64(math.Round(p.Values[key])) }
	return projections.Percentiles{P50: at("50.0"), P90: at("90.0"), P99: at("99.0")}
}

// perGroup are the aggregations of one group.
func perGroup() obj {
	is := func(field string) obj { return obj{"filter": obj{"term": obj{field: true}}} }
	of := func(field string) obj {
		return obj{"percentiles": obj{"field": field, "percents": []float64{50, 90, 99}, "tdigest": obj{"compression": compression}}}
	}
	return obj{
		"Decided": is("decided"), "DecidedLate": is("decided_late"), "Delivered": is("delivered"), "DeliveredLate": is("delivered_late"), "On": is("open"),
		"steps": obj{"nested": obj{"path": "steps"}, "aggs": obj{
			"names": obj{
				"terms": obj{"field": "steps.step", "size": maxSteps, "order": obj{"_key": "asc"}},
				"aggs":  obj{"minutes": of("steps.minutes"), "seconds": of("steps.seconds")},
			},
		}},
	}
}

// estimate lets Elasticsearch reckon, some groups a request.
func (p *projection) estimate(ctx context.Context, query obj, by []string) (report projections.TimesReport, at eventlog.Position, err error) {
	report.Groups = []projections.TimesGroup{}
	var after map[string]string
	for first := true; first || after != nil; first = false {
		var found answer
		seen, err := p.ask(ctx, obj{"size": 0, "track_total_hits": true, "query": query, "aggs": aggregations(by, after)}, &found)
		if err != nil {
			return report, at, err
		}
		var said struct {
			Weekly counted `json:"weekly"`
			figures
			Groups struct {
				After   map[string]string `json:"after_key"`
				Buckets []figures         `json:"buckets"`
			} `json:"groups"`
		}
		if err := json.Unmarshal(found.Aggregations, &said); err != nil {
			return report, at, err
		}
		if first {
			at, report.WeeklyPatternOnly = seen, said.Weekly.Count
		}
		if len(by) == 0 {
			said.Received = found.Hits.Total.Value
			report.Groups = append(report.Groups, said.group())
			return report, at, nil
		}
		for _, f := range said.Groups.Buckets {
			report.Groups = append(report.Groups, f.group())
		}
		if after = said.Groups.After; len(said.Groups.Buckets) < groupsAtOnce {
			break
		}
	}
	return report, at, nil
}

func aggregations(by []string, after map[string]string) obj {
	all := obj{}
	if len(by) == 0 {
		all = perGroup()
	} else {
		sources := make([]obj, len(by))
		for i, name := range by {
			sources[i] = obj{name: obj{"terms": obj{"field": name}}}
		}
		groups := obj{"size": groupsAtOnce, "sources": sources}
		if after != nil {
			groups["after"] = after
		}
		all["groups"] = obj{"composite": groups, "aggs": perGroup()}
	}
	all["weekly"] = obj{"filter": obj{"term": obj{"weekly": true}}}
	return all
}

func (f *figures) group() projections.TimesGroup {
	g := projections.TimesGroup{
		By: f.Key, Received: f.Received, Decided: f.Decided.Count, DecidedLate: f.DecidedLate.Count,
		Delivered: f.Delivered.Count, DeliveredLate: f.DeliveredLate.Count, Open: f.On.Count, Steps: []projections.TimesStep{},
	}
	if g.By == nil {
		g.By = map[string]string{}
	}
	for _, s := range f.Steps.Names.Buckets {
		g.Steps = append(g.Steps, projections.TimesStep{
			Step: s.Key, Count: s.Count, WorkingMinutes: s.Minutes.rounded(), WallSeconds: s.Seconds.rounded(),
		})
	}
	return g
}
