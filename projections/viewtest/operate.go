package viewtest

import (
	"errors"
	"testing"
	"time"

	"hoso/domain"
	"hoso/projections"
	"hoso/projections/projtest"
)

// asideByHand sets a dossier aside as operators do: it stays as it is while
// others go on, over a start and a rebuild, until it is taken back.
func asideByHand(t *testing.T, e *engine) {
	w, place := NewWorld(t), e.place()
	at := w.Lives(1, Start, 0, 10)
	s := Started(t, w, place, e.open)
	aside, other := projtest.ID("dossier", 3), projtest.ID("dossier", 4)
	for _, r := range s.Runners {
		if err := r.Park(t.Context(), projtest.ID("dossier", 77), "x"); !errors.Is(err, projections.ErrNoSuchDossier) {
			t.Fatalf("a dossier that is not there is set aside: %v", err)
		}
		if _, err := r.Unpark(t.Context(), aside); !errors.Is(err, projections.ErrNotParked) {
			t.Fatalf("one that is not set aside is taken back: %v", err)
		}
		if err := r.Park(t.Context(), aside, "kiểm tra lại"); err != nil {
			t.Fatal(err)
		}
	}
	add := func() {
		at = at.Add(time.Hour)
		w.Append(projtest.Stream(aside), at, domain.Progressed{Title: "Việc mới"})
		w.Append(projtest.Stream(other), at, domain.Progressed{Title: "Việc mới"})
	}
	lines := func(s *Side) [2]int {
		return [2]int{len(must(s.Views.Timeline(t.Context(), aside))), len(must(s.Views.Timeline(t.Context(), other)))}
	}
	follow := func(s *Side) {
		stop := s.Follow()
		s.CaughtUp()
		stop()
	}
	before := lines(s)
	add()
	follow(s)
	if now := lines(s); now != [2]int{before[0], before[1] + 1} {
		t.Errorf("timelines of %v lines became %v; want one more in the second alone", before, now)
	}
	s.Views.Close()

	s = Started(t, w, place, e.open)
	if now := lines(s); now[0] != before[0] {
		t.Error("a start took it back")
	}
	if err := projections.Rebuild(t.Context(), nil, s.Runners...); err != nil {
		t.Fatal(err)
	}
	rebuilt := lines(s)
	add()
	follow(s)
	if now := lines(s); now[0] != rebuilt[0] || now[1] != rebuilt[1]+1 {
		t.Errorf("after a rebuild timelines of %v lines became %v; want one more in the second alone", rebuilt, now)
	}
	for _, r := range s.Runners {
		if parked := must(r.Parked(t.Context())); len(parked) != 1 || parked[0].Dossier != aside || !parked[0].ByHand || parked[0].Reason != "kiểm tra lại" {
			t.Fatalf("%s has set aside %+v", r.Label(), parked)
		}
		if reason, err := r.Unpark(t.Context(), aside); reason != "" || err != nil {
			t.Fatalf("it is not taken back: %q, %v", reason, err)
		}
	}
	add()
	follow(s)
	Same(t, "taken back, and never set aside", s.Dump(), e.fresh(t, w))
}

// rollBack goes back to the generation before a rebuild, and forward again.
func rollBack(t *testing.T, e *engine) {
	w, place := NewWorld(t), e.place()
	at := w.Lives(1, Start, 0, 10)
	s := Started(t, w, place, e.open)
	for _, r := range s.Runners {
		if err := r.RollBack(t.Context()); !errors.Is(err, projections.ErrNoPrevious) {
			t.Fatalf("%s goes back to nothing: %v", r.Label(), err)
		}
	}
	if err := projections.Rebuild(t.Context(), nil, s.Runners...); err != nil {
		t.Fatal(err)
	}
	stop := s.Follow()
	at = w.Lives(2, at, 10, 20)
	for round := range 3 {
		for _, r := range s.Runners {
			if err := r.RollBack(t.Context()); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
		at = w.Lives(uint64(3+round), at, 20+5*round, 25+5*round)
		s.CaughtUp()
	}
	stop()
	want := e.fresh(t, w)
	Same(t, "gone back, forward and back", s.Dump(), want)
	s.Views.Close()
	s = Started(t, w, place, e.open)
	Same(t, "opened again", s.Dump(), want)
	who := projtest.Person(3).Subject
	w.Append(projtest.Stream(projtest.ID("dossier", 3)), at, domain.Redacted{Subject: who})
	stop = s.Follow()
	s.CaughtUp()
	stop()
	for _, r := range s.Runners {
		if err := r.RollBack(t.Context()); !errors.Is(err, projections.ErrNoPrevious) {
			t.Errorf("%s goes back behind an erasure: %v", r.Label(), err)
		}
	}
}

// erasureUnseen rebuilds when the serving view has not seen an erasure: the
// view before must not stay, for nothing would ever take the person out of it.
func erasureUnseen(t *testing.T, e *engine) {
	w := NewWorld(t)
	at := w.Lives(1, Start, 0, 10)
	s := e.started(t, w)
	w.Append(projtest.Stream(projtest.ID("dossier", 3)), at, domain.Redacted{Subject: projtest.Person(3).Subject})
	if err := projections.Rebuild(t.Context(), nil, s.Runners...); err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Runners {
		if err := r.RollBack(t.Context()); !errors.Is(err, projections.ErrNoPrevious) {
			t.Errorf("%s kept a generation that an erased person is in: %v", r.Label(), err)
		}
	}
	w.Lives(2, at, 10, 12)
	if err := projections.Rebuild(t.Context(), nil, s.Runners...); err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Runners {
		if err := r.RollBack(t.Context()); err != nil {
			t.Errorf("%s: a generation that has seen every erasure is kept: %v", r.Label(), err)
		}
	}
}
