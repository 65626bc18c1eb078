package viewtest

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"

	"hoso/projections"
	"hoso/projections/projtest"
)

// unseen is a store beside which another process writes, and that for a while
// cannot say what serves.
type unseen struct {
	projections.Store
	hidden atomic.Bool
}

func (u *unseen) Turn(bool) context.Context { return nil }

func (u *unseen) Serving(ctx context.Context) (projections.Generation, string, error) {
	if u.hidden.Load() {
		return nil, "", errFault
	}
	return u.Store.Serving(ctx)
}

// whatIsNotSeenIsNotGone: where it cannot be seen what serves, a rebuild leaves
// it, with what is set aside there.
func whatIsNotSeenIsNotGone(t *testing.T, e *engine) {
	w := NewWorld(t)
	s := e.started(t, w)
	w.Lives(1, Start, 0, 5)
	stop := s.Follow()
	s.CaughtUp()
	stop()
	if err := s.Runners[0].Park(t.Context(), projtest.ID("dossier", 1), "thử"); err != nil {
		t.Fatal(err)
	}
	u := &unseen{Store: s.Views.Store(Names[0])}
	r := projections.NewRunner(s.Feed, u, slog.New(slog.DiscardHandler))
	if err := projections.Start(t.Context(), nil, r); err != nil {
		t.Fatal(err)
	}
	u.hidden.Store(true)
	if err := projections.Rebuild(t.Context(), nil, r); !errors.Is(err, errFault) {
		t.Error("built anew over what could not be seen:", err)
	}
	u.hidden.Store(false)
	parked, err := r.Parked(t.Context())
	if err != nil || len(parked) != 1 || !parked[0].ByHand {
		t.Errorf("what was set aside by hand: %v, %v", parked, err)
	}
}
