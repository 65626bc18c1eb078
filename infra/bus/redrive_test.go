package bus_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/infra/bus"
	"hoso/projections"
	"hoso/projections/projtest"
)

// clerk is a reaction's handler that fails as it is told to.
type clerk struct {
	mu    sync.Mutex
	fails map[string]error // by stream
	seen  []string
}

func (c *clerk) reaction(name string) bus.Reaction {
	return bus.NewReaction(name, []string{"dossier.submitted"}, func(_ context.Context, d codec.Decoded) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.seen = append(c.seen, d.Stream)
		return c.fails[d.Stream]
	})
}

func (c *clerk) set(stream string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fails[stream], c.seen = err, nil
}

func (c *clerk) told() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.seen)
}

// poisonedBy submits n dossiers of which a reaction gives some up, and stops.
func poisonedBy(t *testing.T, r *reactions, c *clerk, n int) []bus.Poison {
	t.Helper()
	for i := range n {
		r.w.Append(streams(i)[0], start.Add(time.Duration(i)*time.Hour), projtest.Submission(i))
	}
	ledger, stop := r.start(t, c.reaction("notify"))
	var list []bus.Poison
	until(t, fmt.Sprintf("%d events are given up, and all seen", len(c.fails)), func() (ok bool) {
		var err error
		if list, err = ledger.Poisoned(t.Context()); err != nil {
			t.Fatal(err)
		}
		return len(list) == len(c.fails) && len(c.told()) >= n
	})
	stop()
	return list
}

// TestRetryBesideTheServer: what somebody asks for through a second ledger, as
// another process does, the running server tries once; what fails again stays,
// with the new reason, until somebody asks again.
func TestRetryBesideTheServer(t *testing.T) {
	r := newReactions(t)
	c := &clerk{fails: map[string]error{streams(1)[0]: errors.New("no"), streams(2)[0]: errors.New("no"), streams(4)[0]: errors.New("no")}}
	poisonedBy(t, r, c, 6)
	ledger, _ := r.start(t, c.reaction("notify"))
	second, err := bus.OpenLedger(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	c.set(streams(1)[0], nil)
	c.set(streams(4)[0], errors.New("still not"))
	list, err := second.Poisoned(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Retry(t.Context(), list[0], list[2]); err != nil {
		t.Fatal(err)
	}
	tried := func() []string { // but for the last, which may be told again: the stop came before that was noted
		return slices.DeleteFunc(c.told(), func(s string) bool { return s == streams(5)[0] })
	}
	until(t, "both were tried", func() bool { return len(tried()) == 2 })
	until(t, "the ledger says so", func() bool {
		list, err = ledger.Poisoned(t.Context())
		return err == nil && len(list) == 2 && list[1].Reason == "still not"
	})
	if list[0].Stream != streams(2)[0] || list[0].Reason != "no" || list[0].Retry || list[1].Retry {
		t.Errorf("the list is %+v", list)
	}
	time.Sleep(20 * time.Millisecond)
	if got := tried(); !slices.Equal(got, streams(1, 4)) {
		t.Errorf("tried %v, want dossiers 1 and 4, once", got)
	}
}

// TestRetryWithoutServer: Redrive tries what is asked for in the log's order.
// What passes stays asked for; what cannot be found is forgotten; a reaction
// that is no more stays on the list as it was.
func TestRetryWithoutServer(t *testing.T) {
	r := newReactions(t)
	c := &clerk{fails: map[string]error{streams(0)[0]: errors.New("no"), streams(1)[0]: errors.New("no"), streams(2)[0]: errors.New("no")}}
	list := poisonedBy(t, r, c, 3)
	ledger, err := bus.OpenLedger(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer ledger.Close()
	feed := projections.NewFeed(r.w.Log, r.w.Codec, r.logger)
	redrive := func(log eventlog.Log, reaction string) ([]bus.Redriven, error) {
		all, err := bus.NewReactions(log, feed, ledger, r.logger, c.reaction(reaction))
		if err != nil {
			t.Fatal(err)
		}
		return all.Redrive(t.Context())
	}
	if done, err := redrive(r.w.Log, "notify"); err != nil || len(done) != 0 {
		t.Errorf("tried %v, %v, and nobody asked", done, err)
	}
	ask := func() {
		if err := ledger.Retry(t.Context(), list...); err != nil {
			t.Fatal(err)
		}
	}
	ask()
	c.set(streams(0)[0], nil)
	c.set(streams(1)[0], fmt.Errorf("draw: %w", eventlog.ErrUnavailable))
	if done, err := redrive(r.w.Log, "notify"); !errors.Is(err, eventlog.ErrUnavailable) || len(done) != 1 || done[0].Err != nil {
		t.Errorf("%+v, %v; want one done, and then the fault", done, err)
	}
	left, err := ledger.Poisoned(t.Context())
	if err != nil || len(left) != 2 || !left[0].Retry || !left[1].Retry {
		t.Errorf("%+v, %v; want two that are still asked for", left, err)
	}
	if done, err := redrive(r.w.Log, "notified"); err != nil || len(done) != 2 || done[0].Err == nil {
		t.Errorf("an unknown reaction: %+v, %v", done, err)
	}
	if left, err = ledger.Poisoned(t.Context()); err != nil || len(left) != 2 || left[0].Retry || left[0].Reason != "no" {
		t.Errorf("an unknown reaction leaves %+v, %v", left, err)
	}
	ask()
	other := newReactions(t) // a log without these events
	if done, err := redrive(other.w.Log, "notify"); err != nil || len(done) != 0 {
		t.Errorf("%+v, %v; a log that does not reach as far tells nothing", done, err)
	}
	if left, err = ledger.Poisoned(t.Context()); err != nil || len(left) != 2 || !left[0].Retry || !left[1].Retry {
		t.Errorf("behind the head: %+v is left, %v", left, err)
	}
	for i := range 6 {
		other.w.Append(streams(i + 10)[0], start.Add(time.Duration(i)*time.Hour), projtest.Submission(i))
	}
	done, err := redrive(other.w.Log, "notify")
	if err != nil || len(done) != 2 || !errors.Is(done[0].Err, bus.ErrGone) {
		t.Errorf("%+v, %v; want both gone", done, err)
	}
	if left, err = ledger.Poisoned(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("%+v is left, %v", left, err)
	}
}

// TestRetryAfterAMove: in the log that was moved the event has another position,
// and its place in its stream is the same.
func TestRetryAfterAMove(t *testing.T) {
	r := newReactions(t)
	c := &clerk{fails: map[string]error{streams(1)[0]: errors.New("no")}}
	list := poisonedBy(t, r, c, 3)
	ledger, err := bus.OpenLedger(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer ledger.Close()
	moved := newReactions(t)
	for _, i := range []int{5, 6, 1, 0, 2} {
		moved.w.Append(streams(i)[0], start, projtest.Submission(i))
	}
	c.set(streams(1)[0], nil)
	if err := ledger.Retry(t.Context(), list...); err != nil {
		t.Fatal(err)
	}
	all, err := bus.NewReactions(moved.w.Log, projections.NewFeed(moved.w.Log, moved.w.Codec, moved.logger), ledger, r.logger, c.reaction("notify"))
	if err != nil {
		t.Fatal(err)
	}
	done, err := all.Redrive(t.Context())
	if err != nil || len(done) != 1 || done[0].Err != nil || !slices.Equal(c.told(), streams(1)) {
		t.Errorf("%+v, %v; the reaction saw %v", done, err, c.told())
	}
}
