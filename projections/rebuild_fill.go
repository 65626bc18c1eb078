package projections

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"hoso/domain"
	"hoso/domain/eventlog"
)

const (
	maxPending = 32_768 // dossiers a builder holds back, so that most are put once, and in the order of the tables' keys
	queued     = 32     // batches between two stages of a rebuild
)

// builder fills one projection's new generation.
type builder struct {
	runner  *Runner
	docs    Build
	done    Generation // once finished, until it serves
	pending map[uuid.UUID]*Item
	parked  map[uuid.UUID]bool
	erased  []*Item           // dossiers to be written anew without an erased person
	newest  eventlog.Position // of the newest erasure seen
	in      chan *Batch
}

// part is a run of the log on its way through a rebuild: opened, to be folded.
type part struct {
	raw   eventlog.Batch
	items []*Item
}

// fill reads the whole log once: one goroutine decodes ahead, one folds, and
// each builder writes in its own.
func (f *Feed) fill(ctx context.Context, progress func(Progress), builders []*builder) error {
	head, err := f.log.Head(ctx)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	parts := make(chan part, queued)
	g.Go(func() error {
		defer close(parts)
		return f.decodeAll(ctx, parts)
	})
	for _, b := range builders {
		b.in = make(chan *Batch, queued)
		g.Go(func() error { return b.write(ctx) })
	}
	g.Go(func() error {
		err := f.foldAll(ctx, parts, func(batch *Batch, p Progress) error {
			p.Head = head
			progress(p)
			for _, b := range builders {
				select {
				case b.in <- batch:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
		if err == nil {
			for _, b := range builders {
				close(b.in)
			}
		}
		return err
	})
	return g.Wait()
}

func (f *Feed) decodeAll(ctx context.Context, parts chan<- part) error {
	for raw, err := range f.log.Subscribe(ctx, eventlog.Position{}, eventlog.Filter{}) {
		if err != nil {
			return err
		}
		one := part{raw: raw, items: make([]*Item, 0, len(raw.Events))}
		for _, r := range raw.Events {
			id, ok := domain.DossierIDOf(r.Stream)
			if !ok {
				continue
			}
			it, err := f.open(r, id)
			if err != nil {
				return err
			}
			one.items = append(one.items, it)
		}
		select {
		case parts <- one:
		case <-ctx.Done():
			return ctx.Err()
		}
		if raw.Live {
			return nil
		}
	}
	return ctx.Err()
}

func (f *Feed) foldAll(ctx context.Context, parts <-chan part, send func(*Batch, Progress) error) error {
	folder := f.newFolder(hotRebuild)
	events := uint64(0)
	for one := range parts {
		f.catalogue.note(one.raw.Events, one.raw.End)
		for _, it := range one.items {
			if err := folder.fold(ctx, it); err != nil {
				return err
			}
			it.kept = it.slim()
			it.Recorded.Data, it.Recorded.Meta = nil, nil // checked, and wanted by nobody any more
		}
		b := &Batch{End: one.raw.End, Last: markOf(one.raw.Events), Items: one.items}
		events += uint64(len(one.raw.Events))
		if err := send(b, Progress{Events: events, At: b.End}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (b *builder) write(ctx context.Context) error {
	cp := Checkpoint{Log: b.runner.feed.log.ID()}
	for batch := range orDone(ctx, b.in) {
		for _, it := range batch.Items {
			if err := b.take(it); err != nil {
				return err
			}
		}
		if len(b.pending) >= maxPending {
			if err := b.flush(false); err != nil {
				return err
			}
		}
		cp.Resume = batch.End
		if batch.Last.Stream != "" {
			cp.Last = batch.Last
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := b.flush(true); err != nil {
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

func (b *builder) take(it *Item) error {
	if it.Type == redacted {
		b.erased = append(b.erased, it)
		b.noteErasure(it)
	}
	switch {
	case b.parked[it.Dossier]:
		return nil
	case it.Broken != nil:
		return b.park(it, it.Broken)
	}
	err := b.guard(it, func() error { return b.docs.Append(it) })
	if err == nil && !b.parked[it.Dossier] {
		b.pending[it.Dossier] = it.kept
	}
	return err
}

// flush puts what was held back, in the order of the tables' keys. Dossiers that
// go on stay back, to be put once only, if asked to and if they leave room.
func (b *builder) flush(all bool) error {
	held := make([]*Item, 0, len(b.pending))
	for _, it := range b.pending {
		if all || !it.After.Open() {
			held = append(held, it)
		}
	}
	if len(held) < len(b.pending)/2 {
		return b.flush(true)
	}
	slices.SortFunc(held, func(x, y *Item) int { return bytes.Compare(x.Dossier[:], y.Dossier[:]) })
	for _, it := range held {
		delete(b.pending, it.Dossier)
		if err := b.guard(it, func() error { return b.docs.Put(it) }); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) guard(it *Item, write func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
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
