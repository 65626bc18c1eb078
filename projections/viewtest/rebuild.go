package viewtest

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/projections"
	"hoso/projections/projtest"
)

// rebuildBeside rebuilds again and again while events come,
// and asks all the while.
func rebuildBeside(t *testing.T, e *engine) {
	w := NewWorld(t)
	at := w.Lives(1, Start, 0, 60)
	s := e.started(t, w)
	stop := s.Follow()
	grown := make(chan time.Time)
	go func() {
		for round := range 6 {
			at = w.Lives(uint64(10+round), at, 100+round*20, 120+round*20)
		}
		grown <- at
	}()
	rebuilds := 0
	for growing := true; growing; rebuilds++ {
		before := must(s.Views.Status(t.Context()))
		if err := projections.Rebuild(t.Context(), nil, s.Runners...); err != nil {
			t.Fatal(err)
		}
		for i, st := range must(s.Views.Status(t.Context())) {
			if st.Position.Before(before[i].Position) {
				t.Fatalf("%s fell back from %s to %s", st.Projection, before[i].Position, st.Position)
			}
		}
		if _, ok, err := s.Views.ByID(t.Context(), projtest.ID("dossier", 0)); !ok || err != nil {
			t.Fatalf("after a rebuild the first dossier is %v, %v", ok, err)
		}
		select {
		case <-grown:
			growing = false
		default:
		}
	}
	s.CaughtUp()
	stop()
	Same(t, fmt.Sprintf("after %d rebuilds", rebuilds), s.Dump(), e.fresh(t, w))
}

// rebuildRefuses: an event that was sound when it was
// projected cannot be read any more.
func rebuildRefuses(t *testing.T, e *engine) {
	bad := projtest.ID("dossier", 5)
	var broken atomic.Bool
	log := &tampered{Log: memory.New(), change: func(r *eventlog.Recorded) {
		if broken.Load() && r.Stream == projtest.Stream(bad) && r.Revision == 0 {
			r.Meta[len(r.Meta)-10] ^= 1
		}
	}}
	w := projtest.New(t, log)
	w.Lives(1, Start, 0, 10)
	s := e.started(t, w)
	want := s.Dump()
	broken.Store(true)
	err := projections.Rebuild(t.Context(), nil, s.Runners...)
	var refused *projections.SwapRefusedError
	if !errors.As(err, &refused) || len(refused.Parked) != 1 || refused.Parked[0].Dossier != bad {
		t.Fatalf("Rebuild answers %v; want a refusal that names dossier %s", err, bad)
	}
	Same(t, "still serving", s.Dump(), want)
	for _, st := range must(s.Views.Status(t.Context())) {
		if st.Rebuilding {
			t.Fatalf("%s says that it is being rebuilt", st.Projection)
		}
	}
}

// anotherLog opens views with a log that is not theirs, with an older state of
// their log, and with one that took another turn.
func anotherLog(t *testing.T, e *engine) {
	for name, other := range map[string]struct {
		log      func(first eventlog.Log) eventlog.Log
		dossiers int
		said     string
	}{
		"another log":  {func(eventlog.Log) eventlog.Log { return memory.New() }, 3, "another log"},
		"older state":  {func(first eventlog.Log) eventlog.Log { return &renamed{memory.New(), first} }, 3, "older state"},
		"another turn": {func(first eventlog.Log) eventlog.Log { return &renamed{memory.New(), first} }, 40, "not in the log any more"},
	} {
		t.Run(name, func(t *testing.T) {
			w, place := NewWorld(t), e.place()
			w.Lives(1, Start, 0, 10)
			Started(t, w, place, e.open).Views.Close()
			v := projtest.New(t, other.log(w.Log))
			v.Catalogue(Start.Add(-time.Hour))
			v.Lives(2, Start, 0, other.dossiers)
			s := Started(t, v, place, e.open)
			if !strings.Contains(s.Said.String(), other.said) {
				t.Fatalf("it was not said; only:\n%s", s.Said)
			}
			s.CaughtUp()
			Same(t, name, s.Dump(), e.fresh(t, v))
		})
	}
}
