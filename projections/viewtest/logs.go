package viewtest

import (
	"context"
	"iter"
	"slices"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
)

// tampered is a log some of whose events read otherwise than they were written.
type tampered struct {
	eventlog.Log
	change func(*eventlog.Recorded)
}

func (l *tampered) read(r eventlog.Recorded) eventlog.Recorded {
	r.Data, r.Meta = slices.Clone(r.Data), slices.Clone(r.Meta)
	l.change(&r)
	return r
}

func (l *tampered) ReadStream(ctx context.Context, stream string, from uint64) iter.Seq2[eventlog.Recorded, error] {
	return func(yield func(eventlog.Recorded, error) bool) {
		for r, err := range l.Log.ReadStream(ctx, stream, from) {
			if !yield(l.read(r), err) {
				return
			}
		}
	}
}

func (l *tampered) Subscribe(ctx context.Context, after eventlog.Position, f eventlog.Filter) iter.Seq2[eventlog.Batch, error] {
	return func(yield func(eventlog.Batch, error) bool) {
		for b, err := range l.Log.Subscribe(ctx, after, f) {
			events := make([]eventlog.Recorded, len(b.Events))
			for i, r := range b.Events {
				events[i] = l.read(r)
			}
			b.Events = events
			if !yield(b, err) {
				return
			}
		}
	}
}

// renamed is a log under the id of another.
type renamed struct {
	eventlog.Log
	as eventlog.Log
}

func (r *renamed) ID() uuid.UUID { return r.as.ID() }
