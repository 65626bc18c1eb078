package memory

import (
	"context"
	"fmt"
	"iter"

	"hoso/domain/eventlog"
)

// Subscribe implements eventlog.Log; a position after the head is refused with
// eventlog.ErrForeignPosition.
func (l *Log) Subscribe(ctx context.Context, after eventlog.Position, f eventlog.Filter) iter.Seq2[eventlog.Batch, error] {
	return func(yield func(eventlog.Batch, error) bool) {
		wasLive := false
		for end := after; ; {
			batch, news, err := l.page(ctx, end, f)
			if err != nil {
				yield(eventlog.Batch{}, err)
				return
			}
			if (batch.End != end || !wasLive) && !yield(batch, nil) {
				return
			}
			end, wasLive = batch.End, batch.Live
			if !batch.Live {
				continue
			}
			select {
			case <-news:
			case <-ctx.Done():
				yield(eventlog.Batch{}, ctx.Err())
				return
			}
		}
	}
}

// page gives the next batch and the channel that tells of later events.
func (l *Log) page(ctx context.Context, after eventlog.Position, f eventlog.Filter) (eventlog.Batch, <-chan struct{}, error) {
	unlock, err := l.open(ctx)
	if err != nil {
		return eventlog.Batch{}, nil, err
	}
	defer unlock()
	if head := position(len(l.events)); head.Before(after) || after.Commit != after.Prepare {
		return eventlog.Batch{}, nil, fmt.Errorf("%w: position %s, the newest event is at %s", eventlog.ErrForeignPosition, after, head)
	}
	upTo := min(int(after.Commit)+batchEvents, len(l.events))
	batch := eventlog.Batch{End: position(upTo), Live: upTo == len(l.events)}
	for _, e := range l.events[after.Commit:upTo] {
		if f.Has(e.Stream) {
			batch.Events = append(batch.Events, clone(e))
		}
	}
	return batch, l.news, nil
}
