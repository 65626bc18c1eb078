package projections

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
)

// Progress tells how far a rebuild has come.
type Progress struct {
	Events uint64            // read so far
	At     eventlog.Position // of the newest of them
	Head   eventlog.Position // the log's end when the rebuild began
}

// SwapRefusedError says that a rebuild set dossiers aside which the serving
// documents hold: they go on serving, and the new ones are thrown away.
type SwapRefusedError struct {
	Projection string
	Parked     []Parked
}

func (e *SwapRefusedError) Error() string {
	lines := make([]string, len(e.Parked))
	for i, p := range e.Parked {
		lines[i] = fmt.Sprintf("dossier %s at position %s: %s", p.Dossier, p.Position, p.Reason)
	}
	return fmt.Sprintf("projection %s: the rebuild set aside what the serving view holds, which therefore stays: %s", e.Projection, strings.Join(lines, "; "))
}

// Rebuild builds this projection anew and then exchanges it for the serving
// one; see the function Rebuild.
func (r *Runner) Rebuild(ctx context.Context, progress func(Progress)) error {
	return Rebuild(ctx, progress, r)
}

// Rebuild builds projections from the log's first event, in one reading for all
// of them, beside those that serve, and exchanges each as soon as the new one
// has seen what the serving one has. Of several partitions the first one's runner
// builds for all; the others are passed by. Errors: *SwapRefusedError, those of the
// log, of the store, and the context's; what served then serves on.
func Rebuild(ctx context.Context, progress func(Progress), runners ...*Runner) error {
	runners = slices.DeleteFunc(slices.Clone(runners), func(r *Runner) bool { return !r.Leads() })
	if len(runners) == 0 {
		return nil
	}
	inOrder := slices.SortedFunc(slices.Values(runners), func(a, b *Runner) int { return cmp.Compare(a.Name(), b.Name()) })
	for _, r := range inOrder { // of the names, so that two rebuilds never wait for each other
		if err := r.building.Acquire(ctx, 1); err != nil {
			return err
		}
		defer r.building.Release(1)
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	builders := make([]*builder, 0, len(runners))
	defer func() {
		for _, b := range builders {
			b.discard()
		}
	}()
	for _, r := range runners {
		build, err := r.store.Build(ctx)
		if err != nil {
			return err
		}
		builders = append(builders, &builder{runner: r, docs: build, parked: map[uuid.UUID]bool{}, lost: map[uuid.UUID]bool{}})
	}
	if err := runners[0].feed.fill(ctx, progress, builders); err != nil {
		return err
	}
	var refused error
	for _, b := range builders {
		refused = errors.Join(refused, b.exchange(ctx))
	}
	return refused
}

// exchange brings the finished generation up to the serving one and swaps them.
func (b *builder) exchange(ctx context.Context) error {
	r := b.runner
	if err := b.erase(ctx); err != nil {
		return err
	}
	if err := b.catchUp(ctx, nil); err != nil { // what came during the build, while the old one goes on
		return err
	}
	if err := r.mu.Acquire(ctx, 1); err != nil {
		return err
	}
	defer r.mu.Release(1)
	if r.serving != nil {
		if err := r.refresh(ctx); errors.Is(err, ErrNotBuilt) {
			r.serving = nil // somebody has deleted it
		} else if err != nil {
			return err
		}
	}
	if r.serving != nil {
		cp, err := r.serving.Checkpoint(ctx)
		if err != nil {
			return err
		}
		if err := b.catchUp(ctx, &cp.Resume); err != nil {
			return err
		}
		if err := b.setAside(ctx); err != nil {
			return err
		}
		if err := b.compare(ctx); err != nil {
			return err
		}
	}
	if err := r.store.Serve(ctx, b.done, b.newest); err != nil {
		return err
	}
	b.done = nil
	g, why, err := r.store.Serving(ctx)
	if err != nil {
		return err
	}
	if g == nil {
		return errors.New(why)
	}
	r.serving, r.turn = g, r.store.Turn(false)
	return nil
}

// catchUp follows the log up to a position, nil: to its end.
func (b *builder) catchUp(ctx context.Context, until *eventlog.Position) error {
	cp, err := b.done.Checkpoint(ctx)
	if err != nil || until != nil && !cp.Resume.Before(*until) {
		return err
	}
	for batch, err := range b.runner.feed.Batches(ctx, cp.Resume) {
		if err != nil {
			return err
		}
		if err := b.runner.applyTo(ctx, b.done, batch, Partition{}); err != nil {
			return err
		}
		for _, it := range batch.Items {
			b.noteErasure(it)
		}
		if until == nil && batch.Live || until != nil && !batch.End.Before(*until) {
			return nil
		}
	}
	return ctx.Err()
}

// setAside sets aside what an operator has set aside by now, and tries again
// what was set aside before.
func (b *builder) setAside(ctx context.Context) error {
	byHand, err := b.runner.serving.Parked(ctx)
	if err != nil {
		return err
	}
	byHand = slices.DeleteFunc(byHand, func(p Parked) bool { return !p.ByHand })
	before, err := b.done.Parked(ctx)
	if err != nil || len(byHand)+len(before) == 0 {
		return err
	}
	return b.done.Update(ctx, func(docs Documents) error {
		for _, p := range before {
			if _, err := b.runner.takeBack(ctx, docs, p.Dossier); err != nil {
				return err
			}
		}
		for _, p := range byHand {
			if err := docs.Park(p); err != nil {
				return err
			}
		}
		return nil
	})
}

// compare refuses the swap when the new generation misses a dossier that the
// serving one holds.
func (b *builder) compare(ctx context.Context) error {
	before, err := b.runner.serving.Parked(ctx)
	if err != nil {
		return err
	}
	known := map[uuid.UUID]bool{}
	for _, p := range before {
		known[p.Dossier] = true
	}
	after, err := b.done.Parked(ctx)
	if err != nil {
		return err
	}
	var fresh []Parked
	for _, p := range after {
		if !known[p.Dossier] {
			fresh = append(fresh, p)
		}
	}
	if len(fresh) > 0 {
		return &SwapRefusedError{Projection: b.runner.Name(), Parked: fresh}
	}
	return nil
}
