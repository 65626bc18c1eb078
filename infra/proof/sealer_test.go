package proof_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/infra/proof"
	"hoso/infra/sqlite"
)

func TestAnEmptyLogVerifiesAndIsNotSealed(t *testing.T) {
	w := newWorld(t, memory.New())
	if _, made, err := w.sealer.SealNow(ctx); made || err != nil {
		t.Error("nothing was sealed", made, err)
	}
	if r := verify(t, w.log, proof.VerifyOptions{Key: w.signer.Public()}); !r.OK || r.Events != 0 || r.Roots != 0 || r.AfterLastRoot != 0 || r.KeyFromLog {
		t.Errorf("got %+v", r)
	}
}

func TestOneEventOneRoot(t *testing.T) {
	w := newWorld(t, memory.New())
	w.write(1, 1)
	if r := verify(t, w.log, proof.VerifyOptions{}); !r.OK || r.Events != 1 || r.AfterLastRoot != 1 || r.Streams != 1 {
		t.Errorf("before: %+v", r)
	}
	root := w.seal()
	if root.Size != 1 || root.LastStream != "dossier-0" || root.LastRevision != 0 || root.LogID != w.log.ID().String() {
		t.Errorf("got %+v", root)
	}
	if _, made, err := w.sealer.SealNow(ctx); made || err != nil {
		t.Error("a root was made with nothing new but a root", err)
	}
	if r := verify(t, w.log, proof.VerifyOptions{Key: w.signer.Public(), Against: &root}); !r.OK || r.Events != 2 || r.Roots != 1 || r.AfterLastRoot != 0 || r.Streams != 2 {
		t.Errorf("after: %+v", r)
	}
	w.write(1, 3)
	if r := verify(t, w.log, proof.VerifyOptions{}); !r.OK || r.AfterLastRoot != 3 || !r.KeyFromLog {
		t.Errorf("later: %+v", r)
	}
}

func TestRootsAreThoseOfRFC6962(t *testing.T) {
	w := newWorld(t, memory.New())
	for n := range 20 {
		w.write(1+n%3, 1+n%2)
		root := w.seal()
		events := everything(t, w.log)
		var leaves [][]byte
		for _, r := range events[:root.Size] {
			h, err := codec.HashOf(r)
			if err != nil {
				t.Fatal(err)
			}
			leaves = append(leaves, h[:])
		}
		if root.Size != uint64(len(events)-1) || root.Root != toHex(treeHash(leaves)) {
			t.Fatalf("size %d: another root", root.Size)
		}
	}
}

