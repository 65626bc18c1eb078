package sqlite_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/projections"
	"hoso/projections/projtest"
)

// TestRebuildBesideTheServingView rebuilds again and again while events come,
// and asks all the while.
func TestRebuildBesideTheServingView(t *testing.T) {
	w := newWorld(t)
	at := w.Lives(1, start, 0, 60)
	s := started(t, w, t.TempDir())
	stop := s.follow()
	grown := make(chan time.Time)
	go func() {
		for round := range 6 {
			at = w.Lives(uint64(10+round), at, 100+round*20, 120+round*20)
		}
		grown <- at
	}()
	rebuilds := 0
	for growing := true; growing; rebuilds++ {
		before := must(s.views.Status(t.Context()))
		if err := projections.Rebuild(t.Context(), nil, s.runners...); err != nil {
			t.Fatal(err)
		}
		for i, st := range must(s.views.Status(t.Context())) {
			if st.Position.Before(before[i].Position) {
				t.Fatalf("%s fell back from %s to %s", st.Projection, before[i].Position, st.Position)
			}
		}
		if _, ok, err := s.views.ByID(t.Context(), projtest.ID("dossier", 0)); !ok || err != nil {
			t.Fatalf("after a rebuild the first dossier is %v, %v", ok, err)
		}
		select {
		case <-grown:
			growing = false
		default:
		}
	}
	s.caughtUp(w)
	stop()
	same(t, fmt.Sprintf("after %d rebuilds", rebuilds), s.dump(), fresh(t, w))
	files, _ := filepath.Glob(filepath.Join(s.dir, "views", "dossier.*.db"))
	if len(files) != 2 {
		t.Fatalf("there are the files %v; want the serving one and the one before", files)
	}
}

// TestRebuildRefusesToLoseADossier: an event that was sound when it was
// projected cannot be read any more.
func TestRebuildRefusesToLoseADossier(t *testing.T) {
	bad := projtest.ID("dossier", 5)
	var broken atomic.Bool
	log := &tampered{Log: memory.New(), change: func(r *eventlog.Recorded) {
		if broken.Load() && r.Stream == projtest.Stream(bad) && r.Revision == 0 {
			r.Meta[len(r.Meta)-10] ^= 1
		}
	}}
	w := projtest.New(t, log)
	w.Lives(1, start, 0, 10)
	s := started(t, w, t.TempDir())
	want := s.dump()
	broken.Store(true)
	err := projections.Rebuild(t.Context(), nil, s.runners...)
	var refused *projections.SwapRefusedError
	if !errors.As(err, &refused) || len(refused.Parked) != 1 || refused.Parked[0].Dossier != bad {
		t.Fatalf("Rebuild answers %v; want a refusal that names dossier %s", err, bad)
	}
	same(t, "still serving", s.dump(), want)
	for _, st := range must(s.views.Status(t.Context())) {
		if st.Rebuilding {
			t.Fatalf("%s says that it is being rebuilt", st.Projection)
		}
	}
}

// TestAnotherLogIsNoticed opens views with a log that is not theirs, with an
// older state of their log, and with one that took another turn.
func TestAnotherLogIsNoticed(t *testing.T) {
	w := newWorld(t)
	w.Lives(1, start, 0, 10)
	dir := t.TempDir()
	started(t, w, dir).views.Close()

	for name, other := range map[string]struct {
		log  func() eventlog.Log
		said string
	}{
		"another log": {func() eventlog.Log { return memory.New() }, "another log"},
		"older state": {func() eventlog.Log { return &renamed{memory.New(), w.Log} }, "older state"},
	} {
		t.Run(name, func(t *testing.T) {
			copied := t.TempDir()
			if err := os.CopyFS(filepath.Join(copied, "views"), os.DirFS(filepath.Join(dir, "views"))); err != nil {
				t.Fatal(err)
			}
			v := projtest.New(t, other.log())
			v.Catalogue(start.Add(-time.Hour))
			v.Lives(2, start, 0, 3)
			s := started(t, v, copied)
			if !strings.Contains(s.said.String(), other.said) {
				t.Fatalf("it was not said; only:\n%s", s.said)
			}
			same(t, name, s.dump(), fresh(t, v))
		})
	}

	t.Run("another turn", func(t *testing.T) {
		v := projtest.New(t, &renamed{memory.New(), w.Log})
		v.Catalogue(start.Add(-time.Hour))
		v.Lives(3, start, 0, 40)
		s := started(t, v, dir)
		if !strings.Contains(s.said.String(), "not in the log any more") {
			t.Fatalf("it was not said; only:\n%s", s.said)
		}
		same(t, "another turn", s.dump(), fresh(t, v))
	})
}
