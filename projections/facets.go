package projections

import (
	"maps"
	"slices"

	"hoso/domain"
)

// Facet is something that a search's dossiers are counted by.
type Facet string

// The facets. Each has a filter of SearchQuery that narrows by it.
const (
	FacetStatus    Facet = "status"    // the status's number
	FacetAgency    Facet = "agency"    // a dossier counts with each agency it concerns, once
	FacetProcedure Facet = "procedure" // code
	FacetField     Facet = "field"     // lĩnh vực
	FacetChannel   Facet = "channel"
	FacetClock     Facet = "clock" // a ClockState, at the query's Now
)

// Facets are all there are.
var Facets = []Facet{FacetStatus, FacetAgency, FacetProcedure, FacetField, FacetChannel, FacetClock}

// MaxFacetValues is how many values of a facet an answer names.
const MaxFacetValues = 50

// FacetCounts are a facet's values. The rule: a value's count is how many
// dossiers the search would find with this value alone as the facet's filter,
// all else being as asked. So a facet pays no heed to its own filter, and one
// sees what another choice would give; counts are exact, always.
type FacetCounts struct {
	Facet  Facet        `json:"facet"`
	Values []FacetValue `json:"values"` // at most MaxFacetValues, the most frequent first, then by value
	More   bool         `json:"more"`   // there are further values
}

// FacetValue is one value that occurs, never the empty one.
type FacetValue struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

var errBadFacet error = &domain.Error{Code: "bad_facet",
	VI: "Chỉ đếm được theo status, agency, procedure, field, channel hoặc clock, mỗi thứ một lần.",
	EN: "Dossiers can be counted by status, agency, procedure, field, channel and clock, each once."}

// Without is the query without the filter that belongs to a facet.
func (q SearchQuery) Without(f Facet) SearchQuery {
	switch f {
	case FacetStatus:
		q.Statuses = nil
	case FacetAgency:
		q.Agencies = nil
	case FacetProcedure:
		q.Procedure = ""
	case FacetField:
		q.Field = ""
	case FacetChannel:
		q.Channel = ""
	case FacetClock:
		q.Clocks = nil
	}
	return q
}

// CountsOf puts what was counted in order.
func CountsOf(f Facet, counted map[string]int) FacetCounts {
	delete(counted, "")
	out := FacetCounts{Facet: f, Values: []FacetValue{}}
	for _, value := range slices.Sorted(maps.Keys(counted)) {
		out.Values = append(out.Values, FacetValue{value, counted[value]})
	}
	slices.SortStableFunc(out.Values, func(a, b FacetValue) int { return b.Count - a.Count })
	return out.Capped()
}

// Capped names no more values than an answer may.
func (c FacetCounts) Capped() FacetCounts {
	if len(c.Values) > MaxFacetValues {
		c.Values, c.More = c.Values[:MaxFacetValues], true
	}
	return c
}

// Concerned are the agencies that a dossier concerns, each once.
func Concerned(agencies ...string) (all []string) {
	for i, a := range agencies {
		if a != "" && !slices.Contains(agencies[:i], a) {
			all = append(all, a)
		}
	}
	return all
}
