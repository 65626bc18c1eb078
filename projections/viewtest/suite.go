// Package viewtest is the contract suite of a view store: what every engine
// that keeps the read side must do. An engine's tests call Run.
package viewtest

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/projections"
	"hoso/projections/projtest"
)

// Views is a view store under test.
type Views interface {
	projections.Views
	// Store is where the named projection's runner writes.
	Store(name string) projections.Store
	Stores(name string) []projections.Store
	Close() error
}

// Options say how a store is opened.
type Options struct {
	Proofs   projections.Proofs
	Head     func(context.Context) (eventlog.Position, error)
	Log      uuid.UUID // of which answers must be
	Logger   *slog.Logger
	ReadOnly bool // beside whoever writes
}

// Open opens the views kept at a place: nothing is there when its name, of
// letters and digits, is used first; later what the last one left. The engine clears it
// away at the test's end.
type Open func(t testing.TB, place string, o Options) Views

// Names are the projections, in the order in which runners are made.
var Names = []string{projections.DossierProjection, projections.SearchProjection, projections.TimelineProjection, projections.TimesProjection}

// Start is a Monday, 08:00 in Viet Nam: when the tests' logs begin.
var Start = time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC)

// Run runs the suite, or the named cases of it alone.
func Run(t *testing.T, open Open, only ...string) {
	e := &engine{open: open}
	for _, c := range []struct {
		name string
		test func(*testing.T, *engine)
	}{
		{"search folds and filters", searchFoldsAndFilters},
		{"facets", facets},
		{"facets with many values", manyValues},
		{"queues", queues},
		{"look-ups", lookUps},
		{"look-ups in odd cases", oddLookUps},
		{"cursors are stable", cursorsAreStable},
		{"times", times},
		{"not built", notBuilt},
		{"followed equals rebuilt", followedEqualsRebuilt},
		{"poison parks only its dossier", poisonParks},
		{"runners at different positions", differentPositions},
		{"duplicates and gaps", duplicatesAndGaps},
		{"key store fault", keyStoreFault},
		{"passing faults are waited out", passingFaults},
		{"an outage is not waited out", outageIsNotWaitedOut},
		{"what is not seen is not gone", whatIsNotSeenIsNotGone},
		{"rebuild beside the serving view", rebuildBeside},
		{"rebuild refuses to lose a dossier", rebuildRefuses},
		{"a panic in a rebuild", panicsInRebuild},
		{"a rebuild in several goes", rebuiltInGoes},
		{"another log is noticed", anotherLog},
		{"a position that the log does not know", foreignPosition},
		{"positions of answers", positions},
		{"erasure reaches every answer", erasure},
		{"erasure reaches dossiers set aside", erasureOfParked},
		{"set aside by hand", asideByHand},
		{"going back", rollBack},
		{"rebuild past an erasure", erasureUnseen},
	} {
		if len(only) > 0 && !slices.Contains(only, c.name) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, e)
		})
	}
}

type engine struct {
	open   Open
	places atomic.Int64
}

// place names one that was never used.
func (e *engine) place() string { return fmt.Sprint("p", e.places.Add(1)) }

// Side is a read side over a world's log.
type Side struct {
	Views   Views
	Feed    *projections.Feed
	Runners []*projections.Runner
	Said    *Said // what was logged

	t testing.TB
	w *projtest.World
}

// Said is a log's text. Safe for concurrent use.
type Said struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (s *Said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// String is all that was said so far.
func (s *Said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// Proofs are the tests' keyed hashes, without a key.
func Proofs() projections.Proofs {
	return projections.Proofs{
		ID:    func(n string) string { return fmt.Sprintf("id:%x", reversed(n)) },
		Phone: func(n string) string { return fmt.Sprintf("phone:%x", reversed(n)) },
	}
}

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j]^0x5a, b[i]^0x5a
	}
	return string(b)
}

// NewSide opens a read side without starting it.
func NewSide(t testing.TB, w *projtest.World, place string, open Open) *Side {
	t.Helper()
	s := &Side{t: t, w: w, Said: &Said{}}
	logger := slog.New(slog.NewTextHandler(s.Said, nil))
	s.Views = open(t, place, Options{Proofs: Proofs(), Head: w.Log.Head, Log: w.Log.ID(), Logger: logger})
	t.Cleanup(func() { s.Views.Close() })
	s.Feed = projections.NewFeed(w.Log, w.Codec, logger)
	for _, name := range Names {
		for _, store := range s.Views.Stores(name) {
			s.Runners = append(s.Runners, projections.NewRunner(s.Feed, store, logger))
		}
	}
	return s
}

// Started opens a read side and builds what is missing.
func Started(t testing.TB, w *projtest.World, place string, open Open) *Side {
	t.Helper()
	s := NewSide(t, w, place, open)
	if err := projections.Start(t.Context(), nil, s.Runners...); err != nil {
		t.Fatal(err)
	}
	return s
}

func (e *engine) started(t testing.TB, w *projtest.World) *Side {
	t.Helper()
	return Started(t, w, e.place(), e.open)
}

// caught starts views on what the log holds and follows it.
func (e *engine) caught(t *testing.T, w *projtest.World) *Side {
	t.Helper()
	s := e.started(t, w)
	t.Cleanup(s.Follow())
	s.CaughtUp()
	return s
}

// Follow lets all runners run until the returned function is called.
func (s *Side) Follow() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, r := range s.Runners {
		running.Go(func() { r.Run(ctx) })
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// Crash leaves the views as a process that dies: files stay open, as they are
// left to the system, and are opened anew beside that.
func (s *Side) Crash() {
	if shared, ok := s.Views.(interface{ Crash() }); ok {
		shared.Crash()
	}
}

// CaughtUp waits until every view has seen the log's end.
func (s *Side) CaughtUp() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	head, err := s.w.Log.Head(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, name := range Names {
		if err := s.Views.Wait(ctx, name, head); err != nil {
			s.t.Fatalf("%s does not reach %s: %v\n%s", name, head, err, s.Said)
		}
	}
}

// NewWorld makes a world with a catalogue.
func NewWorld(t testing.TB) *projtest.World {
	w := projtest.New(t, memory.New())
	w.Catalogue(Start.Add(-time.Hour))
	return w
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
