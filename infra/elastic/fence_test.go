package elastic

import (
	"errors"
	"fmt"
	"testing"

	"hoso/projections"
	"hoso/projections/projtest"
	"hoso/projections/viewtest"
)

// TestTwoRunnersCannotBothWin: of two that know the same checkpoint one moves
// it; the other hears that it was fenced, and then knows what the first did.
func TestTwoRunnersCannotBothWin(t *testing.T) {
	open := opener(newPrefix(t), server(t), nil)
	w := viewtest.NewWorld(t)
	w.Lives(1, viewtest.Start, 0, 5)
	viewtest.Started(t, w, "p", open)
	var both [2]projections.Generation
	for i := range both {
		both[i], _, _ = viewtest.NewSide(t, w, "p", open).Views.Store(projections.TimesProjection).Serving(t.Context())
	}
	move := func(g projections.Generation, step uint64) error {
		return g.Update(t.Context(), func(docs projections.Documents) error {
			cp, err := docs.Checkpoint()
			if err != nil {
				return err
			}
			cp.Resume.Commit += step
			return docs.SetCheckpoint(cp)
		})
	}
	was, _ := both[0].Checkpoint(t.Context())
	for i, c := range []struct {
		who  int
		step uint64
		want error
	}{
		{0, 10, nil}, {1, 100, nil}, // it had not looked before
		{0, 1000, projections.ErrFenced}, {0, 1000, nil}, {0, 1000, nil},
		{1, 1000, projections.ErrFenced}, {1, 1000, nil},
	} {
		if err := move(both[c.who], c.step); !errors.Is(err, c.want) {
			t.Fatalf("move %d: %v; want %v", i, err, c.want)
		}
	}
	if now, err := both[0].Checkpoint(t.Context()); err != nil || now.Resume.Commit != was.Resume.Commit+3110 {
		t.Errorf("the checkpoint moved from %s to %s, %v", was.Resume, now.Resume, err)
	}
}

// TestTwoProcessesFollow lets the runners of two processes work at once on the
// same views, and rebuilds in one of them meanwhile.
func TestTwoProcessesFollow(t *testing.T) {
	open := opener(newPrefix(t), server(t), nil)
	w := viewtest.NewWorld(t)
	at := w.Lives(1, viewtest.Start, 0, 20)
	one, two := viewtest.Started(t, w, "p", open), viewtest.Started(t, w, "p", open)
	stopOne, stopTwo := one.Follow(), two.Follow()
	for round := range 6 {
		at = w.Lives(uint64(round), at, 20+round*20, 40+round*20)
	}
	one.CaughtUp()
	two.CaughtUp()
	stopOne()
	stopTwo()
	got := one.Dump()
	viewtest.Same(t, "as both tell it", got, two.Dump())
	fresh := viewtest.Started(t, w, "fresh", open)
	viewtest.Same(t, "two at once, and one alone", got, fresh.Dump())
}

// TestRetired: when another process exchanged the generations, who writes into
// the old one hears it, and a roll-back brings the old one back, up to date.
func TestRetired(t *testing.T) {
	open := opener(newPrefix(t), server(t), nil)
	w := viewtest.NewWorld(t)
	at := w.Lives(1, viewtest.Start, 0, 5)
	one, two := viewtest.Started(t, w, "p", open), viewtest.Started(t, w, "p", open)
	want := one.Dump()
	old, _, _ := one.Views.Store(projections.SearchProjection).Serving(t.Context())
	if err := projections.Rebuild(t.Context(), nil, two.Runners...); err != nil {
		t.Fatal(err)
	}
	for i, want := range []error{projections.ErrFenced, projections.ErrRetired, projections.ErrRetired} {
		err := old.Update(t.Context(), func(docs projections.Documents) error {
			cp, _ := docs.Checkpoint()
			return docs.SetCheckpoint(cp)
		})
		if !errors.Is(err, want) {
			t.Fatalf("writing into the old generation, time %d: %v; want %v", i, err, want)
		}
	}
	viewtest.Same(t, "the first process answers from the new one", one.Dump(), want)

	stopOne, stopTwo := one.Follow(), two.Follow()
	w.Lives(2, at, 5, 9)
	two.CaughtUp()
	stopOne()
	stopTwo()
	newer := two.Dump()
	for _, r := range two.Runners {
		if err := r.RollBack(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	viewtest.Same(t, "the generation before, with what came since", one.Dump(), newer)
	p := two.Views.(*Views).all[0]
	s, err := p.look(t.Context())
	if err != nil || len(s.mine) != 2 || p.numberOf(s.serving) != 1 || p.numberOf(s.previous) != 2 {
		t.Errorf("there are %+v, %v; want the first serving, and the second to go back to", s, err)
	}
}

// TestOldGenerationsGo: however often it is rebuilt, there are the serving one
// and the one before.
func TestOldGenerationsGo(t *testing.T) {
	open := opener(newPrefix(t), server(t), nil)
	w := viewtest.NewWorld(t)
	w.Lives(1, viewtest.Start, 0, 5)
	s := viewtest.Started(t, w, "p", open)
	p := s.Views.(*Views).all[3]
	for range 3 {
		if err := projections.Rebuild(t.Context(), nil, s.Runners[3]); err != nil {
			t.Fatal(err)
		}
	}
	left, err := p.look(t.Context())
	if got := fmt.Sprint(len(left.mine), p.numberOf(left.previous), p.numberOf(left.serving)); err != nil || got != "2 3 4" {
		t.Errorf("%+v, %v; want generations 3 and 4", left, err)
	}
	abandoned, err := p.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = abandoned // by a process that died
	if err := projections.Rebuild(t.Context(), nil, s.Runners[3]); err != nil {
		t.Fatal(err)
	}
	if left, _ = p.look(t.Context()); len(left.mine) != 2 {
		t.Errorf("%+v; want the abandoned one gone", left)
	}
}

// TestNoViewByAccident: writing into an index that somebody deleted makes no
// new one, which would pass for a view of nothing; the view is built anew.
func TestNoViewByAccident(t *testing.T) {
	open := opener(newPrefix(t), server(t), nil)
	w := viewtest.NewWorld(t)
	at := w.Lives(1, viewtest.Start, 0, 3)
	s := viewtest.Started(t, w, "p", open)
	p := s.Views.(*Views).all[0]
	left, err := p.look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.remove(t.Context(), left.serving); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Views.ByID(t.Context(), projtest.ID("dossier", 0)); !errors.Is(err, projections.ErrNotBuilt) {
		t.Errorf("the look-up answers %v; want that there is no view", err)
	}
	w.Lives(2, at, 3, 5)
	stop := s.Follow()
	s.CaughtUp()
	stop()
	viewtest.Same(t, "built anew", s.Dump(), viewtest.Started(t, w, "fresh", open).Dump())
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
