package elastic

import (
	"context"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"hoso/commands"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/infra/keys"
	"hoso/infra/simulate"
	"hoso/infra/starter"
	"hoso/projections"
	"hoso/projections/viewtest"
)

// Three months over Tết 2026.
var simFrom, simTo = time.Date(2026, 1, 4, 17, 0, 0, 0, time.UTC), time.Date(2026, 4, 5, 17, 0, 0, 0, time.UTC)

// seed decides the simulation.
const seed = 11

// rig is a log with the starter set, and what lives dossiers through it.
type rig struct {
	testing.TB
	log     eventlog.Log
	codec   codec.Codec
	clock   *simulate.Clock
	handler *commands.Handler
}

func newRig(t testing.TB, log eventlog.Log) *rig {
	t.Helper()
	store, err := keys.Open(t.TempDir(), keys.NewMaster())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	r := &rig{TB: t, log: log, clock: simulate.NewClock(simFrom)}
	r.codec = codec.Codec{Keys: store.Key, NewID: simulate.EventIDs(seed, eventlog.Position{})}
	catalogue, err := commands.OpenCatalogue(t.Context(), r.log, &r.codec)
	if err != nil {
		t.Fatal(err)
	}
	r.handler = commands.New(commands.Config{Log: r.log, Codec: &r.codec, Keys: store, Catalogue: catalogue, Now: r.clock.Now})
	if _, err := starter.Publish(t.Context(), r.handler); err != nil {
		t.Fatal(err)
	}
	return r
}

// simulate lives HOSO_DIFF_DOSSIERS dossiers through (500).
func (r *rig) simulate() {
	r.Helper()
	dossiers := 500
	if n, err := strconv.Atoi(os.Getenv("HOSO_DIFF_DOSSIERS")); err == nil {
		dossiers = n
	}
	_, err := simulate.Run(r.Context(), simulate.Options{Handler: r.handler, Clock: r.clock, Seed: seed, Dossiers: dossiers, From: simFrom, To: simTo})
	if err != nil {
		r.Fatal(err)
	}
}

// follow starts views on the log and follows it; the returned function waits
// until they have seen its end, and stops.
func (r *rig) follow(v viewtest.Views) (caughtUp func()) {
	r.Helper()
	quiet := slog.New(slog.DiscardHandler)
	feed := projections.NewFeed(r.log, r.codec, quiet)
	var runners []*projections.Runner
	for _, name := range viewtest.Names {
		runners = append(runners, projections.NewRunner(feed, v.Store(name), quiet))
	}
	if err := projections.Start(r.Context(), nil, runners...); err != nil {
		r.Fatal(err)
	}
	ctx, stop := context.WithCancel(r.Context())
	var running sync.WaitGroup
	for _, one := range runners {
		running.Go(func() { one.Run(ctx) })
	}
	return func() {
		head, err := r.log.Head(ctx)
		if err != nil {
			r.Fatal(err)
		}
		for _, name := range viewtest.Names {
			if err := v.Wait(ctx, name, head); err != nil {
				r.Fatal(err)
			}
		}
		stop()
		running.Wait()
	}
}
