package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/infra/sqlite"
	"hoso/projections"
	"hoso/projections/projtest"
)

// fresh is the dump of views built in one go.
func fresh(t *testing.T, w *projtest.World) string {
	t.Helper()
	s := started(t, w, t.TempDir())
	s.caughtUp(w)
	return s.dump()
}

// TestViewsEqualAFreshRebuild follows a growing log with interruptions at
// random moments, each time with new connections, while names change in the catalogue.
func TestViewsEqualAFreshRebuild(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	rnd := rand.New(rand.NewPCG(7, 7))
	at := start
	for round := range 8 {
		s := started(t, w, dir)
		stop := s.follow()
		at = w.Lives(uint64(round), at, round*30, round*30+30)
		w.PublishProcedure(at, "1.001193", fmt.Sprintf("Đăng ký khai sinh lần %d", round), fmt.Sprint("v", round))
		w.PublishAgency(at, "H99.02", fmt.Sprintf("Sở Tư pháp lần %d", round))
		time.Sleep(time.Duration(rnd.IntN(30)) * time.Millisecond)
		stop()
		// The connections stay open as a crash would leave them to the system; the files are opened anew beside them.
	}
	s := started(t, w, dir)
	stop := s.follow()
	s.caughtUp(w)
	stop()
	got := s.dump()
	same(t, "followed and built at once", got, fresh(t, w))
	if n := strings.Count(got, "Đăng ký khai sinh lần"); n == 0 {
		t.Fatal("no later name of the procedure is shown")
	}
}

// TestPoisonParksOnlyItsDossier changes one stored byte, follows the log over
// it, then repairs the byte and starts again.
func TestPoisonParksOnlyItsDossier(t *testing.T) {
	bad := projtest.Stream(projtest.ID("dossier", 3))
	var broken atomic.Bool
	broken.Store(true)
	log := &tampered{Log: memory.New(), change: func(r *eventlog.Recorded) {
		if broken.Load() && r.Stream == bad && r.Revision == 2 {
			r.Data[len(r.Data)/2] ^= 1
		}
	}}
	w := projtest.New(t, log)
	w.Catalogue(start.Add(-time.Hour))
	dir := t.TempDir()
	s := started(t, w, dir)
	stop := s.follow()
	at := w.Lives(1, start, 0, 20)
	s.caughtUp(w)
	stop()
	for _, st := range must(s.views.Status(t.Context())) {
		if st.Parked != 1 || st.Lag != 0 {
			t.Fatalf("%s: %d parked, lag %d; want 1 and 0\n%s", st.Projection, st.Parked, st.Lag, s.said)
		}
	}
	if !strings.Contains(s.said.String(), "a dossier is set aside") {
		t.Fatal("parking was not said")
	}
	view, ok, err := s.views.ByID(t.Context(), projtest.ID("dossier", 3))
	if err != nil || !ok || view.Revision != 1 {
		t.Fatalf("the parked dossier shows revision %d, %v, %v; want 1, the last good one", view.Revision, ok, err)
	}
	same(t, "parked while following and while building", s.dump(), fresh(t, w))
	s.views.Close()

	broken.Store(false)
	w.Lives(2, at, 20, 22) // goes on
	s = started(t, w, dir)
	stop = s.follow()
	s.caughtUp(w)
	stop()
	if !strings.Contains(s.said.String(), "is back") {
		t.Fatalf("taking the dossier back was not said:\n%s", s.said)
	}
	same(t, "taken back", s.dump(), fresh(t, w))
	if strings.Contains(s.dump(), "bytes") {
		t.Fatal("something is still parked")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestRunnersAtDifferentPositions lets four runners lag by different amounts
// and share what they can.
func TestRunnersAtDifferentPositions(t *testing.T) {
	w := newWorld(t)
	s := started(t, w, t.TempDir())
	at := start
	for i, r := range s.runners {
		at = w.Lives(uint64(i), at, i*15, i*15+15)
		ctx, cancel := context.WithCancel(t.Context())
		go r.Run(ctx)
		head, _ := w.Log.Head(ctx)
		if err := s.views.Wait(ctx, r.Name(), head); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			cancel() // falls behind from here on
		}
		defer cancel()
	}
	w.Lives(9, at, 60, 75)
	stop := s.follow()
	s.caughtUp(w)
	stop()
	same(t, "four runners", s.dump(), fresh(t, w))
}

// TestDuplicatesAndGaps hands a runner batches it has seen, and a batch after
// one it has not.
func TestDuplicatesAndGaps(t *testing.T) {
	w := newWorld(t)
	s := started(t, w, t.TempDir())
	w.Lives(1, start, 0, 60)
	var batches []*projections.Batch
	for b, err := range s.feed.Batches(t.Context(), eventlog.Position{}) {
		if err != nil {
			t.Fatal(err)
		}
		batches = append(batches, b)
		if b.Live {
			break
		}
	}
	if len(batches) < 3 {
		t.Fatalf("only %d batches", len(batches))
	}
	for _, r := range s.runners {
		for i, b := range batches {
			if i == 1 {
				continue // the gap
			}
			for range 2 {
				if err := r.Handle(t.Context(), b); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	got, want := s.dump(), fresh(t, w)
	// Dossiers with all their events in the gap are not there; all others must be whole.
	for line := range strings.SplitSeq(got, "\n") {
		if !strings.Contains(want, line) {
			t.Fatalf("a line that a rebuild does not have:\n%s", line)
		}
	}
	if strings.Count(got, "\n") < strings.Count(want, "\n")*9/10 {
		t.Fatalf("only %d lines of %d", strings.Count(got, "\n"), strings.Count(want, "\n"))
	}
}

// TestKeyStoreFault: nothing is parked because a key store does not answer.
func TestKeyStoreFault(t *testing.T) {
	w := newWorld(t)
	s := started(t, w, t.TempDir())
	w.Lives(1, start, 0, 5)
	w.KeysDown(errors.New("the key store is locked"))
	stop := s.follow()
	time.Sleep(100 * time.Millisecond)
	for _, st := range must(s.views.Status(t.Context())) {
		if st.Parked != 0 || st.Lag == 0 {
			t.Fatalf("%s: %d parked, lag %d; want none and some", st.Projection, st.Parked, st.Lag)
		}
	}
	w.KeysDown(nil)
	s.caughtUp(w)
	stop()
	same(t, "after the fault", s.dump(), fresh(t, w))
}

// TestNotBuilt: views answer that they are not built until they are; another
// process then reads them.
func TestNotBuilt(t *testing.T) {
	w := newWorld(t)
	w.Lives(1, start, 0, 5)
	dir := t.TempDir()
	s := open(t, w, dir)
	if _, _, err := s.views.ByCode(t.Context(), "X"); !errors.Is(err, projections.ErrNotBuilt) {
		t.Fatalf("before the first build: %v", err)
	}
	s.views.Close()
	started(t, w, dir).views.Close()

	ro, err := sqlite.OpenViews(dir, true, sqlite.ViewsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer ro.Close()
	if _, ok, err := ro.ByCode(t.Context(), domain.FoldCode("H99.14-260105-0002")); !ok || err != nil {
		t.Fatalf("read-only look-up: %v, %v", ok, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := ro.Wait(ctx, projections.DossierProjection, eventlog.Position{Commit: 1 << 40, Prepare: 1 << 40}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Wait for a position that does not come: %v", err)
	}
}
