package viewtest

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

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
			if v.Log.ID() != w.Log.ID() {
				ofAnotherLog(t, e, place, v.Log.ID())
			}
			s := Started(t, v, place, e.open)
			if !strings.Contains(s.Said.String(), other.said) {
				t.Fatalf("it was not said; only:\n%s", s.Said)
			}
			s.CaughtUp()
			Same(t, name, s.Dump(), e.fresh(t, v))
		})
	}
}

// ofAnotherLog: who only reads never sees what was built from another log.
func ofAnotherLog(t *testing.T, e *engine, place string, id uuid.UUID) {
	v := e.open(t, place, Options{ReadOnly: true, Log: id})
	defer v.Close()
	for what, err := range asked(t, v) {
		if !errors.Is(err, projections.ErrOtherLog) {
			t.Errorf("%s of another log answers %v", what, err)
		}
	}
	if all, err := v.Status(t.Context()); err != nil || len(all) != len(Names) {
		t.Errorf("the status of another log's views: %+v, %v", all, err)
	}
}

// asked gives what each query answers beside its result.
func asked(t *testing.T, v Views) map[string]error {
	ctx, out := t.Context(), map[string]error{}
	_, _, out["ByCode"] = v.ByCode(ctx, "H99.14-260105-0002")
	_, _, out["ByCode of nothing"] = v.ByCode(ctx, "X")
	_, _, out["ByID"] = v.ByID(ctx, uuid.New())
	_, out["BySubject"] = v.BySubject(ctx, uuid.New(), 0, "")
	_, out["Search"] = v.Search(ctx, projections.SearchQuery{})
	_, out["Search with facets"] = v.Search(ctx, projections.SearchQuery{Facets: projections.Facets})
	_, out["Queue"] = v.Queue(ctx, projections.QueueQuery{Queue: projections.QueueUnit, Agency: "H99.14"})
	_, out["QueueCounts"] = v.QueueCounts(ctx, projections.QueueQuery{Agency: "H99.14"})
	_, out["Timeline"] = v.Timeline(ctx, uuid.New())
	_, out["Times"] = v.Times(ctx, projections.TimesQuery{})
	_, out["LapsedSupplements"] = v.LapsedSupplements(ctx, Start, 1)
	return out
}
