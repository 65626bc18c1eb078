// Package logtest states in tests what an event log must do. Every engine runs it.
package logtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
)

// Run runs the contract suite. open returns an empty log of its own and closes it when the test ends; the
// suite may close it before (Close twice is harmless).
//
// What it leaves open, because a server with readers of its own kind cannot promise it: positions
// need not be 1, 2, 3; records that the engine keeps for itself may move a
// batch's End, also in an empty log; the events of one append may come in several live batches. For a log on a server
// that others write to, open returns a view of streams under a prefix of its own.
func Run(t *testing.T, open func(t *testing.T) eventlog.Log) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, eventlog.Log)
	}{
		{"append/to a new stream, then at its revision", appendInOrder},
		{"append/several events at once stand together", appendSeveral},
		{"append/a conflict carries the actual revision", appendConflict},
		{"append/a refused append leaves nothing behind", appendAllOrNone},
		{"append/the same ids at the same revision answer the first result", appendRepeated},
		{"append/a leading part of an earlier append answers that part's end", appendRepeatedPart},
		{"append/an old id followed by a new one is a conflict", appendOldThenNew},
		{"append/the same ids in another stream are other events", appendOtherStream},
		{"append/the same ids at the current revision are appended again", appendSameIDsLater},
		{"append/invalid appends are refused", appendInvalid},
		{"append/exactly 1 MiB goes, one byte more does not", appendLimit},
		{"bytes/come back as they were given", bytesRoundTrip},
		{"bytes/belong to the log, not to the caller", bytesOwned},
		{"read/a stream from the start, the middle and beyond its end", readFrom},
		{"read/a long stream in order", readLong},
		{"read/the last event of a stream", readLast},
		{"read/head and order over all streams", readHeadAndOrder},
		{"id/is there and stays", idStays},
		{"subscribe/from zero, from the middle and from the head", subscribeFrom},
		{"subscribe/live each time it reaches the head", subscribeLive},
		{"subscribe/filtered by stream prefixes", subscribeFiltered},
		{"subscribe/resumes after batches that the filter emptied", subscribeResumesFiltered},
		{"subscribe/a position after the head is refused", subscribeForeign},
		{"subscribe/no gap and no repetition while eight writers append", subscribeWhileWriting},
		{"concurrent/one stream: exactly one winner for each revision", oneWinner},
		{"concurrent/the same append many times has one effect", manyRepeats},
		{"context/an ended context stops every method", contextEnded},
		{"context/ends a waiting subscription and a long read", contextEndsMidway},
		{"context/an append that reports the context's error is not in the log", contextInQueue},
		{"range/leaving it early leaks nothing", leaveEarly},
		{"close/while appends run", closeWhileAppending},
		{"close/ends subscriptions and every method", closeEnds},
		{"model/random calls agree with a trivial model", randomCalls},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
}

// patience bounds every wait for something that must happen, however busy the machine is.
const patience = 2 * time.Minute

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// events proposes n events with new ids; their data names them.
func events(n int) []eventlog.Proposed {
	list := make([]eventlog.Proposed, n)
	for i := range list {
		id := uuid.New()
		list[i] = eventlog.Proposed{ID: id, Type: "test.happened", Data: fmt.Appendf(nil, `{"id":%q}`, id), Meta: []byte(`{"i":1}`)}
	}
	return list
}

func mustAppend(t *testing.T, l eventlog.Log, stream string, at eventlog.Expected, list []eventlog.Proposed) eventlog.Appended {
	t.Helper()
	done, err := l.Append(within(t), stream, at, list)
	if err != nil {
		t.Fatalf("append to %s at %d: %v", stream, at, err)
	}
	if want := uint64(int64(at) + int64(len(list))); done.Revision != want {
		t.Fatalf("append to %s at %d: revision %d, want %d", stream, at, done.Revision, want)
	}
	return done
}

func readStream(t *testing.T, l eventlog.Log, stream string, from uint64) []eventlog.Recorded {
	t.Helper()
	var list []eventlog.Recorded
	for e, err := range l.ReadStream(within(t), stream, from) {
		if err != nil {
			t.Fatalf("read %s from %d: %v", stream, from, err)
		}
		list = append(list, e)
	}
	return list
}

// catchUp reads from a position to the head.
func catchUp(t *testing.T, l eventlog.Log, after eventlog.Position, f eventlog.Filter) ([]eventlog.Recorded, eventlog.Position) {
	t.Helper()
	var list []eventlog.Recorded
	for b, err := range l.Subscribe(within(t), after, f) {
		if err != nil {
			t.Fatalf("subscribe after %s: %v", after, err)
		}
		list = append(list, b.Events...)
		if b.Live {
			return list, b.End
		}
	}
	t.Fatalf("the subscription after %s ended without an error", after)
	return nil, eventlog.Position{}
}

func ids(list []eventlog.Recorded) []uuid.UUID {
	out := make([]uuid.UUID, len(list))
	for i, e := range list {
		out[i] = e.ID
	}
	return out
}

func proposedIDs(list ...[]eventlog.Proposed) []uuid.UUID {
	var out []uuid.UUID
	for _, l := range list {
		for _, e := range l {
			out = append(out, e.ID)
		}
	}
	return out
}
