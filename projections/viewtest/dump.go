package viewtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/projections"
	"hoso/projections/projtest"
)

// Dump asks the views for everything they know, a line an answer.
func (s *Side) Dump() string {
	s.t.Helper()
	var out strings.Builder
	tell := func(what string, answer any, err error) {
		s.t.Helper()
		if err != nil {
			s.t.Fatalf("%s: %v", what, err)
		}
		raw, err := json.Marshal(answer, json.Deterministic(true))
		if err != nil {
			s.t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s: %s\n", what, raw)
	}
	ctx, people := s.t.Context(), map[uuid.UUID]bool{}
	for _, id := range s.dossiers() {
		view, ok, err := s.Views.ByID(ctx, id)
		tell("id "+id.String(), view, err)
		for _, key := range []string{view.Code, view.SourceID} {
			if key = domain.FoldCode(key); key != "" {
				byKey, _, err := s.Views.ByCode(ctx, key)
				tell("key "+key, byKey, err)
			}
		}
		entries, err := s.Views.Timeline(ctx, id)
		tell("timeline "+id.String(), entries, err)
		if ok {
			people[view.OwnerSubject], people[view.SubmitterSubject] = true, true
		}
	}
	subjects := make([]uuid.UUID, 0, len(people))
	for id := range people {
		subjects = append(subjects, id)
	}
	slices.SortFunc(subjects, func(a, b uuid.UUID) int { return strings.Compare(a.String(), b.String()) })
	for _, subject := range subjects {
		page, err := s.Views.BySubject(ctx, subject, 0, "")
		tell("subject "+subject.String(), page.Hits, err)
	}
	for _, sort := range []projections.Sort{projections.SortNewest, projections.SortSubmitted, projections.SortDue} {
		for q := (projections.SearchQuery{Sort: sort, Limit: 200}); ; {
			page, err := s.Views.Search(ctx, q)
			tell(string(sort), page.Hits, err)
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
	}
	at := Start.AddDate(0, 0, 10)
	page, err := s.Views.Search(ctx, projections.SearchQuery{Limit: 1, Facets: projections.Facets, Now: at, Soon: at.AddDate(0, 0, 2)})
	tell("facets", page.Facets, err)
	for _, agency := range []string{"H99.14", "H99.02"} {
		for _, queue := range []projections.Queue{projections.QueueMine, projections.QueueUnit} {
			page, err := s.Views.Queue(ctx, projections.QueueQuery{Queue: queue, Agency: agency, Officer: "officer-2", Now: at, Limit: 200})
			tell(string(queue), page.Hits, err)
		}
		counts, err := s.Views.QueueCounts(ctx, projections.QueueQuery{Agency: agency, Unit: "Phòng Hộ tịch", Now: at, Soon: at.AddDate(0, 0, 2)})
		tell("queues", counts, err)
	}
	report, err := s.Views.Times(ctx, projections.TimesQuery{By: []string{"procedure", "agency", "month"}})
	tell("times", report, err)
	for _, name := range Names {
		g, why, err := s.Views.Store(name).Serving(ctx)
		if g == nil {
			s.t.Fatalf("%s serves nothing: %s, %v", name, why, err)
		}
		cp, err := g.Checkpoint(ctx)
		tell("checkpoint "+name, cp, err)
		parked, err := g.Parked(ctx)
		tell("parked "+name, parked, err)
	}
	return out.String()
}

// dossiers lists the log's, in the order of their first events.
func (s *Side) dossiers() (ids []uuid.UUID) {
	seen := map[uuid.UUID]bool{}
	for b, err := range s.w.Log.Subscribe(s.t.Context(), eventlog.Position{}, eventlog.Filter{}) {
		if err != nil {
			s.t.Fatal(err)
		}
		for _, r := range b.Events {
			if id, ok := domain.DossierIDOf(r.Stream); ok && !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
		if b.Live {
			break
		}
	}
	return ids
}

// Same fails with the first line that differs.
func Same(t testing.TB, what, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		a, b := "(nothing)", "(nothing)"
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			t.Fatalf("%s: %d and %d lines; line %d differs:\n%s\n%s", what, len(g), len(w), i, a, b)
		}
	}
}

// fresh is the dump of views built in one go.
func (e *engine) fresh(t *testing.T, w *projtest.World) string {
	t.Helper()
	s := e.started(t, w)
	defer s.Views.Close()
	s.CaughtUp()
	return s.Dump()
}
