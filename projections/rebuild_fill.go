package projections

import (
	"context"

	"golang.org/x/sync/errgroup"

	"hoso/domain"
	"hoso/domain/eventlog"
)

// queued is how many batches may wait between two stages of a rebuild.
const queued = 8

// decoders is how many goroutines decode: with one, the others would wait for
// it whenever there is nothing to put.
const decoders = 2

// part is a run of the log on its way through a rebuild: opened, to be folded.
type part struct {
	raw   eventlog.Batch
	items []*Item
	ready chan struct{} // closed once it is opened
}

// portion is what builders are handed: a batch, and the dossiers that are to be
// put after it, as they were when last held back.
type portion struct {
	*Batch
	put []*Item
}

// fill reads the whole log once: one goroutine reads, some decode ahead, one
// folds, and each builder writes in its own.
func (f *Feed) fill(ctx context.Context, progress func(Progress), builders []*builder) error {
	head, err := f.log.Head(ctx)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	parts, closed := make(chan *part, queued), make(chan *part)
	g.Go(func() error {
		defer close(parts)
		defer close(closed)
		return f.readAll(ctx, closed, parts)
	})
	for range decoders {
		g.Go(func() error { return f.decodeAll(ctx, closed) })
	}
	for _, b := range builders {
		b.in = make(chan portion, queued)
		g.Go(func() error { return b.write(ctx) })
	}
	g.Go(func() error {
		err := f.foldAll(ctx, parts, func(one portion, p Progress) error {
			p.Head = head
			progress(p)
			for _, b := range builders {
				if err := handOn(ctx, b.in, one); err != nil {
					return err
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

// handOn hands something to the next stage.
func handOn[T any](ctx context.Context, to chan<- T, one T) error {
	select {
	case to <- one:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// readAll hands each part of the log to who decodes it, and in the log's order
// to who folds it once it is.
func (f *Feed) readAll(ctx context.Context, closed, parts chan<- *part) error {
	for raw, err := range f.log.Subscribe(ctx, eventlog.Position{}, eventlog.Filter{}) {
		if err != nil {
			return err
		}
		one := &part{raw: raw, ready: make(chan struct{})}
		if err := handOn(ctx, closed, one); err != nil {
			return err
		}
		if err := handOn(ctx, parts, one); err != nil || raw.Live {
			return err
		}
	}
	return ctx.Err()
}

func (f *Feed) decodeAll(ctx context.Context, closed <-chan *part) error {
	for one := range orDone(ctx, closed) {
		events := one.raw.Events
		one.items = make([]*Item, 0, len(events))
		room := make([]Item, len(events)) // they are done with together
		for i, r := range events {
			id, ok := domain.DossierIDOf(r.Stream)
			if !ok {
				continue
			}
			if err := f.openAs(&room[i], r, id); err != nil {
				return err
			}
			one.items = append(one.items, &room[i])
		}
		close(one.ready)
	}
	return ctx.Err()
}

func (f *Feed) foldAll(ctx context.Context, parts <-chan *part, send func(portion, Progress) error) error {
	folder, back := f.newFolder(hotRebuild), newHolding(maxEnded, maxHeld)
	folder.alone = true
	var p Progress
	for one := range orDone(ctx, parts) {
		select {
		case <-one.ready:
		case <-ctx.Done():
			return ctx.Err()
		}
		f.catalogue.note(one.raw.Events, one.raw.End)
		for _, it := range one.items {
			state, err := folder.fold(ctx, it)
			if err != nil {
				return err
			}
			back.keep(it, state)
			it.Recorded.Data, it.Recorded.Meta = nil, nil // checked, and wanted by nobody any more
			it.After = nil                                // the next event is folded into it; Put gets a copy
		}
		b := &Batch{End: one.raw.End, Last: markOf(one.raw.Events), Items: one.items}
		p.Events, p.At = p.Events+uint64(len(one.raw.Events)), b.End
		if err := send(portion{b, back.due()}, p); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return send(portion{&Batch{End: p.At}, back.all()}, p)
}
