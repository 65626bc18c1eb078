package viewtest

import (
	"testing"
	"time"

	"hoso/domain"
	"hoso/projections"
	"hoso/projections/projtest"
)

// rebuiltInGoes has more dossiers that have ended than a rebuild holds back, and
// some of them go on after they were put.
func rebuiltInGoes(t *testing.T, e *engine) {
	const many, again = 8_300, 40
	w := NewWorld(t)
	for n := range many {
		w.Append(projtest.Stream(projtest.ID("dossier", n)), Start, projtest.Submission(n), domain.Withdrawn{})
	}
	late := Start.Add(time.Hour)
	for n := range again {
		w.Append(projtest.Stream(projtest.ID("dossier", n)), late, domain.Numbered{Code: "H99.14-260105-0001", Agency: "H99.14", Day: "260105", Number: n + 1})
	}
	s := NewSide(t, w, e.place(), e.open)
	if err := projections.Rebuild(t.Context(), nil, s.Runners...); err != nil {
		t.Fatal(err)
	}
	for _, st := range must(s.Views.Status(t.Context())) {
		if st.Parked != 0 || st.Lag != 0 {
			t.Fatalf("%s: %d parked, lag %d", st.Projection, st.Parked, st.Lag)
		}
	}
	for _, n := range []int{0, again - 1, again, many - 1} {
		id, want := projtest.ID("dossier", n), 1
		if n < again {
			want = 2
		}
		if view, ok, err := s.Views.ByID(t.Context(), id); err != nil || !ok || view.Revision != uint64(want) {
			t.Errorf("dossier %d shows revision %d, %v, %v; want %d", n, view.Revision, ok, err, want)
		}
		if lines, err := s.Views.Timeline(t.Context(), id); err != nil || len(lines) != want+1 {
			t.Errorf("the timeline of dossier %d has %d lines, %v; want %d", n, len(lines), err, want+1)
		}
	}
	if n := s.count(t, projections.SearchQuery{Limit: 200}); n != many {
		t.Errorf("search finds %d dossiers, not %d", n, many)
	}
	if n := s.count(t, projections.SearchQuery{Text: "H99.14-260105-0001", Limit: 200}); n != again {
		t.Errorf("by the code that came late search finds %d, not %d", n, again)
	}
}
