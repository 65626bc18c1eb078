package viewtest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"hoso/domain"
	"hoso/domain/calendar"
	"hoso/projections"
	"hoso/projections/projtest"
)

// desk makes a log of nine dossiers, one in each situation that facets and
// queues tell apart, as of 14 January 2026, 08:00:
//
//	0 submitted, no due date, land     5 decided, was late
//	1 accepted, due 13th               6 waits for a supplement, was due 12th
//	2 assigned to officer-2, due 14th  7 assigned to officer-2, unit Hộ tịch, due 15th
//	3 due 30th, in another agency      8 assigned to officer-2, waits for payment, due 20th
//	4 refused
func desk(t *testing.T) *projtest.World {
	w := NewWorld(t)
	from, _ := calendar.ParseDate("2025-01-01")
	w.Append("procedure-2.000635", Start.Add(-time.Hour), domain.ProcedurePublished{Version: "dat-1",
		Procedure: domain.Procedure{Code: "2.000635", Name: "Đăng ký đất", Field: "Đất đai, nhà ở", EffectiveFrom: from}})
	accepted := func(day, hour int) domain.Accepted {
		return domain.Accepted{ReceivedAt: vn(6, 8, 0), Deadline: &domain.Deadline{Due: vn(day, hour, 0), Calendar: projtest.Calendar().Version()}}
	}
	mine := domain.Routed{Agency: "H99.14", Assignee: "officer-2"}
	unit := mine
	unit.Unit = "Hộ tịch"
	for n, events := range [][]domain.Event{
		{},
		{accepted(13, 17)},
		{accepted(14, 17), mine},
		{accepted(30, 17), domain.Routed{Agency: "H99.02", Unit: "Hộ tịch", Assignee: "officer-2"}},
		{domain.Refused{LegalBasis: "Điều 1"}},
		{accepted(7, 17), mine, domain.Decided{Outcome: domain.Granted, Late: true}},
		{accepted(12, 17), domain.ReturnedForSupplement{Stage: domain.AtAppraisal, Missing: []string{"Tờ khai"}}},
		{accepted(15, 17), unit},
		{accepted(20, 17), mine, domain.PaymentRequested{Obligation: "LP", Amount: 8000, Currency: "VND", Waits: true}},
	} {
		sub := projtest.Submission(n)
		switch n {
		case 0:
			sub.Procedure = "2.000635"
		case 1:
			sub.Channel, sub.Receiving.Place = domain.Direct, "H99.02"
		}
		stream := projtest.Stream(projtest.ID("dossier", n))
		w.Append(stream, vn(5, 8, n), sub)
		if len(events) > 0 {
			w.Append(stream, vn(13, 8, n), events...)
		}
	}
	return w
}

var now, soon = vn(14, 8, 0), vn(16, 8, 0)

// written puts a facet's counts in a line.
func written(counts projections.FacetCounts) string {
	var out []string
	for _, v := range counts.Values {
		out = append(out, v.Value+"="+strconv.Itoa(v.Count))
	}
	return strings.Join(out, " ")
}

