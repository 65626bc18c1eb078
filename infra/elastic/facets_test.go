package elastic

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"hoso/projections"
	"hoso/projections/projtest"
	"hoso/projections/viewtest"
)

// TestFacetsOfSeveralShards: sums over shards are as exact as one shard's.
func TestFacetsOfSeveralShards(t *testing.T) {
	open := opener(newPrefix(t), server(t), func(o *Options) { o.Shards = 3 })
	viewtest.Run(t, open, "facets", "facets with many values", "queues")
}

// TestInexactFacetsAreRefused: three shards that each leave out some of their
// values cannot be summed up, and no wrong count is given.
func TestInexactFacetsAreRefused(t *testing.T) {
	w := viewtest.NewWorld(t)
	for n := range 240 {
		sub := projtest.Submission(n)
		sub.Competent = fmt.Sprintf("H98.%03d", n%200)
		w.Append(projtest.Stream(projtest.ID("dossier", n)), viewtest.Start.Add(time.Duration(n)*time.Minute), sub)
	}
	s := viewtest.Started(t, w, "p", opener(newPrefix(t), server(t), func(o *Options) { o.Shards, o.perShard = 3, projections.MaxFacetValues+1 }))
	s.CaughtUp()
	_, err := s.Views.Search(t.Context(), projections.SearchQuery{Facets: []projections.Facet{projections.FacetAgency}})
	if err == nil || !strings.Contains(err.Error(), "counts agency only roughly") {
		t.Errorf("the counts of three shards that tell only some: %v", err)
	}
	if _, err := s.Views.Search(t.Context(), projections.SearchQuery{Facets: []projections.Facet{projections.FacetProcedure}}); err != nil {
		t.Errorf("few values: %v", err)
	}
}
