package bus_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/infra/bus"
	"hoso/infra/sqlite"
	"hoso/projections"
	"hoso/projections/projtest"
)

var start = time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC)

// buffer is a log for people that several goroutines write.
type buffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// running runs something until the test's end or stop, whichever comes first.
func running(t *testing.T, run func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-done:
				if err != nil {
					t.Errorf("Run ends with %v", err)
				}
			case <-time.After(patience):
				t.Error("Run does not end")
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

// patience bounds every wait for something that must happen, however busy the machine is.
const patience = 2 * time.Minute

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come to pass: " + what)
		}
	}
}

// TestProjectionsOverTheBus: batches reach all four projections, and stopping
// leaves nothing behind.
func TestProjectionsOverTheBus(t *testing.T) {
	defer goleak.VerifyNone(t)
	w := projtest.New(t, memory.New())
	w.Catalogue(start)
	logger := slog.New(slog.DiscardHandler)
	views, err := sqlite.OpenViews(t.TempDir(), false, sqlite.ViewsOptions{Head: w.Log.Head, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	defer views.Close()
	feed := projections.NewFeed(w.Log, w.Codec, logger)
	var runners []*projections.Runner
	for _, name := range []string{projections.DossierProjection, projections.SearchProjection, projections.TimelineProjection, projections.TimesProjection} {
		runners = append(runners, projections.NewRunner(feed, views.Store(name), logger))
	}
	if err := projections.Start(t.Context(), nil, runners...); err != nil {
		t.Fatal(err)
	}
	all, err := bus.NewProjections(logger, runners...)
	if err != nil {
		t.Fatal(err)
	}
	stop := running(t, all.Run)
	w.Lives(1, start, 0, 80)
	head, _ := w.Log.Head(t.Context())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, r := range runners {
		if err := views.Wait(ctx, r.Name(), head); err != nil {
			t.Fatal(err)
		}
	}
	report, err := views.Times(t.Context(), projections.TimesQuery{})
	if err != nil || report.Groups[0].Received != 80 {
		t.Fatalf("%+v, %v; want 80 received", report, err)
	}
	stop()
}

type reactions struct {
	w      *projtest.World
	dir    string
	logger *slog.Logger
	said   *buffer
}

func (r *reactions) start(t *testing.T, list ...bus.Reaction) (ledger *bus.Ledger, stop func()) {
	t.Helper()
	ledger, err := bus.OpenLedger(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	all, err := bus.NewReactions(r.w.Log, projections.NewFeed(r.w.Log, r.w.Codec, r.logger), ledger, r.logger, list...)
	if err != nil {
		t.Fatal(err)
	}
	halt := running(t, all.Run)
	stop = sync.OnceFunc(func() {
		halt()
		if err := ledger.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return ledger, stop
}

func newReactions(t *testing.T) *reactions {
	r := &reactions{w: projtest.New(t, memory.New()), dir: t.TempDir(), said: &buffer{}}
	r.logger = slog.New(slog.NewTextHandler(r.said, nil))
	return r
}

// TestReactionSeesEachEventOnceInOrder also over a restart.
func TestReactionSeesEachEventOnceInOrder(t *testing.T) {
	r := newReactions(t)
	var mu sync.Mutex
	var seen []string
	reaction := bus.NewReaction("finish", []string{"dossier.submitted", "dossier.decided"}, func(_ context.Context, d codec.Decoded) error {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, d.Position.String())
		return nil
	})
	count := func() int { mu.Lock(); defer mu.Unlock(); return len(seen) }
	want := 0
	at := start
	for round := range 3 {
		_, stop := r.start(t, reaction)
		at = r.w.Lives(uint64(round), at, round*40, round*40+40)
		want = r.count(t, "dossier.submitted", "dossier.decided")
		until(t, fmt.Sprintf("%d events seen", want), func() bool { return count() >= want })
		stop()
	}
	if count() != want {
		t.Errorf("%d events seen, want %d", count(), want)
	}
	if !slices.Equal(seen, r.positions(t, "dossier.submitted", "dossier.decided")) {
		t.Error("they were not seen in the log's order, each once")
	}
}

func (r *reactions) count(t *testing.T, types ...string) int { return len(r.positions(t, types...)) }

func (r *reactions) positions(t *testing.T, types ...string) (out []string) {
	t.Helper()
	for b, err := range r.w.Log.Subscribe(t.Context(), eventlog.Position{}, eventlog.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range b.Events {
			if slices.Contains(types, e.Type) {
				out = append(out, e.Position.String())
			}
		}
		if b.Live {
			break
		}
	}
	return out
}

// TestReactionPoison: an event that always fails, or panics, is given up after
// five more tries and written down; those after it are handled; a fault that
// passes costs nothing.
func TestReactionPoison(t *testing.T) {
	r := newReactions(t)
	for n := range 4 {
		r.w.Append(projtest.Stream(projtest.ID("dossier", n)), start.Add(time.Duration(n)*time.Hour), projtest.Submission(n))
	}
	var mu sync.Mutex
	tries := map[string]int{}
	ledger, _ := r.start(t, bus.NewReaction("notify", []string{"dossier.submitted"}, func(_ context.Context, d codec.Decoded) error {
		mu.Lock()
		defer mu.Unlock()
		tries[d.Stream]++
		switch d.Stream {
		case projtest.Stream(projtest.ID("dossier", 1)):
			return errors.New("the gateway says no")
		case projtest.Stream(projtest.ID("dossier", 2)):
			if tries[d.Stream] == 1 {
				panic("a defect")
			}
		}
		return nil
	}))
	last := projtest.Stream(projtest.ID("dossier", 3))
	until(t, "the last event is handled", func() bool { mu.Lock(); defer mu.Unlock(); return tries[last] == 1 })
	poisoned, err := ledger.Poisoned(t.Context())
	if err != nil || len(poisoned) != 1 || poisoned[0].Reaction != "notify" || poisoned[0].Reason != "the gateway says no" ||
		poisoned[0].Stream != projtest.Stream(projtest.ID("dossier", 1)) || poisoned[0].Type != "dossier.submitted" {
		t.Errorf("the poison queue holds %+v, %v", poisoned, err)
	}
	mu.Lock()
	defer mu.Unlock()
	for n, want := range []int{1, 6, 2, 1} {
		if got := tries[projtest.Stream(projtest.ID("dossier", n))]; got != want {
			t.Errorf("event %d was tried %d times, want %d", n, got, want)
		}
	}
	if !strings.Contains(r.said.String(), "gave an event up") {
		t.Error("giving up was not said")
	}
}

// TestStoppingIsNoPoison: a handler that is interrupted by the stop sees its
// event again after the start.
func TestStoppingIsNoPoison(t *testing.T) {
	r := newReactions(t)
	r.w.Append(projtest.Stream(projtest.ID("dossier", 1)), start, projtest.Submission(1))
	began := make(chan bool, 10)
	patient := true
	reaction := bus.NewReaction("pay", []string{"dossier.submitted"}, func(ctx context.Context, _ codec.Decoded) error {
		began <- true
		if patient {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	})
	_, stop := r.start(t, reaction)
	<-began
	stop()
	patient = false
	ledger, _ := r.start(t, reaction)
	<-began
	if poisoned, err := ledger.Poisoned(t.Context()); err != nil || len(poisoned) != 0 {
		t.Errorf("the poison queue holds %+v, %v", poisoned, err)
	}
}

// TestReactionWaitsForKeys: a key store that does not answer is no poison either.
func TestReactionWaitsForKeys(t *testing.T) {
	r := newReactions(t)
	r.w.Append(projtest.Stream(projtest.ID("dossier", 1)), start, projtest.Submission(1))
	r.w.KeysDown(errors.New("the key store is locked"))
	seen := make(chan string, 1)
	ledger, _ := r.start(t, bus.NewReaction("notify", []string{"dossier.submitted"}, func(_ context.Context, d codec.Decoded) error {
		seen <- d.Type
		return nil
	}))
	until(t, "the fault is said", func() bool { return strings.Contains(r.said.String(), "the key store is locked") })
	r.w.KeysDown(nil)
	<-seen
	if poisoned, err := ledger.Poisoned(t.Context()); err != nil || len(poisoned) != 0 {
		t.Errorf("the poison queue holds %+v, %v", poisoned, err)
	}
}
