package viewtest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/projections"
	"hoso/projections/projtest"
)

// vn is a moment in January 2026, Viet Nam time.
func vn(day, hour, minute int) time.Time {
	return time.Date(2026, 1, day, hour-7, minute, 0, 0, time.UTC)
}

func submission(n int, owner string) domain.Submitted {
	sub := projtest.Submission(n)
	sub.Owner.Name = domain.About(sub.Owner.Subject, owner)
	return sub
}

func found(t *testing.T, s *Side, q projections.SearchQuery) (owners []string) {
	t.Helper()
	page, err := s.Views.Search(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range page.Hits {
		owners = append(owners, h.OwnerName)
	}
	return owners
}

func searchFoldsAndFilters(t *testing.T, e *engine) {
	w := NewWorld(t)
	people := []string{"Trần Minh Đức", "Nguyễn Thị Hoà", "Lê Đức Thọ", "Phạm Văn Ướt"}
	for i, name := range people {
		stream := projtest.Stream(projtest.ID("dossier", i))
		sub := submission(i, name)
		if i == 2 {
			sub.Receiving.Place = "H99.77"
		}
		w.Append(stream, vn(5+i, 8, 0), sub)
		w.Append(stream, vn(5+i, 8, 1), domain.Numbered{Code: fmt.Sprintf("H99.14-26010%d-000%d", 5+i, i+1), Agency: "H99.14"})
	}
	due := vn(20, 17, 0)
	w.Append(projtest.Stream(projtest.ID("dossier", 1)), vn(9, 9, 0), domain.Accepted{ProcedureVersion: "khai-sinh-1", Deadline: &domain.Deadline{Due: due, Calendar: projtest.Calendar().Version()}})
	s := e.caught(t, w)
	duc, hoa, tho, uot := people[0], people[1], people[2], people[3]
	for _, c := range []struct {
		about string
		q     projections.SearchQuery
		want  []string
	}{
		{"plain letters", projections.SearchQuery{Text: "duc"}, []string{tho, duc}},
		{"marks and case", projections.SearchQuery{Text: "  ĐỨC  "}, []string{tho, duc}},
		{"unfinished last word", projections.SearchQuery{Text: "minh du"}, []string{duc}},
		{"an unfinished word before the last", projections.SearchQuery{Text: "min duc"}, nil},
		{"horn and hook", projections.SearchQuery{Text: "uot"}, []string{uot}},
		{"other tone placement", projections.SearchQuery{Text: "Hòa"}, []string{hoa}},
		{"procedure's name", projections.SearchQuery{Text: "khai sinh"}, []string{uot, hoa}},
		{"code as written", projections.SearchQuery{Text: "H99.14-260106-0002"}, []string{hoa}},
		{"code as typed", projections.SearchQuery{Text: "h9914 260106 0002"}, []string{hoa}},
		{"last part of the code", projections.SearchQuery{Text: "0003"}, []string{tho}},
		{"operators of the engine", projections.SearchQuery{Text: `duc" OR "hoa`}, nil},
		{"a star", projections.SearchQuery{Text: "*"}, nil},
		{"status", projections.SearchQuery{Statuses: []domain.Status{domain.StatusAccepted}}, []string{hoa}},
		{"two statuses, oldest first", projections.SearchQuery{Statuses: []domain.Status{1, 2}, Sort: projections.SortSubmitted}, []string{duc, hoa, tho, uot}},
		{"agency that decides", projections.SearchQuery{Agencies: []string{"H99.02"}}, []string{uot, tho}},
		{"agency where the result is collected", projections.SearchQuery{Agencies: []string{"H99.77"}}, []string{tho}},
		{"no agency at all", projections.SearchQuery{Agencies: []string{""}}, nil},
		{"procedure", projections.SearchQuery{Procedure: "1.000656"}, []string{tho, duc}},
		{"submitted from is in, to is out", projections.SearchQuery{SubmittedFrom: vn(6, 8, 0), SubmittedTo: vn(8, 8, 0)}, []string{tho, hoa}},
		{"due dates leave out those without", projections.SearchQuery{DueFrom: vn(1, 8, 0)}, []string{hoa}},
		{"without due date last", projections.SearchQuery{Sort: projections.SortDue, Limit: 1}, []string{hoa}},
		{"text and filter", projections.SearchQuery{Text: "duc", Procedure: "1.000656", SubmittedFrom: vn(7, 0, 0)}, []string{tho}},
	} {
		if got := found(t, s, c.q); !slices.Equal(got, c.want) {
			t.Errorf("%s: found %q, want %q", c.about, got, c.want)
		}
	}
	for _, q := range []projections.SearchQuery{{Limit: -1}, {Limit: 201}} {
		if _, err := s.Views.Search(t.Context(), q); domain.CodeOf(err) != "bad_limit" {
			t.Errorf("limit %d answers %v", q.Limit, err)
		}
	}
	if _, err := s.Views.Search(t.Context(), projections.SearchQuery{Sort: "name"}); domain.CodeOf(err) != "bad_sort" {
		t.Errorf("an unknown sort answers %v", err)
	}
}

// cursorsAreStable pages through everything while dossiers come in.
func cursorsAreStable(t *testing.T, e *engine) {
	for _, sort := range []projections.Sort{projections.SortNewest, projections.SortSubmitted, projections.SortDue} {
		w := NewWorld(t)
		for n := range 25 {
			w.Append(projtest.Stream(projtest.ID("dossier", n)), vn(5+n/10, 8, 0), projtest.Submission(n)) // many at one moment
		}
		s := e.caught(t, w)
		seen := map[uuid.UUID]int{}
		q := projections.SearchQuery{Sort: sort, Limit: 4}
		for n := 100; ; n++ {
			page, err := s.Views.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range page.Hits {
				seen[h.ID]++
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
			w.Append(projtest.Stream(projtest.ID("dossier", n)), vn(1+n%30, 8, 0), projtest.Submission(n))
			s.CaughtUp()
		}
		for n := range 25 {
			if seen[projtest.ID("dossier", n)] != 1 {
				t.Errorf("%s: dossier %d was seen %d times", sort, n, seen[projtest.ID("dossier", n)])
			}
		}
		page, _ := s.Views.Search(t.Context(), projections.SearchQuery{Sort: sort, Limit: 4})
		for about, q := range map[string]projections.SearchQuery{
			"no base64":       {Sort: sort, Cursor: "%%"},
			"no cursor":       {Sort: sort, Cursor: "e30"},
			"another filter":  {Sort: sort, Cursor: page.Next, Text: "x"},
			"changed content": {Sort: sort, Cursor: page.Next[:len(page.Next)-4]},
		} {
			if _, err := s.Views.Search(t.Context(), q); !errors.Is(err, &domain.Error{Code: "bad_cursor"}) {
				t.Errorf("%s: %v", about, err)
			}
		}
	}
}

// positions: each answer tells how far it has seen.
func positions(t *testing.T, e *engine) {
	w := NewWorld(t)
	w.Lives(1, Start, 0, 5)
	s := e.caught(t, w)
	ctx, seen := t.Context(), map[string]string{}
	page := must(s.Views.Search(ctx, projections.SearchQuery{}))
	faceted := must(s.Views.Search(ctx, projections.SearchQuery{Facets: projections.Facets}))
	subject := must(s.Views.BySubject(ctx, page.Hits[0].OwnerSubject, 0, ""))
	queue := must(s.Views.Queue(ctx, projections.QueueQuery{Queue: projections.QueueUnit, Agency: "H99.14"}))
	seen["Search"], seen["Search with facets"], seen["BySubject"], seen["Queue"] = page.Position, faceted.Position, subject.Position, queue.Position
	seen["QueueCounts"] = must(s.Views.QueueCounts(ctx, projections.QueueQuery{Agency: "H99.14"})).Position
	seen["Times"] = must(s.Views.Times(ctx, projections.TimesQuery{})).Position
	head := must(w.Log.Head(ctx)).String()
	for what, at := range seen {
		if at != head {
			t.Errorf("%s has seen position %s of %s", what, at, head)
		}
	}
}
