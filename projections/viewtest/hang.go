package viewtest

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"hoso/projections"
	"hoso/projections/projtest"
)

// hanging is a store that does not come to an end with a transaction until it
// is let go.
type hanging struct {
	projections.Store
	begun, letGo chan struct{}
}

func (h *hanging) Serving(ctx context.Context) (projections.Generation, string) {
	g, why := h.Store.Serving(ctx)
	if g == nil {
		return nil, why
	}
	return &hangingGeneration{g, h}, why
}

type hangingGeneration struct {
	projections.Generation
	of *hanging
}

func (g *hangingGeneration) Update(ctx context.Context, apply func(projections.Documents) error) error {
	select {
	case g.of.begun <- struct{}{}:
		<-g.of.letGo
	default: // one is on its way already, or nobody looks any more
	}
	return g.Generation.Update(ctx, apply)
}

// outageIsNotWaitedOut: while a batch hangs in the engine, an operator's
// questions and orders end when the operator's patience does.
func outageIsNotWaitedOut(t *testing.T, e *engine) {
	w := NewWorld(t)
	place := e.place()
	Started(t, w, place, e.open).Views.Close()
	s := NewSide(t, w, place, e.open)
	h := &hanging{Store: s.Views.Store(Names[0]), begun: make(chan struct{}), letGo: make(chan struct{})}
	r := projections.NewRunner(s.Feed, h, slog.New(slog.DiscardHandler))
	s.Runners[0] = r
	if err := projections.Start(t.Context(), nil, s.Runners...); err != nil {
		t.Fatal(err)
	}
	stop := s.Follow()
	w.Lives(1, Start, 0, 5)
	<-h.begun
	for what, ask := range map[string]func(context.Context) error{
		"list":    func(ctx context.Context) error { _, err := r.Parked(ctx); return err },
		"park":    func(ctx context.Context) error { return r.Park(ctx, projtest.ID("dossier", 1), "thử") },
		"unpark":  func(ctx context.Context) error { _, err := r.Unpark(ctx, projtest.ID("dossier", 1)); return err },
		"rebuild": func(ctx context.Context) error { return projections.Rebuild(ctx, nil, r) },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		began := time.Now()
		if err := ask(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 5*time.Second {
			t.Errorf("%s in an outage: %v after %v", what, err, time.Since(began))
		}
		cancel()
	}
	close(h.letGo)
	s.CaughtUp()
	stop()
	Same(t, "after the outage", s.Dump(), e.fresh(t, w))
}
