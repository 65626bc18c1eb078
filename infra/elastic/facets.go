package elastic

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"hoso/projections"
)

// facetFields are what is counted for a facet.
var facetFields = map[projections.Facet]string{
	projections.FacetStatus:    "status",
	projections.FacetAgency:    "agencies",
	projections.FacetProcedure: "procedure",
	projections.FacetField:     "field",
	projections.FacetChannel:   "channel",
}

// maxPerShard is how many values of a facet each of several shards tells: with
// as many as there are, sums are exact. One shard alone always is.
const maxPerShard = 20_000

// pageWithFacets searches in one request. Filters that a facet pays no heed to
// are taken out of the query and hold for the hits alone; each facet puts the
// others' back.
func (p *projection) pageWithFacets(ctx context.Context, q projections.SearchQuery, plan projections.Plan, by order) (page projections.Page, err error) {
	base, aggregations := q, obj{}
	for _, facet := range q.Facets {
		base = base.Without(facet)
		one := obj{"filter": every(conditions(q.Without(facet), projections.Terms{}))}
		if facet == projections.FacetClock {
			states := obj{}
			for _, state := range projections.ClockStates {
				states[string(state)] = inState(state, q)
			}
			one["aggs"] = obj{"values": obj{"filters": obj{"filters": states}}}
		} else {
			terms := obj{"field": facetFields[facet], "size": projections.MaxFacetValues + 1, "order": []obj{{"_count": "desc"}, {"_key": "asc"}}}
			terms["shard_size"] = p.views.opt.perShard // the index may have more shards than this process would make
			one["aggs"] = obj{"values": obj{"terms": terms}}
		}
		aggregations[string(facet)] = one
	}
	page, raw, err := p.pageAnd(ctx, obj{
		"query": every(conditions(base, plan.Terms)), "post_filter": every(conditions(q, projections.Terms{})), "aggs": aggregations,
	}, by, plan.Limit, plan.After)
	if err != nil {
		return page, err
	}
	var said map[projections.Facet]struct {
		Values jsontext.Value `json:"values"`
	}
	if err := json.Unmarshal(raw, &said); err != nil {
		return page, err
	}
	for _, facet := range q.Facets {
		read := termsOf
		if facet == projections.FacetClock {
			read = statesOf
		}
		counts, err := read(facet, said[facet].Values)
		if err != nil {
			return page, err
		}
		page.Facets = append(page.Facets, counts.Capped())
	}
	return page, nil
}

// termsOf reads the values of a field, in order.
func termsOf(facet projections.Facet, raw jsontext.Value) (projections.FacetCounts, error) {
	counts := projections.FacetCounts{Facet: facet, Values: []projections.FacetValue{}}
	var values struct {
		Error   int `json:"doc_count_error_upper_bound"`
		Buckets []struct {
			Key   string `json:"key"`
			Count int    `json:"doc_count"`
		} `json:"buckets"`
	}
	if err := json.Unmarshal(raw, &values); err != nil {
		return counts, err
	}
	if values.Error != 0 {
		return counts, fmt.Errorf("elasticsearch counts %s only roughly: a shard has more values than it tells", facet)
	}
	for _, b := range values.Buckets {
		counts.Values = append(counts.Values, projections.FacetValue{Value: b.Key, Count: b.Count})
	}
	return counts, nil
}

// statesOf reads the states of the clock.
func statesOf(facet projections.Facet, raw jsontext.Value) (projections.FacetCounts, error) {
	var values struct {
		Buckets map[string]counted `json:"buckets"`
	}
	if err := json.Unmarshal(raw, &values); err != nil {
		return projections.FacetCounts{}, err
	}
	has := map[string]int{}
	for state, b := range values.Buckets {
		if b.Count > 0 {
			has[state] = b.Count
		}
	}
	return projections.CountsOf(facet, has), nil
}
