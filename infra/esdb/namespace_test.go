package esdb_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
	"hoso/infra/esdb"
)

// namespace is an empty log within a log that others use too: streams under a prefix of its own, from a
// position on. Names that the port refuses go through as they are.
type namespace struct {
	*esdb.Log
	prefix string
	start  eventlog.Position
}

func inNamespace(t *testing.T, l *esdb.Log) eventlog.Log {
	start, err := l.Head(within(t))
	if err != nil {
		t.Fatal(err)
	}
	return &namespace{Log: l, prefix: "contract-" + uuid.NewString() + "-", start: start}
}

func (n *namespace) name(stream string) string {
	if stream == "" || strings.HasPrefix(stream, "$") {
		return stream
	}
	return n.prefix + stream
}

func (n *namespace) own(e eventlog.Recorded) eventlog.Recorded {
	e.Stream = strings.TrimPrefix(e.Stream, n.prefix)
	return e
}

func (n *namespace) Append(ctx context.Context, stream string, at eventlog.Expected, events []eventlog.Proposed) (eventlog.Appended, error) {
	done, err := n.Log.Append(ctx, n.name(stream), at, events)
	if c := conflictOf(err); c != nil {
		return done, &eventlog.ConflictError{Stream: stream, Expected: c.Expected, Actual: c.Actual}
	}
	return done, err
}

func (n *namespace) ReadStream(ctx context.Context, stream string, from uint64) iter.Seq2[eventlog.Recorded, error] {
	return func(yield func(eventlog.Recorded, error) bool) {
		for e, err := range n.Log.ReadStream(ctx, n.name(stream), from) {
			if !yield(n.own(e), err) {
				return
			}
		}
	}
}

func (n *namespace) Last(ctx context.Context, stream string) (eventlog.Recorded, bool, error) {
	e, found, err := n.Log.Last(ctx, n.name(stream))
	return n.own(e), found, err
}

func (n *namespace) Subscribe(ctx context.Context, after eventlog.Position, f eventlog.Filter) iter.Seq2[eventlog.Batch, error] {
	if after == (eventlog.Position{}) {
		after = n.start
	}
	mine := eventlog.Filter{StreamPrefixes: []string{n.prefix}}
	if len(f.StreamPrefixes) > 0 {
		mine.StreamPrefixes = nil
	}
	for _, p := range f.StreamPrefixes {
		mine.StreamPrefixes = append(mine.StreamPrefixes, n.prefix+p)
	}
	return func(yield func(eventlog.Batch, error) bool) {
		for b, err := range n.Log.Subscribe(ctx, after, mine) {
			for i := range b.Events {
				b.Events[i] = n.own(b.Events[i])
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

// Head reads the namespace from its start: the log's own head is everybody's.
func (n *namespace) Head(ctx context.Context) (head eventlog.Position, err error) {
	for b, err := range n.Subscribe(ctx, eventlog.Position{}, eventlog.Filter{}) {
		if err != nil {
			return head, fmt.Errorf("head of the namespace: %w", err)
		}
		if k := len(b.Events); k > 0 {
			head = b.Events[k-1].Position
		}
		if b.Live {
			break
		}
	}
	return head, nil
}
