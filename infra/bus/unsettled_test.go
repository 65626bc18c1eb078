package bus_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/infra/bus"
	"hoso/projections/projtest"
)

// submissions writes submitted dossiers; those that numbered names get a code
// a few events later, as where several are submitted at once.
func (r *reactions) submissions(from, to int, numbered func(int) bool) {
	number := func(n int) {
		if n >= from && numbered(n) {
			r.w.Append(projtest.Stream(projtest.ID("dossier", n)), start.Add(time.Duration(n)*time.Second),
				domain.Numbered{Code: fmt.Sprintf("H99.14-260105-%04d", n), Agency: "H99.14", Day: "260105", Number: n})
		}
	}
	const apart = 7
	for n := from; n < to+apart; n++ {
		if n < to {
			r.w.Append(projtest.Stream(projtest.ID("dossier", n)), start.Add(time.Duration(n)*time.Second), projtest.Submission(n))
		}
		number(n - apart)
	}
}

// finisher notes what a reaction that a code settles was told, and fails to
// come back from the event that blocks until the stop.
type finisher struct {
	mu    sync.Mutex
	seen  []string
	block string
	stuck chan bool
}

func (f *finisher) reaction() bus.Reaction {
	return bus.NewReaction("finish", []string{"dossier.submitted"}, func(ctx context.Context, d codec.Decoded) error {
		f.mu.Lock()
		f.seen = append(f.seen, d.Stream)
		block := d.Stream == f.block
		f.mu.Unlock()
		if block {
			f.stuck <- true
			<-ctx.Done()
			return errors.New("stopped")
		}
		return nil
	}).SettledBy("dossier.numbered")
}

func (f *finisher) told() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.seen)
}

func streams(numbers ...int) (out []string) {
	for _, n := range numbers {
		out = append(out, projtest.Stream(projtest.ID("dossier", n)))
	}
	return out
}

// TestSettledEventsAreSpared: on a log written without a server the reaction
// hears of the few submissions without a code, in order, and of nothing else;
// after that of everything new, at once.
func TestSettledEventsAreSpared(t *testing.T) {
	r := newReactions(t)
	without := []int{3, 777, 1998, 1999}
	r.submissions(0, 2000, func(n int) bool { return !slices.Contains(without, n) })
	f := &finisher{}
	ledger, stop := r.start(t, f.reaction())
	until(t, "the head is reached", func() bool { return len(f.told()) >= len(without) })
	live := projtest.Stream(projtest.ID("dossier", 5000))
	r.w.Append(live, start.Add(time.Hour), projtest.Submission(5000))
	want := append(streams(without...), live)
	until(t, "the new one is told", func() bool { return len(f.told()) >= len(want) })
	if got := f.told(); !slices.Equal(got, want) {
		t.Errorf("told of %d events, want %d: %v", len(got), len(want), got)
	}
	stop()
	if _, stop = r.start(t, f.reaction()); true {
		time.Sleep(50 * time.Millisecond)
		stop()
	}
	if got := f.told(); len(got) != len(want) {
		t.Errorf("told again after a restart: %d", len(got)-len(want))
	}
	if poisoned, err := ledger.Poisoned(context.Background()); err == nil && len(poisoned) != 0 {
		t.Errorf("given up: %+v", poisoned)
	}
}

// TestUnsettledEventsSurviveAStop: wherever the reaction is stopped on its way
// through the log, with more held back than it may hold, each submission
// without a code is told of afterwards.
func TestUnsettledEventsSurviveAStop(t *testing.T) {
	const all = 2600
	without := func(n int) bool { return n%2 == 0 }
	for _, at := range []int{0, 2, 1300, all - 2} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			r := newReactions(t)
			r.submissions(0, all, func(n int) bool { return !without(n) })
			f := &finisher{block: streams(at)[0], stuck: make(chan bool, 10)}
			_, stop := r.start(t, f.reaction())
			<-f.stuck
			stop()
			f.mu.Lock()
			before := len(f.seen)
			f.block = ""
			f.mu.Unlock()
			last := streams(all - 2)[0]
			r.start(t, f.reaction())
			until(t, "the last one is told", func() bool { seen := f.told(); return len(seen) > before && seen[len(seen)-1] == last })
			seen := f.told()
			for n := 0; n < all; n++ {
				if got := slices.Contains(seen, streams(n)[0]); got != without(n) {
					t.Fatalf("dossier %d, without a code %v: told %v", n, without(n), got)
				}
			}
			if again := seen[before:]; again[0] != streams(at)[0] || len(seen) != all/2+1 {
				t.Errorf("it goes on at %s with %d tellings in all, want the event it was stopped at and %d", again[0], len(seen), all/2+1)
			}
		})
	}
}
