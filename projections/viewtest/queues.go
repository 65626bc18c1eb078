package viewtest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"hoso/domain"
	"hoso/projections"
	"hoso/projections/projtest"
)

// queued pages through a queue and names its dossiers by their numbers on the desk.
func (s *Side) queued(t *testing.T, q projections.QueueQuery) (numbers []int) {
	t.Helper()
	for {
		page, err := s.Views.Queue(t.Context(), q)
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		for _, h := range page.Hits {
			for n := range 20 {
				if h.ID == projtest.ID("dossier", n) {
					numbers = append(numbers, n)
				}
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return numbers
		}
	}
}

// queues holds the queues of a desk against lists made by hand, page by page and
// counted, at several moments: nothing stored says what is overdue.
func queues(t *testing.T, e *engine) {
	w := desk(t)
	s := e.caught(t, w)
	paused := []int{6, 8} // both the same deadline: by id
	slices.SortFunc(paused, func(a, b int) int {
		x, y := projtest.ID("dossier", a), projtest.ID("dossier", b)
		return slices.Compare(x[:], y[:])
	})
	here := projections.QueueQuery{Agency: "H99.14", Officer: "officer-2", Now: now, Soon: soon}
	at := func(now, soon time.Time) projections.QueueQuery {
		q := here
		q.Now, q.Soon = now, soon
		return q
	}
	unit, there, nobody := here, here, here
	unit.Unit, there.Agency, nobody.Officer = "Hộ tịch", "H99.02", ""
	all := []int{1, 2, 7, paused[0], paused[1], 0}
	due := vn(13, 17, 0) // of 1
	for about, c := range map[string]struct {
		q    projections.QueueQuery
		want [4][]int // in the order of projections.Queues
	}{
		"an officer's":                      {here, [4][]int{{2, 7, 8}, all, {2, 7}, {1}}},
		"a unit's":                          {unit, [4][]int{{2, 7, 8}, {7}, {7}, nil}},
		"another agency's":                  {there, [4][]int{{3}, {3}, nil, nil}},
		"nobody's":                          {nobody, [4][]int{nil, all, {2, 7}, {1}}},
		"the moment that it is due":         {at(due, due.Add(time.Hour)), [4][]int{{2, 7, 8}, all, {1}, nil}},
		"just after":                        {at(due.Add(time.Microsecond), due.Add(time.Hour)), [4][]int{{2, 7, 8}, all, nil, {1}}},
		"up to what is due soon, exclusive": {at(due.Add(-time.Hour), due), [4][]int{{2, 7, 8}, all, nil, nil}},
		"a year later":                      {at(now.AddDate(1, 0, 0), now.AddDate(1, 0, 2)), [4][]int{{2, 7, 8}, all, nil, {1, 2, 7}}},
		"soon is before now":                {at(now, now.AddDate(0, 0, -3)), [4][]int{{2, 7, 8}, all, nil, {1}}},
	} {
		counts, err := s.Views.QueueCounts(t.Context(), c.q)
		if err != nil {
			t.Fatalf("%s: %v", about, err)
		}
		for i, queue := range projections.Queues {
			q := c.q
			q.Queue = queue
			if counts.Counts[queue] != len(c.want[i]) {
				t.Errorf("%s: %s counts %d, want %d", about, queue, counts.Counts[queue], len(c.want[i]))
			}
			for _, q.Limit = range []int{0, 1, 2} {
				if got := s.queued(t, q); !slices.Equal(got, c.want[i]) {
					t.Errorf("%s: %s by pages of %d holds %v, want %v", about, queue, q.Limit, got, c.want[i])
				}
			}
		}
	}
	stream := func(n int) string { return projtest.Stream(projtest.ID("dossier", n)) }
	w.Append(stream(8), vn(14, 9, 0), domain.Paid{Obligation: "LP", Amount: 8000, Transaction: "t"})
	w.Append(stream(2), vn(14, 9, 0), domain.Decided{Outcome: domain.Granted})
	w.Append(stream(7), vn(14, 9, 0), domain.Routed{Agency: "H99.14", Assignee: "officer-3"})
	s.CaughtUp()
	here.Queue, here.Soon = projections.QueueMine, vn(21, 8, 0)
	if got := s.queued(t, here); !slices.Equal(got, []int{8}) {
		t.Errorf("once decided, routed and paid, mine holds %v", got)
	}
	if here.Queue = projections.QueueSoon; fmt.Sprint(s.queued(t, here)) != "[7 8]" {
		t.Errorf("the clock that runs again is not seen: %v", s.queued(t, here))
	}
	refusedQueues(t, s, here)
}

func refusedQueues(t *testing.T, s *Side, sound projections.QueueQuery) {
	sound.Limit = 1
	page, err := s.Views.Queue(t.Context(), sound)
	if err != nil || page.Next == "" {
		t.Fatalf("%+v, %v", page, err)
	}
	for code, change := range map[string]func(*projections.QueueQuery){
		"bad_queue":            func(q *projections.QueueQuery) { q.Queue = "theirs" },
		"queue_agency_missing": func(q *projections.QueueQuery) { q.Agency = "" },
		"bad_limit":            func(q *projections.QueueQuery) { q.Limit = 201 },
		"bad_cursor":           func(q *projections.QueueQuery) { q.Cursor, q.Queue = page.Next, projections.QueueUnit },
	} {
		q := sound
		change(&q)
		if _, err := s.Views.Queue(t.Context(), q); domain.CodeOf(err) != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	if _, err := s.Views.QueueCounts(t.Context(), projections.QueueQuery{}); domain.CodeOf(err) != "queue_agency_missing" {
		t.Errorf("counts of no agency: %v", err)
	}
}
