package elastic

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"hoso/projections"
)

// flight is a batch on its way: its documents, then its checkpoint. It tries
// until it has landed, or the views are closed, or the generation retired;
// then done is closed, and the fields below may be read.
type flight struct {
	next  state // the state it brings, as far as is known at the start
	bulk  bulk
	done  chan struct{}
	stale bool // landed may not be the stored state any more

	landed  at
	refused []refusal
	other   bool // the state came out otherwise than next
	err     error
}

// launch sends a batch on its way.
func (g *generation) launch(docs *documents) {
	docs.keep()
	f := &flight{next: docs.state, bulk: docs.bulk, done: make(chan struct{}), landed: *g.last}
	g.flying, g.last = f, nil
	g.of.views.work.Go(func() {
		defer close(f.done)
		f.fly(g)
	})
}

// landed waits for the batch on its way, if there is one. Where other is true
// the state is not the one that the batch was to bring.
func (g *generation) landed(ctx context.Context) (other bool, err error) {
	f := g.flying
	if f == nil {
		return false, nil
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	g.flying = nil
	if f.err != nil {
		return false, f.err
	}
	g.last = &f.landed
	for _, r := range f.refused {
		g.hot.Remove(r.it.Dossier)
	}
	return f.other, nil
}

func (f *flight) fly(g *generation) {
	v := g.of.views
	f.err = f.keepTrying(g, func() (err error) {
		var refused []refusal
		refused, err = v.send(v.ctx, g.index, &f.bulk)
		if err == nil {
			f.refused = refused
		}
		return err
	})
	if f.err != nil {
		v.turns.renew(g.of, g.part)
		return
	}
	parked := make([]projections.Parked, len(f.refused))
	for i, r := range f.refused {
		parked[i] = r.parked()
	}
	f.err = f.keepTrying(g, func() error { return f.move(g, parked) })
	if f.err != nil {
		v.turns.renew(g.of, g.part) // the next event may be long in coming
		return
	}
	f.other = !f.landed.same(g.part, f.next)
	g.of.tellParked(parked)
	if g.serves() {
		g.of.tell(f.landed.checkpoint(whole).Resume)
	}
}

// move moves the checkpoint. Where another writer was faster, or it is unknown
// whether it was moved, the state is read again: the documents are written, so
// that the checkpoint may still move up to them, and never back.
func (f *flight) move(g *generation, parked []projections.Parked) error {
	v := g.of.views
	base := f.landed
	if f.stale {
		now, err := v.readState(v.ctx, g.index)
		if err != nil {
			return err
		}
		if now.Retired && !g.revived {
			return projections.ErrRetired
		}
		if f.lacks(now.Parked) {
			return errTakenBack
		}
		base = now
	}
	next := base.state
	next.Parked = slices.Clone(next.Parked)
	if target := f.next.checkpoint(g.part); base.checkpoint(g.part).Resume.Before(target.Resume) {
		next.set(g.part, target)
	} else if len(parked) == 0 {
		f.landed = base
		return nil
	}
	for _, p := range parked {
		next.park(p)
	}
	moved, err := v.moveState(v.ctx, g.index, base, next)
	if err != nil {
		f.stale = true
		return err
	}
	f.landed = moved
	return nil
}

// errTakenBack says that somebody took a dossier back that the batch has
// passed by: the batch must be made again.
var errTakenBack = fmt.Errorf("a dossier was taken back while a batch without it was on its way: %w", projections.ErrFenced)

// lacks reports whether the batch passed by a dossier that is not set aside any more.
func (f *flight) lacks(now []projections.Parked) bool {
	return slices.ContainsFunc(f.next.Parked, func(was projections.Parked) bool {
		return !slices.ContainsFunc(now, func(is projections.Parked) bool { return is.Dossier == was.Dossier })
	})
}

// keepTrying goes on over whatever may pass.
func (f *flight) keepTrying(g *generation, try func() error) error {
	for wait := firstWait; ; wait = min(2*wait, longest) {
		err := try()
		err = g.retired(err)
		switch {
		case err == nil || errors.Is(err, projections.ErrRetired) || errors.Is(err, errTakenBack):
			return err
		case g.of.views.ctx.Err() != nil:
			return g.of.views.ctx.Err()
		case !errors.Is(err, projections.ErrFenced):
			g.of.views.logger.Error("the view cannot be written; trying again", "projection", g.of.name,
				"until", f.next.checkpoint(g.part).Resume.String(), "error", err)
			if err := sleep(g.of.views.ctx, wait); err != nil {
				return err
			}
		}
	}
}
