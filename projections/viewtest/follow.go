package viewtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/projections"
	"hoso/projections/projtest"
)

// followedEqualsRebuilt follows a growing log with interruptions at
// random moments, each time with new connections, while names change in the catalogue.
func followedEqualsRebuilt(t *testing.T, e *engine) {
	w := NewWorld(t)
	place := e.place()
	rnd := rand.New(rand.NewPCG(7, 7))
	at := Start
	for round := range 8 {
		s := Started(t, w, place, e.open)
		stop := s.Follow()
		at = w.Lives(uint64(round), at, round*30, round*30+30)
		w.PublishProcedure(at, "1.001193", fmt.Sprintf("Đăng ký khai sinh lần %d", round), fmt.Sprint("v", round))
		w.PublishAgency(at, "H99.02", fmt.Sprintf("Sở Tư pháp lần %d", round))
		time.Sleep(time.Duration(rnd.IntN(30)) * time.Millisecond)
		stop()
		s.Crash()
	}
	s := Started(t, w, place, e.open)
	stop := s.Follow()
	s.CaughtUp()
	stop()
	got := s.Dump()
	Same(t, "followed and built at once", got, e.fresh(t, w))
	if n := strings.Count(got, "Đăng ký khai sinh lần"); n == 0 {
		t.Fatal("no later name of the procedure is shown")
	}
}

// poisonParks changes one stored byte, follows the log over
// it, then repairs the byte and starts again.
func poisonParks(t *testing.T, e *engine) {
	bad := projtest.Stream(projtest.ID("dossier", 3))
	var broken atomic.Bool
	broken.Store(true)
	log := &tampered{Log: memory.New(), change: func(r *eventlog.Recorded) {
		if broken.Load() && r.Stream == bad && r.Revision == 2 {
			r.Data[len(r.Data)/2] ^= 1
		}
	}}
	w := projtest.New(t, log)
	w.Catalogue(Start.Add(-time.Hour))
	place := e.place()
	s := Started(t, w, place, e.open)
	stop := s.Follow()
	at := w.Lives(1, Start, 0, 20)
	s.CaughtUp()
	stop()
	for _, st := range must(s.Views.Status(t.Context())) {
		if st.Parked != 1 || st.Lag != 0 {
			t.Fatalf("%s: %d parked, lag %d; want 1 and 0\n%s", st.Projection, st.Parked, st.Lag, s.Said)
		}
	}
	if !strings.Contains(s.Said.String(), "a dossier is set aside") {
		t.Fatal("parking was not said")
	}
	view, ok, err := s.Views.ByID(t.Context(), projtest.ID("dossier", 3))
	if err != nil || !ok || view.Revision != 1 {
		t.Fatalf("the parked dossier shows revision %d, %v, %v; want 1, the last good one", view.Revision, ok, err)
	}
	Same(t, "parked while following and while building", s.Dump(), e.fresh(t, w))
	s.Views.Close()

	broken.Store(false)
	w.Lives(2, at, 20, 22) // goes on
	s = Started(t, w, place, e.open)
	stop = s.Follow()
	s.CaughtUp()
	stop()
	if !strings.Contains(s.Said.String(), "is back") {
		t.Fatalf("taking the dossier back was not said:\n%s", s.Said)
	}
	Same(t, "taken back", s.Dump(), e.fresh(t, w))
	if strings.Contains(s.Dump(), "bytes") {
		t.Fatal("something is still parked")
	}
}

// differentPositions lets four runners lag by different amounts
// and share what they can.
func differentPositions(t *testing.T, e *engine) {
	w := NewWorld(t)
	s := e.started(t, w)
	at := Start
	for i, r := range s.Runners {
		at = w.Lives(uint64(i), at, i*15, i*15+15)
		ctx, cancel := context.WithCancel(t.Context())
		go r.Run(ctx)
		head, _ := w.Log.Head(ctx)
		if err := s.Views.Wait(ctx, r.Name(), head); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			cancel() // falls behind from here on
		}
		defer cancel()
	}
	w.Lives(9, at, 60, 75)
	stop := s.Follow()
	s.CaughtUp()
	stop()
	Same(t, "four runners", s.Dump(), e.fresh(t, w))
}

