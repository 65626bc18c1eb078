// Package memory is a double of the event log for tests: it keeps the port's
// contract and loses everything when the program ends.
package memory

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
)

// batchEvents is the most a batch looks at: small, so that tests see several batches.
const batchEvents = 64

var _ eventlog.Log = (*Log)(nil)

// Log is an event log in memory. Positions are 1, 2, 3 …
type Log struct {
	id uuid.UUID

	mu      sync.Mutex
	events  []eventlog.Recorded
	streams map[string][]int // places in events
	news    chan struct{}    // closed at the next append or Close, then replaced
	closed  bool
}

// New makes an empty log with an id of its own.
func New() *Log {
	return &Log{id: uuid.New(), streams: map[string][]int{}, news: make(chan struct{})}
}

// ID implements eventlog.Log.
func (l *Log) ID() uuid.UUID { return l.id }

// Append implements eventlog.Log; ErrAmbiguous never comes.
func (l *Log) Append(ctx context.Context, stream string, at eventlog.Expected, events []eventlog.Proposed) (eventlog.Appended, error) {
	if err := eventlog.CheckAppend(stream, at, events); err != nil {
		return eventlog.Appended{}, err
	}
	unlock, err := l.open(ctx)
	if err != nil {
		return eventlog.Appended{}, err
	}
	defer unlock()
	last := eventlog.Expected(len(l.streams[stream]) - 1)
	if last != at {
		if done, ok := l.repeated(stream, at, events); ok {
			return done, nil
		}
		return eventlog.Appended{}, &eventlog.ConflictError{Stream: stream, Expected: at, Actual: last}
	}
	for _, e := range events {
		at++
		l.streams[stream] = append(l.streams[stream], len(l.events))
		l.events = append(l.events, eventlog.Recorded{
			ID: e.ID, Stream: stream, Revision: uint64(at), Position: position(len(l.events) + 1),
			Type: e.Type, Data: bytes.Clone(e.Data), Meta: bytes.Clone(e.Meta),
		})
	}
	l.publish()
	return eventlog.Appended{Revision: uint64(at), Position: position(len(l.events))}, nil
}

func (l *Log) repeated(stream string, at eventlog.Expected, events []eventlog.Proposed) (eventlog.Appended, bool) {
	places, first := l.streams[stream], int(at)+1
	if first+len(events) > len(places) {
		return eventlog.Appended{}, false
	}
	var done eventlog.Appended
	for i, e := range events {
		old := l.events[places[first+i]]
		if old.ID != e.ID {
			return eventlog.Appended{}, false
		}
		done = eventlog.Appended{Revision: old.Revision, Position: old.Position}
	}
	return done, true
}

// ReadStream implements eventlog.Log.
func (l *Log) ReadStream(ctx context.Context, stream string, from uint64) iter.Seq2[eventlog.Recorded, error] {
	return func(yield func(eventlog.Recorded, error) bool) {
		for revision := from; ; revision++ {
			e, found, err := l.at(ctx, stream, revision)
			if err != nil {
				yield(eventlog.Recorded{}, err)
				return
			}
			if !found || !yield(e, nil) {
				return
			}
		}
	}
}

func (l *Log) at(ctx context.Context, stream string, revision uint64) (eventlog.Recorded, bool, error) {
	unlock, err := l.open(ctx)
	if err != nil {
		return eventlog.Recorded{}, false, err
	}
	defer unlock()
	places := l.streams[stream]
	if revision >= uint64(len(places)) {
		return eventlog.Recorded{}, false, nil
	}
	return clone(l.events[places[revision]]), true, nil
}

// Last implements eventlog.Log.
func (l *Log) Last(ctx context.Context, stream string) (eventlog.Recorded, bool, error) {
	unlock, err := l.open(ctx)
	if err != nil {
		return eventlog.Recorded{}, false, err
	}
	defer unlock()
	places := l.streams[stream]
	if len(places) == 0 {
		return eventlog.Recorded{}, false, nil
	}
	return clone(l.events[places[len(places)-1]]), true, nil
}

// Head implements eventlog.Log.
func (l *Log) Head(ctx context.Context) (eventlog.Position, error) {
	unlock, err := l.open(ctx)
	if err != nil {
		return eventlog.Position{}, err
	}
	defer unlock()
	return position(len(l.events)), nil
}

// Close implements eventlog.Log; every later call fails with an error that is eventlog.ErrStopped.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.closed = true
		l.publish()
	}
	return nil
}

// open takes the lock when the log can be used.
func (l *Log) open(ctx context.Context) (unlock func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil, fmt.Errorf("%w: it is closed", eventlog.ErrStopped)
	}
	return l.mu.Unlock, nil
}

func (l *Log) publish() {
	close(l.news)
	l.news = make(chan struct{})
}

func position(n int) eventlog.Position {
	return eventlog.Position{Commit: uint64(n), Prepare: uint64(n)}
}

// clone keeps the log's bytes out of the reader's hands.
func clone(e eventlog.Recorded) eventlog.Recorded {
	e.Data, e.Meta = bytes.Clone(e.Data), bytes.Clone(e.Meta)
	return e
}
