package bus_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/infra/bus"
	"hoso/projections/projtest"
)

// TestStoppedLogIsNoPoison: while the log takes no writes, e.g. on a full disk,
// no event is given up; after a restart each is handled.
func TestStoppedLogIsNoPoison(t *testing.T) {
	for _, fault := range []error{eventlog.ErrStopped, eventlog.ErrAmbiguous} {
		r := newReactions(t)
		r.w.Append(projtest.Stream(projtest.ID("dossier", 1)), start, projtest.Submission(1))
		var tries atomic.Int64
		var sound atomic.Bool
		reaction := bus.NewReaction("finish", []string{"dossier.submitted"}, func(context.Context, codec.Decoded) error {
			tries.Add(1)
			if !sound.Load() {
				return fmt.Errorf("draw a code: %w", fault)
			}
			return nil
		})
		ledger, stop := r.start(t, reaction)
		until(t, "two rounds of tries", func() bool { return tries.Load() > 12 })
		if poisoned, err := ledger.Poisoned(t.Context()); err != nil || len(poisoned) != 0 {
			t.Errorf("the poison queue holds %+v, %v", poisoned, err)
		}
		stop()
		sound.Store(true)
		before := tries.Load()
		r.start(t, reaction)
		until(t, "the event is handled", func() bool { return tries.Load() == before+1 })
	}
}