// Batches are those of what is in the log, cut into pieces of some events.
func (s *Side) Batches(size int) (pieces []*projections.Batch) {
	s.t.Helper()
	for b, err := range s.Feed.Batches(s.t.Context(), eventlog.Position{}) {
		if err != nil {
			s.t.Fatal(err)
		}
		after := b.After
		for items := range slices.Chunk(b.Items, size) {
			last := items[len(items)-1]
			pieces = append(pieces, &projections.Batch{Items: items, After: after, End: last.Position, Last: projections.MarkOf(last.Recorded)})
			after = last.Position
		}
		if b.Live {
			break
		}
	}
	return pieces
}

// duplicatesAndGaps hands a runner batches it has seen, and a batch after
// one it has not.
func duplicatesAndGaps(t *testing.T, e *engine) {
	w := NewWorld(t)
	s := e.started(t, w)
	w.Lives(1, Start, 0, 60)
	batches := s.Batches(128)
	if len(batches) < 3 {
		t.Fatalf("only %d batches", len(batches))
	}
	for _, r := range s.Runners {
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
	// A dossier with all its events in the gap is not there; every other must be whole.
	rebuilt := e.started(t, w)
	missing, all := 0, s.dossiers()
	for _, id := range all {
		got, ok, err := s.Views.ByID(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			missing++
			continue
		}
		if want, _, err := rebuilt.Views.ByID(t.Context(), id); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("a document that a rebuild does not have:\n%+v\n%+v, %v", got, want, err)
		}
		if got, want := must(s.Views.Timeline(t.Context(), id)), must(rebuilt.Views.Timeline(t.Context(), id)); !reflect.DeepEqual(got, want) {
			t.Errorf("a timeline that a rebuild does not have:\n%+v\n%+v", got, want)
		}
	}
	if missing > len(all)/10 {
		t.Fatalf("%d of %d dossiers are missing", missing, len(all))
	}
}

// keyStoreFault: nothing is parked because a key store does not answer.
func keyStoreFault(t *testing.T, e *engine) {
	w := NewWorld(t)
	s := e.started(t, w)
	w.Lives(1, Start, 0, 5)
	w.KeysDown(errors.New("the key store is locked"))
	stop := s.Follow()
	time.Sleep(100 * time.Millisecond)
	for _, st := range must(s.Views.Status(t.Context())) {
		if st.Parked != 0 || st.Lag == 0 {
			t.Fatalf("%s: %d parked, lag %d; want none and some", st.Projection, st.Parked, st.Lag)
		}
	}
	w.KeysDown(nil)
	s.CaughtUp()
	stop()
	Same(t, "after the fault", s.Dump(), e.fresh(t, w))
}

// notBuilt: views answer that they are not built until they are; another
// process then reads them.
func notBuilt(t *testing.T, e *engine) {
	w := NewWorld(t)
	w.Lives(1, Start, 0, 5)
	place := e.place()
	s := NewSide(t, w, place, e.open)
	ctx := t.Context()
	for what, err := range asked(t, s.Views) {
		if !errors.Is(err, projections.ErrNotBuilt) {
			t.Errorf("%s before the first build: %v", what, err)
		}
	}
	for _, st := range must(s.Views.Status(ctx)) {
		if st.Lag == 0 || st.Rebuilding {
			t.Errorf("before the first build: %+v", st)
		}
	}
	s.Views.Close()
	Started(t, w, place, e.open).Views.Close()

	ro := e.open(t, place, Options{ReadOnly: true})
	defer ro.Close()
	if _, ok, err := ro.ByCode(t.Context(), domain.FoldCode("H99.14-260105-0002")); !ok || err != nil {
		t.Fatalf("read-only look-up: %v, %v", ok, err)
	}
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	if err := ro.Wait(ctx, projections.DossierProjection, eventlog.Position{Commit: 1 << 40, Prepare: 1 << 40}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Wait for a position that does not come: %v", err)
	}
}
