package viewtest

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/projections/projtest"
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

// refusing is a log that knows a position no more, when it is asked next.
type refusing struct {
	eventlog.Log
	next atomic.Bool
}

// Subscribe implements eventlog.Log.
func (l *refusing) Subscribe(ctx context.Context, after eventlog.Position, f eventlog.Filter) iter.Seq2[eventlog.Batch, error] {
	if after != (eventlog.Position{}) && l.next.Swap(false) {
		return func(yield func(eventlog.Batch, error) bool) {
			yield(eventlog.Batch{}, fmt.Errorf("position %s: %w", after, eventlog.ErrForeignPosition))
		}
	}
	return l.Log.Subscribe(ctx, after, f)
}

// foreignPosition: what the log does not know as a position of its own is
// built anew, while the program runs.
func foreignPosition(t *testing.T, e *engine) {
	log := &refusing{Log: memory.New()}
	w := projtest.New(t, log)
	w.Catalogue(Start.Add(-time.Hour))
	at := w.Lives(1, Start, 0, 10)
	s := e.started(t, w)
	log.next.Store(true)
	stop := s.Follow()
	w.Lives(2, at, 10, 20)
	s.CaughtUp()
	stop()
	if !strings.Contains(s.Said.String(), "the position is not of this log") {
		t.Errorf("nothing was built anew:\n%s", s.Said)
	}
	Same(t, "built anew", s.Dump(), e.fresh(t, w))
}
