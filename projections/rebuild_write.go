package projections

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
)

// builder fills one projection's new generation.
type builder struct {
	runner *Runner
	docs   Build
	done   Generation // once finished, until it serves
	parked map[uuid.UUID]bool
	lost   map[uuid.UUID]bool // of those: it panicked at them; what is held back of them is not put
	erased []*Item            // dossiers to be written anew without an erased person
	newest eventlog.Position  // of the newest erasure seen
	in     chan portion
}

func (b *builder) write(ctx context.Context) error {
	cp := Checkpoint{Log: b.runner.feed.log.ID()}
	for one := range orDone(ctx, b.in) {
		for _, it := range one.Items {
			if err := b.take(ctx, it); err != nil {
				return err
			}
		}
		for _, it := range one.put {
			if b.lost[it.Dossier] {
				continue
			}
			if err := b.put(it); err != nil {
				return err
			}
		}
		cp.Resume = one.End
		if one.Last.Stream != "" {
			cp.Last = one.Last
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := b.docs.SetCheckpoint(cp); err != nil {
		return err
	}
	done, err := b.docs.Finish(ctx)
	b.done = done
	return err
}

// orDone ranges over a channel until it is closed or the context ends.
func orDone[T any](ctx context.Context, in <-chan T) func(func(T) bool) {
	return func(yield func(T) bool) {
		for {
			select {
			case v, ok := <-in:
				if !ok || !yield(v) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

func (b *builder) take(ctx context.Context, it *Item) error {
	if it.Type == redacted {
		b.erased = append(b.erased, &Item{Dossier: it.Dossier}) // the item would keep all of its batch in memory
		b.noteErasure(it)
	}
	switch {
	case b.parked[it.Dossier]:
		return nil
	case it.Broken != nil:
		return b.park(it, it.Broken)
	}
	err := b.guard(it, func() error { return b.docs.Append(it) })
	if err == nil && b.lost[it.Dossier] {
		err = b.putBefore(ctx, it)
	}
	return err
}

// putBefore puts a dossier as it was before the event that this projection
// panics at: what is held back for all of them goes beyond. It reads the stream
// again, which is slow where a defect meets every dossier.
func (b *builder) putBefore(ctx context.Context, it *Item) error {
	items, err := b.runner.feed.Replay(ctx, it.Dossier, it.Position)
	if err != nil || len(items) < 2 {
		return err
	}
	return b.put(items[len(items)-2])
}

func (b *builder) put(it *Item) error {
	return b.guard(it, func() error { return b.docs.Put(it) })
}

func (b *builder) guard(it *Item, write func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			b.lost[it.Dossier] = true
			err = b.park(it, fmt.Errorf("projecting %s panicked: %v", it.Type, cause))
		}
	}()
	return write()
}

func (b *builder) park(it *Item, reason error) error {
	one := Parked{Dossier: it.Dossier, Revision: it.Revision, Position: it.Position, Reason: reason.Error()}
	b.parked[it.Dossier] = true
	b.runner.tell([]Parked{one})
	return b.docs.Park(one)
}

func (b *builder) noteErasure(it *Item) {
	if it.Type == "dossier.redacted" && b.newest.Before(it.Position) {
		b.newest = it.Position
	}
}

// erase writes the dossiers of erased people anew: an event before the erasure
// may still have been readable when it was appended.
func (b *builder) erase(ctx context.Context) error {
	for items := range slices.Chunk(b.erased, maxBatch) {
		err := b.done.Update(ctx, func(docs Documents) error {
			p, err := newPass(ctx, b.runner.feed, docs)
			if err != nil {
				return err
			}
			for _, it := range items {
				if err := p.again(it); err != nil {
					return err
				}
			}
			return p.finish()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) discard() {
	_ = b.docs.Discard() // a file left behind is deleted at the next opening
	if b.done != nil {
		_ = b.done.Discard()
	}
}
