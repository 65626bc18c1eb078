package elastic

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"hoso/domain/eventlog"
	"hoso/projections"
)

// generation is one index of documents, as the writer of a partition sees it,
// or of the whole.
type generation struct {
	of    *projection
	index string
	part  int

	mu     *semaphore.Weighted // held by Update, in an outage as long as that lasts
	last   *at                 // nil: to be read first
	flying *flight             // the batch on its way; nil: there is none
	hot    *hot
	size   int // bytes of the last batch: the next one is likely as large

	expunging atomic.Bool // in the background
	revived   bool        // it served before, and is being brought up to serve again
}

var _ projections.Generation = (*generation)(nil)

func (p *projection) generation(index string, part int, h *hot) *generation {
	if h == nil {
		h = newHot(p.hotSize / len(p.lanes))
	}
	return &generation{of: p, mu: semaphore.NewWeighted(1), index: index, part: part, hot: h}
}

// Checkpoint implements projections.Generation.
func (g *generation) Checkpoint(ctx context.Context) (projections.Checkpoint, error) {
	s, err := g.now(ctx)
	return s.checkpoint(g.part), err
}

// Parked implements projections.Generation.
func (g *generation) Parked(ctx context.Context) ([]projections.Parked, error) {
	s, err := g.now(ctx)
	return s.Parked, err
}

// now is the state once what is on its way has landed.
func (g *generation) now(ctx context.Context) (at, error) {
	if err := g.mu.Acquire(ctx, 1); err != nil {
		return at{}, err
	}
	defer g.mu.Release(1)
	if _, err := g.landed(ctx); err != nil {
		return at{}, err
	}
	now, err := g.of.views.readState(ctx, g.index)
	if err == nil {
		g.last = &now // another process may have written since this one did
	}
	return now, g.retired(err)
}

// Update implements projections.Generation. Documents without anything parked
// or erased are still on their way when it returns, so that the next batch is
// made meanwhile; the next Update, Checkpoint and Wait wait for them. Errors
// beside those of the cluster: projections.ErrFenced where another writer moved
// the checkpoint meanwhile (try again: what it did is then known),
// projections.ErrRetired where this generation does not serve any more.
func (g *generation) Update(ctx context.Context, apply func(projections.Documents) error) error {
	if err := g.mu.Acquire(ctx, 1); err != nil {
		return err
	}
	defer g.mu.Release(1)
	if g.of.views.opt.ReadOnly || g.of.views.ctx.Err() != nil {
		return fmt.Errorf("view %s: %w: it is closed or open for reading only", g.of.name, eventlog.ErrStopped)
	}
	for fenced := 0; ; {
		base, err := g.base(ctx)
		if err != nil {
			return err
		}
		docs := newDocuments(g.of.docs, g.part, base, g.hot)
		docs.bulk.reserve(g.size)
		if err := apply(docs); err != nil {
			if g.flying == nil {
				g.last = nil // what it was made upon may be why
			}
			return err
		}
		g.size = len(docs.bulk.body)
		switch other, err := g.landed(ctx); {
		case err != nil:
			return err
		case other:
			continue // it was made upon a state that did not come to be
		case docs.moved && !docs.parks && !docs.purge && len(docs.bulk.ops) > 0:
			g.launch(docs)
			return nil
		}
		err = g.commit(ctx, docs)
		if errors.Is(err, projections.ErrFenced) && len(base.Checkpoints) > 1 && fenced < maxFenced {
			fenced++ // most likely the writer of another partition: each moves the same state
			continue
		}
		return err
	}
}

// maxFenced bounds how often an Update is tried beside those of other partitions.
const maxFenced = 20

// base is the state that the next batch begins from.
func (g *generation) base(ctx context.Context) (state, error) {
	if g.flying != nil {
		return g.flying.next, nil
	}
	if g.last == nil {
		now, err := g.of.views.readState(ctx, g.index)
		if err != nil {
			return state{}, g.retired(err)
		}
		g.last = &now
	}
	if g.last.Retired && !g.revived {
		g.last = nil // it may come back by a roll-back
		return state{}, fmt.Errorf("index %s: %w", g.index, projections.ErrRetired)
	}
	return g.last.state, nil
}

// retired makes of an index that is not there any more what it means.
func (g *generation) retired(err error) error {
	if isKind(err, missingIndex) {
		return fmt.Errorf("index %s: %w", g.index, projections.ErrRetired)
	}
	return err
}

// commit writes the documents, and only then the state.
func (g *generation) commit(ctx context.Context, docs *documents) error {
	v := g.of.views
	refused, err := v.send(ctx, g.index, &docs.bulk)
	if err != nil {
		return g.retired(err)
	}
	parked := docs.settle(refused)
	if docs.purge {
		docs.moved = true
		if err := g.removeOthers(ctx); err != nil {
			return err
		}
	}
	if !docs.moved {
		return nil
	}
	if g.last == nil {
		return fmt.Errorf("index %s: %w", g.index, projections.ErrFenced)
	}
	next := g.last.state // with the other partitions' checkpoints as they are by now
	next.Parked = docs.state.Parked
	if docs.further {
		next.set(g.part, docs.state.checkpoint(g.part))
	}
	if docs.purge {
		next.Unpurged++
	}
	moved, err := v.moveState(ctx, g.index, *g.last, next)
	if docs.purge { // also where it is unknown whether it was written
		g.expunge()
	}
	if err != nil {
		g.last = nil
		return g.retired(err)
	}
	g.last = &moved
	g.of.tellParked(parked)
	if g.serves() {
		g.of.tell(moved.checkpoint(whole).Resume)
	}
	return nil
}

func (p *projection) tellParked(parked []projections.Parked) {
	for _, one := range parked {
		p.views.logger.Error("a dossier is set aside: its document was refused", "projection", p.name,
			"dossier", one.Dossier, "revision", one.Revision, "position", one.Position.String(), "reason", one.Reason)
	}
}

// Discard implements projections.Generation.
func (g *generation) Discard() error {
	if g.revived {
		return nil // it stays the one to go back to
	}
	s, err := g.of.look(g.of.views.ctx)
	if err != nil {
		return err // better one index too many
	}
	if s.serving == g.index || slices.Contains(s.twice, g.index) {
		return errors.New("elastic: the generation serves")
	}
	return g.of.remove(g.of.views.ctx, g.index)
}

// serves reports whether this process knows the generation to serve.
func (g *generation) serves() bool {
	g.of.state.Lock()
	defer g.of.state.Unlock()
	return g.of.serving == g.index
}
