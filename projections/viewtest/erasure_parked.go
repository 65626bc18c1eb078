package viewtest

import (
	"fmt"
	"strings"
	"testing"

	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/projections/projtest"
)

// erasureOfParked erases people whose dossiers are set aside: one because an
// event cannot be folded, one because the marker itself cannot be read, one by
// hand. They stay aside, and nothing is left of the people, with their keys
// still there.
func erasureOfParked(t *testing.T, e *engine) {
	const broken, marker, byHand, stays = 17, 18, 19, 27
	log := &tampered{Log: memory.New(), change: func(r *eventlog.Recorded) {
		switch {
		case r.Stream == projtest.Stream(projtest.ID("dossier", broken)) && r.Revision == 2,
			r.Stream == projtest.Stream(projtest.ID("dossier", marker)) && r.Type == "dossier.redacted":
			r.Data[len(r.Data)/2] ^= 1
		}
	}}
	w := projtest.New(t, log)
	w.Catalogue(Start.Add(-1))
	w.Lives(1, Start, 0, 40)
	s := e.started(t, w)
	stop := s.Follow()
	defer stop()
	s.CaughtUp()
	for _, r := range s.Runners {
		if err := r.Park(t.Context(), projtest.ID("dossier", byHand), "its officer asked for it"); err != nil {
			t.Fatal(err)
		}
	}
	before := s.Dump()
	for _, n := range []int{broken, marker, byHand, stays} {
		if len(traces(before, n)) < 3 {
			t.Fatalf("of person %d the views tell only %q: the test looks for the wrong thing", n, traces(before, n))
		}
	}
	revision := func(n int) uint64 {
		view, ok, err := s.Views.ByID(t.Context(), projtest.ID("dossier", n))
		if err != nil || !ok {
			t.Fatal(n, ok, err)
		}
		return view.Revision
	}
	was := []uint64{revision(broken), revision(byHand)}
	for _, n := range []int{broken, marker, byHand} {
		w.Append(projtest.Stream(projtest.ID("dossier", n)), Start.AddDate(0, 6, 0), domain.Redacted{Subject: projtest.Person(n).Subject})
	}
	s.CaughtUp()
	after := s.Dump()
	for _, n := range []int{broken, marker, byHand} {
		if left := traces(after, n); len(left) > 0 {
			t.Errorf("of person %d after the erasure: %q", n, left)
		}
		entries, err := s.Views.Timeline(t.Context(), projtest.ID("dossier", n))
		if err != nil || len(entries) == 0 || !entries[0].Erased || entries[0].Text != "" {
			t.Errorf("the timeline of dossier %d is %+v, %v", n, entries, err)
		}
	}
	if len(traces(after, stays)) != len(traces(before, stays)) {
		t.Error("somebody else's values are gone too")
	}
	if now := []uint64{revision(broken), revision(byHand)}; now[0] != was[0] || now[1] != was[1]+1 {
		t.Errorf("set aside at revisions %d, now they show %d; want the first as it was, the one by hand with the marker", was, now)
	}
	for _, st := range must(s.Views.Status(t.Context())) {
		if st.Parked != 3 || st.Lag != 0 {
			t.Errorf("%s: %d parked, lag %d; want 3 and 0\n%s", st.Projection, st.Parked, st.Lag, s.Said)
		}
	}
	rebuilt := e.fresh(t, w)
	for _, n := range []int{broken, marker, byHand} {
		if left := traces(rebuilt, n); len(left) > 0 {
			t.Errorf("rebuilt with the key still there, of person %d: %q", n, left)
		}
	}
	for _, n := range []int{broken, marker} { // what was set aside by hand is not, in views of their own
		at := fmt.Sprint("timeline ", projtest.ID("dossier", n))
		if lineOf(after, at) == "" || lineOf(after, at) != lineOf(rebuilt, at) {
			t.Errorf("followed and rebuilt differ:\n%s\n%s", lineOf(after, at), lineOf(rebuilt, at))
		}
	}
}

// lineOf is a dump's line that begins so.
func lineOf(dump, prefix string) string {
	for line := range strings.Lines(dump) {
		if strings.HasPrefix(line, prefix) {
			return line
		}
	}
	return ""
}