// facets holds counts against those made by hand, and each against its rule:
// what the search finds with the value as the facet's only filter.
func facets(t *testing.T, e *engine) {
	s := e.caught(t, desk(t))
	for about, c := range map[string]struct {
		change func(*projections.SearchQuery)
		want   string // status, agency, procedure, field, channel, clock
	}{
		"no filter": {func(*projections.SearchQuery) {},
			"4=3 1=1 2=1 3=1 5=1 6=1 9=1 | H99.14=9 H99.02=5 | 1.000656=4 1.001193=4 2.000635=1 | Hộ tịch=8 Đất đai, nhà ở=1 | online=8 direct=1 | due_soon=2 ended=2 paused=2 in_time=1 no_limit=1 overdue=1"},
		"a status": {func(q *projections.SearchQuery) { q.Statuses = []domain.Status{domain.StatusProcessing} },
			"4=3 1=1 2=1 3=1 5=1 6=1 9=1 | H99.02=3 H99.14=3 | 1.001193=2 1.000656=1 | Hộ tịch=3 | online=3 | due_soon=2 in_time=1"},
		"an agency as a filter": {func(q *projections.SearchQuery) { q.Agencies = []string{"H99.02"} },
			"4=3 2=1 5=1 | H99.14=9 H99.02=5 | 1.001193=3 1.000656=2 | Hộ tịch=5 | online=4 direct=1 | due_soon=2 in_time=1 overdue=1 paused=1"},
		"an agency as a bound": {func(q *projections.SearchQuery) { q.Within = "H99.02" },
			"4=3 2=1 5=1 | H99.02=5 H99.14=5 | 1.001193=3 1.000656=2 | Hộ tịch=5 | online=4 direct=1 | due_soon=2 in_time=1 overdue=1 paused=1"},
		"a bound and a filter": {func(q *projections.SearchQuery) { q.Within, q.Agencies = "H99.02", []string{"H99.14"} },
			"4=3 2=1 5=1 | H99.02=5 H99.14=5 | 1.001193=3 1.000656=2 | Hộ tịch=5 | online=4 direct=1 | due_soon=2 in_time=1 overdue=1 paused=1"},
		"states of the clock": {func(q *projections.SearchQuery) {
			q.Clocks = []projections.ClockState{projections.ClockOverdue, projections.ClockSoon}
		}, "4=2 2=1 | H99.02=3 H99.14=3 | 1.001193=2 1.000656=1 | Hộ tịch=3 | online=2 direct=1 | due_soon=2 ended=2 paused=2 in_time=1 no_limit=1 overdue=1"},
		"words and a channel": {func(q *projections.SearchQuery) { q.Text, q.Channel = "khai sinh", domain.Direct },
			"2=1 | H99.02=1 H99.14=1 | 1.001193=1 | Hộ tịch=1 | online=3 direct=1 | overdue=1"},
		"a field and a procedure": {func(q *projections.SearchQuery) { q.Field, q.Procedure = "Đất đai, nhà ở", "1.000656" },
			" |  | 2.000635=1 | Hộ tịch=4 |  | "},
		"nothing to be found": {func(q *projections.SearchQuery) { q.Text = "?!" }, " |  |  |  |  | "},
	} {
		q := projections.SearchQuery{Facets: projections.Facets, Now: now, Soon: soon, Limit: 2}
		c.change(&q)
		page, err := s.Views.Search(t.Context(), q)
		if err != nil {
			t.Fatalf("%s: %v", about, err)
		}
		var got []string
		for i, counts := range page.Facets {
			if counts.Facet != projections.Facets[i] || counts.More {
				t.Errorf("%s: %s stands in place of %s, more: %v", about, counts.Facet, projections.Facets[i], counts.More)
			}
			got = append(got, written(counts))
			for _, v := range counts.Values {
				if found := s.count(t, chosen(q, counts.Facet, v.Value)); found != v.Count {
					t.Errorf("%s: %s %s counts %d, the search finds %d", about, counts.Facet, v.Value, v.Count, found)
				}
			}
		}
		if line := strings.Join(got, " | "); line != c.want {
			t.Errorf("%s:\n got %s\nwant %s", about, line, c.want)
		}
	}
	for _, q := range []projections.SearchQuery{{Facets: []projections.Facet{"colour"}}, {Facets: []projections.Facet{"status", "status"}}} {
		if _, err := s.Views.Search(t.Context(), q); domain.CodeOf(err) != "bad_facet" {
			t.Errorf("%v answers %v", q.Facets, err)
		}
	}
	if _, err := s.Views.Search(t.Context(), projections.SearchQuery{Clocks: []projections.ClockState{"late"}}); domain.CodeOf(err) != "bad_clock" {
		t.Errorf("an unknown state of the clock answers %v", err)
	}
}

// chosen is a query with a value as a facet's only filter.
func chosen(q projections.SearchQuery, facet projections.Facet, value string) projections.SearchQuery {
	q = q.Without(facet)
	q.Facets = nil
	switch facet {
	case projections.FacetStatus:
		n, _ := strconv.Atoi(value)
		q.Statuses = []domain.Status{domain.Status(n)}
	case projections.FacetAgency:
		q.Agencies = []string{value}
	case projections.FacetProcedure:
		q.Procedure = value
	case projections.FacetField:
		q.Field = value
	case projections.FacetChannel:
		q.Channel = domain.Channel(value)
	case projections.FacetClock:
		q.Clocks = []projections.ClockState{projections.ClockState(value)}
	}
	return q
}

// count pages through all that a search finds.
func (s *Side) count(t *testing.T, q projections.SearchQuery) (found int) {
	t.Helper()
	for {
		page, err := s.Views.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		found += len(page.Hits)
		if q.Cursor = page.Next; q.Cursor == "" {
			return found
		}
	}
}

// manyValues: a facet names the most frequent values and says that there are more.
func manyValues(t *testing.T, e *engine) {
	w := NewWorld(t)
	for n := range 60 {
		sub := projtest.Submission(n)
		sub.Competent = fmt.Sprintf("H98.%03d", 60-n)
		w.Append(projtest.Stream(projtest.ID("dossier", n)), vn(5, 8, n), sub)
	}
	s := e.caught(t, w)
	page, err := s.Views.Search(t.Context(), projections.SearchQuery{Limit: 1, Facets: []projections.Facet{projections.FacetAgency, projections.FacetStatus}})
	if err != nil {
		t.Fatal(err)
	}
	agencies, statuses := page.Facets[0], page.Facets[1]
	if !agencies.More || len(agencies.Values) != projections.MaxFacetValues || statuses.More || written(statuses) != "1=60" {
		t.Errorf("%d agencies, more: %v; statuses %+v", len(agencies.Values), agencies.More, statuses)
	}
	if line := written(agencies); !strings.HasPrefix(line, "H99.14=60 H98.001=1 H98.002=1 H98.003=1 ") || !strings.HasSuffix(line, " H98.049=1") {
		t.Errorf("the agencies are %s", line)
	}
}
