package viewtest

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"hoso/projections"
	"hoso/projections/projtest"
)

// hanging is a store that does not come to an end with a transaction until it
// is let go.
type hanging struct {
	projections.Store
	begun, letGo, back chan struct{}
	armed              atomic.Bool // the next transaction hangs
}

func (h *hanging) Previous(ctx context.Context) (projections.Generation, string, error) {
	h.back <- struct{}{}
	return h.Store.Previous(ctx)
}

func (h *hanging) Serving(ctx context.Context) (projections.Generation, string, error) {
	return servingBetween(ctx, h.Store, h.update)
}

func (h *hanging) update(ctx context.Context, g projections.Generation, apply func(projections.Documents) error) error {
	if h.armed.CompareAndSwap(true, false) {
		close(h.begun)
		<-h.letGo
	}
	return g.Update(ctx, apply)
}

// outageIsNotWaitedOut: while a batch hangs in the engine, an operator's
// questions and orders end when the operator's patience does.
func outageIsNotWaitedOut(t *testing.T, e *engine) {
	w := NewWorld(t)
	place := e.place()
	Started(t, w, place, e.open).Views.Close()
	s := NewSide(t, w, place, e.open)
	h := &hanging{Store: s.Views.Store(Names[0]), begun: make(chan struct{}), letGo: make(chan struct{}), back: make(chan struct{}, 1)}
	r := projections.NewRunner(s.Feed, h, slog.New(slog.DiscardHandler))
	s.Runners[0] = r
	if err := projections.Start(t.Context(), nil, s.Runners...); err != nil {
		t.Fatal(err)
	}
	if err := projections.Rebuild(t.Context(), nil, r); err != nil { // there is one to go back to
		t.Fatal(err)
	}
	stop := s.Follow()
	h.armed.Store(true)
	w.Lives(1, Start, 0, 5)
	<-h.begun
	for what, ask := range map[string]func(context.Context) error{
		"list":   func(ctx context.Context) error { _, err := r.Parked(ctx); return err },
		"park":   func(ctx context.Context) error { return r.Park(ctx, projtest.ID("dossier", 1), "thử") },
		"unpark": func(ctx context.Context) error { _, err := r.Unpark(ctx, projtest.ID("dossier", 1)); return err },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		began := time.Now()
		if err := ask(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 5*time.Second {
			t.Errorf("%s in an outage: %v after %v", what, err, time.Since(began))
		}
		cancel()
	}
	// A roll-back waits for the serving one too, and nobody for a roll-back.
	ctx, cancel := context.WithCancel(t.Context())
	back := make(chan error, 1)
	go func() { back <- r.RollBack(ctx) }()
	<-h.back
	if err := r.RollBack(t.Context()); !errors.Is(err, projections.ErrRebuilding) {
		t.Error("two roll-backs at once:", err)
	}
	short, giveUp := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer giveUp()
	if err := projections.Rebuild(short, nil, r); !errors.Is(err, context.DeadlineExceeded) {
		t.Error("a rebuild beside a roll-back:", err)
	}
	cancel()
	if err := <-back; err == nil {
		t.Error("rolled back in an outage")
	}
	close(h.letGo)
	s.CaughtUp()
	stop()
	Same(t, "after the outage", s.Dump(), e.fresh(t, w))
}