func TestASealerGoesOnAfterARestart(t *testing.T) {
	dir := t.TempDir()
	open := func() *sqlite.Log {
		log, err := sqlite.OpenLog(dir, sqlite.LogOptions{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { log.Close() })
		return log
	}
	log := open()
	w := newWorld(t, log)
	w.write(7, 100)
	first := w.seal()
	w.write(7, 100)
	log.Close()

	log = open()
	w.log = log
	var seen uint64
	w.sealer = proof.NewSealer(log, w.codec, w.signer, w.now)
	w.sealer.Progress = func(n uint64) { seen = n }
	second := w.seal()
	if second.Size != 1401 || seen == 0 {
		t.Errorf("after the restart: size %d, progress %d", second.Size, seen)
	}
	if _, made, err := proof.NewSealer(log, w.codec, w.signer, w.now).SealNow(ctx); made || err != nil {
		t.Error("a restart alone made a root", err)
	}
	for _, against := range []*domain.RootSigned{nil, &first, &second} {
		if r := verify(t, log, proof.VerifyOptions{Key: w.signer.Public(), Against: against}); !r.OK || r.Roots != 2 || r.Events != 1402 {
			t.Errorf("got %+v", r)
		}
	}
}

func TestTwoSealersAreFenced(t *testing.T) {
	w := newWorld(t, memory.New())
	other := proof.NewSealer(w.log, w.codec, w.signer, w.now)
	var wg sync.WaitGroup
	var roots atomic.Int32
	stop, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, s := range []*proof.Sealer{w.sealer, other, proof.NewSealer(w.log, w.codec, w.signer, w.now)} {
		wg.Go(func() {
			for stop.Err() == nil {
				_, made, err := s.SealNow(ctx)
				if err != nil {
					t.Error(err)
					return
				}
				if made {
					roots.Add(1)
				}
			}
		})
	}
	for begun := time.Now(); roots.Load() < 4 && !t.Failed() && time.Since(begun) < time.Minute; {
		w.write(3, 100)
	}
	cancel()
	wg.Wait()
	if r := verify(t, w.log, proof.VerifyOptions{Key: w.signer.Public()}); !r.OK || r.Roots < 2 || r.Roots != uint64(roots.Load()) {
		t.Errorf("%d roots were made, got %+v", roots.Load(), r)
	}
}

// TestOneOfSeveralSealersWorks: who finds a fresh root by another leaves the
// log alone until the root is old.
func TestOneOfSeveralSealersWorks(t *testing.T) {
	w := newWorld(t, memory.New())
	w.write(1, 1)
	w.seal()
	w.write(1, 1)
	other := proof.NewSealer(w.log, w.codec, w.signer, w.now)
	if _, made, err := proof.SealAfter(other, ctx, time.Hour); made || err != nil {
		t.Error("a second root was made within the hour", err)
	}
	w.clock.Add(3600)
	if root, made, err := proof.SealAfter(other, ctx, time.Hour); !made || err != nil || root.Size != 3 {
		t.Error("no root was made after the hour", root, err)
	}
}

// unsure answers the first tries of an append with "not known", once after
// writing it and once without.
type unsure struct {
	eventlog.Log
	tries int
}

func (u *unsure) Append(ctx context.Context, stream string, at eventlog.Expected, events []eventlog.Proposed) (eventlog.Appended, error) {
	u.tries++
	if u.tries == 1 {
		return eventlog.Appended{}, fmt.Errorf("cut: %w", eventlog.ErrAmbiguous)
	}
	a, err := u.Log.Append(ctx, stream, at, events)
	if u.tries == 2 && err == nil {
		return eventlog.Appended{}, eventlog.ErrAmbiguous
	}
	return a, err
}

func TestAnUnclearAnswerMakesOneRoot(t *testing.T) {
	w := newWorld(t, memory.New())
	w.write(1, 2)
	log := &unsure{Log: w.log}
	w.sealer = proof.NewSealer(log, w.codec, w.signer, w.now)
	root := w.seal()
	if r := verify(t, w.log, proof.VerifyOptions{Against: &root}); !r.OK || r.Roots != 1 || log.tries != 3 {
		t.Errorf("%d tries, %+v", log.tries, r)
	}
	w.write(1, 1)
	w.seal()
	if r := verify(t, w.log, proof.VerifyOptions{}); !r.OK || r.Roots != 2 {
		t.Errorf("got %+v", r)
	}
}

func TestASealerDoesNotSignOverABrokenLog(t *testing.T) {
	w := newWorld(t, memory.New())
	w.write(2, 3)
	w.seal()
	w.write(2, 1)
	events := everything(t, w.log)
	var broken *codec.BrokenError
	edited := forge(t, w.log.ID(), edit(slices.Clone(events), 1), nil)
	if _, _, err := proof.NewSealer(edited, w.codec, w.signer, w.now).SealNow(ctx); !errors.As(err, &broken) || broken.Position.Commit != 7 {
		t.Errorf("an edited log: %v", err)
	}
	other := newWorld(t, memory.New()).signer
	if _, _, err := proof.NewSealer(w.log, w.codec, other, w.now).SealNow(ctx); !errors.As(err, &broken) {
		t.Errorf("another key: %v", err)
	}
}

func TestRunSealsAtIntervalsAtCountsAndAtTheEnd(t *testing.T) {
	for name, run := range map[string]struct {
		every time.Duration
		max   int
	}{"interval": {5 * time.Millisecond, 0}, "count": {time.Hour, 10}, "end": {time.Hour, 0}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, memory.New())
			stop, cancel := context.WithCancel(ctx)
			ended := make(chan error)
			go func() { ended <- w.sealer.Run(stop, run.every, run.max) }()
			w.write(2, 10)
			if name != "end" {
				for start := time.Now(); verify(t, w.log, proof.VerifyOptions{}).Roots == 0; time.Sleep(time.Millisecond) {
					if time.Since(start) > 10*time.Second {
						t.Fatal("no root came")
					}
				}
			}
			w.write(2, 1)
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if r := verify(t, w.log, proof.VerifyOptions{}); !r.OK || r.AfterLastRoot != 0 || r.Roots == 0 {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestRunEndsWhereTryingAgainCannotHelp(t *testing.T) {
	w := newWorld(t, memory.New())
	w.write(1, 1)
	w.log.Close()
	if err := w.sealer.Run(ctx, time.Millisecond, 5); !errors.Is(err, eventlog.ErrStopped) {
		t.Errorf("got %v", err)
	}
}
