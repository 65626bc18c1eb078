package viewtest

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"

	"hoso/projections"
)

// unreliable is a store whose transactions fail now and then: before the
// commit, so that nothing was written, or after it, so that all was.
type unreliable struct {
	projections.Store
	mu     sync.Mutex
	rnd    *rand.Rand
	failed int
}

func (u *unreliable) Serving(ctx context.Context) (projections.Generation, string, error) {
	return servingBetween(ctx, u.Store, u.update)
}

// between is a generation with something between it and who updates it.
type between struct {
	projections.Generation
	update func(context.Context, projections.Generation, func(projections.Documents) error) error
}

func (b between) Update(ctx context.Context, apply func(projections.Documents) error) error {
	return b.update(ctx, b.Generation, apply)
}

// servingBetween gives what serves in a store, with something in between.
func servingBetween(ctx context.Context, s projections.Store, update func(context.Context, projections.Generation, func(projections.Documents) error) error) (projections.Generation, string, error) {
	g, why, err := s.Serving(ctx)
	if g == nil {
		return nil, why, err
	}
	return between{g, update}, why, err
}

var errFault = errors.New("the disk is away for a moment")

func (u *unreliable) update(ctx context.Context, g projections.Generation, apply func(projections.Documents) error) error {
	u.mu.Lock()
	fault := u.rnd.IntN(4)
	if fault < 2 {
		u.failed++
	}
	u.mu.Unlock()
	err := g.Update(ctx, func(docs projections.Documents) error {
		if err := apply(docs); err != nil || fault != 0 {
			return err
		}
		return errFault
	})
	if err == nil && fault == 1 {
		return errFault
	}
	return err
}

// passingFaults: half of all transactions fail, before or
// after their commit, and the documents are still those of a rebuild.
func passingFaults(t *testing.T, e *engine) {
	w := NewWorld(t)
	place := e.place()
	Started(t, w, place, e.open).Views.Close()
	s := NewSide(t, w, place, e.open)
	logger := slog.New(slog.DiscardHandler)
	var stores []*unreliable
	s.Runners = nil
	for i, name := range Names {
		u := &unreliable{Store: s.Views.Store(name), rnd: rand.New(rand.NewPCG(uint64(i), 1))}
		stores = append(stores, u)
		s.Runners = append(s.Runners, projections.NewRunner(s.Feed, u, logger))
	}
	if err := projections.Start(t.Context(), nil, s.Runners...); err != nil {
		t.Fatal(err)
	}
	stop := s.Follow()
	for i, at := 0, Start; i < 60; i += 10 { // each at least a batch
		at = w.Lives(uint64(i), at, i, i+10)
		s.CaughtUp()
	}
	stop()
	for _, u := range stores {
		if u.failed == 0 {
			t.Errorf("%s met no fault", u.Name())
		}
	}
	Same(t, "after the faults", s.Dump(), e.fresh(t, w))
}
