package elastic

import (
	"context"

	"github.com/go-json-experiment/json"

	"hoso/projections"
)

// Queue implements projections.Views. What was written in the last second may
// be missing, as in Search.
func (v *Views) Queue(ctx context.Context, q projections.QueueQuery) (page projections.Page, err error) {
	limit, after, bounds, err := q.Plan()
	if err != nil {
		return page, err
	}
	p, err := v.projection(projections.SearchProjection)
	if err != nil {
		return page, err
	}
	return p.page(ctx, obj{"query": every(inQueue(bounds))}, order{"deadline", "asc"}, limit, after)
}

// QueueCounts implements projections.Views, in one search.
func (v *Views) QueueCounts(ctx context.Context, q projections.QueueQuery) (out projections.QueueCounts, err error) {
	p, err := v.projection(projections.SearchProjection)
	if err != nil {
		return out, err
	}
	filters := obj{}
	for _, queue := range projections.Queues {
		bounds, err := q.Bounds(queue)
		if err != nil {
			return out, err
		}
		filters[string(queue)] = every(inQueue(bounds))
	}
	var found answer
	at, err := p.ask(ctx, obj{
		"size": 0, "track_total_hits": false, "query": obj{"term": obj{"current": q.Agency}},
		"aggs": obj{"queues": obj{"filters": obj{"filters": filters}}},
	}, &found)
	if err != nil {
		return out, err
	}
	var said struct {
		Queues struct {
			Buckets map[projections.Queue]counted `json:"buckets"`
		} `json:"queues"`
	}
	if err := json.Unmarshal(found.Aggregations, &said); err != nil {
		return out, err
	}
	out.Position, out.Counts = at.String(), map[projections.Queue]int{}
	for _, queue := range projections.Queues {
		out.Counts[queue] = said.Queues.Buckets[queue].Count
	}
	return out, nil
}

func inQueue(b projections.QueueBounds) []obj {
	all := []obj{{"term": obj{"current": b.Agency}}, {"range": obj{"deadline": obj{"gte": b.From, "lte": b.To}}}}
	if b.Unit != "" {
		all = append(all, obj{"term": obj{"unit": b.Unit}})
	}
	if b.Officer != "" {
		all = append(all, obj{"term": obj{"assignee": b.Officer}})
	}
	return all
}
