package logtest

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
)

func subscribeFrom(t *testing.T, l eventlog.Log) {
	// End may stand behind records that an engine keeps for itself.
	if got, _ := catchUp(t, l, eventlog.Position{}, eventlog.Filter{}); len(got) != 0 {
		t.Fatalf("an empty log gives %d events", len(got))
	}
	for i := range 40 {
		mustAppend(t, l, fmt.Sprintf("a-%d", i), eventlog.NoStream, events(1+i%10))
	}
	all, end := catchUp(t, l, eventlog.Position{}, eventlog.Filter{})
	if end.Before(all[len(all)-1].Position) {
		t.Fatalf("End %s lies before the last event %s", end, all[len(all)-1].Position)
	}
	for i, e := range all {
		got, _ := catchUp(t, l, e.Position, eventlog.Filter{})
		if !slices.Equal(ids(got), ids(all[i+1:])) {
			t.Fatalf("after %s: %d events, want %d", e.Position, len(got), len(all)-i-1)
		}
	}
	if got, again := catchUp(t, l, end, eventlog.Filter{}); len(got) != 0 || again.Before(end) {
		t.Fatalf("from the head: %d events, End %s, want %s or later", len(got), again, end)
	}
}

// follower pulls batches one by one.
type follower struct {
	t    *testing.T
	next func() (eventlog.Batch, error, bool)
}

func follow(t *testing.T, seq iter.Seq2[eventlog.Batch, error]) follower {
	next, stop := iter.Pull2(seq)
	t.Cleanup(stop)
	return follower{t, next}
}

// untilLive reads up to the next batch that is live.
func (f follower) untilLive() (list []eventlog.Recorded, end eventlog.Position) {
	f.t.Helper()
	return f.until(eventlog.Position{})
}

// until reads up to the next batch that is live and ends at a position or later.
// A server sends the events of one append one by one, so that the first may be live without the others.
func (f follower) until(at eventlog.Position) (list []eventlog.Recorded, end eventlog.Position) {
	f.t.Helper()
	for {
		b, err, ok := f.next()
		if err != nil || !ok {
			f.t.Fatalf("the subscription ended: %v", err)
		}
		list = append(list, b.Events...)
		if b.Live && !b.End.Before(at) {
			return list, b.End
		}
	}
}

func subscribeLive(t *testing.T, l eventlog.Log) {
	f := follow(t, l.Subscribe(within(t), eventlog.Position{}, eventlog.Filter{}))
	if got, _ := f.untilLive(); len(got) != 0 {
		t.Fatalf("an empty log gives %d events", len(got))
	}
	at := eventlog.NoStream
	for i := range 20 {
		list := events(1 + i%3)
		done := mustAppend(t, l, "a-1", at, list)
		at = eventlog.Expected(done.Revision)
		got, end := f.until(done.Position)
		if !slices.Equal(ids(got), proposedIDs(list)) || end != done.Position {
			t.Fatalf("round %d: got %d events up to %s, want %d up to %s", i, len(got), end, len(list), done.Position)
		}
	}
}

func subscribeFiltered(t *testing.T, l eventlog.Log) {
	var want []uuid.UUID
	for i, stream := range []string{"dossier-1", "codes-1", "dossiers", "other", "codes-2", "dossier-", "x-dossier-1", "dossier"} {
		list := events(1 + i%2)
		mustAppend(t, l, stream, eventlog.NoStream, list)
		if slices.Contains([]string{"dossier-1", "codes-1", "codes-2", "dossier-"}, stream) {
			want = append(want, proposedIDs(list)...)
		}
	}
	got, _ := catchUp(t, l, eventlog.Position{}, eventlog.Filter{StreamPrefixes: []string{"dossier-", "codes-"}})
	if !slices.Equal(ids(got), want) {
		t.Fatalf("%d events, want %d", len(got), len(want))
	}
}

func subscribeResumesFiltered(t *testing.T, l eventlog.Log) {
	only := eventlog.Filter{StreamPrefixes: []string{"wanted-"}}
	f := follow(t, l.Subscribe(within(t), eventlog.Position{}, only))
	f.untilLive()
	last := mustAppend(t, l, "noise-1", eventlog.NoStream, events(300))
	end := eventlog.Position{}
	for end.Before(last.Position) { // what the filter drops still moves End, though no event comes
		b, err, ok := f.next()
		if err != nil || !ok || len(b.Events) != 0 || b.End.Before(end) {
			t.Fatalf("batch of %d events, End %s after %s, error %v", len(b.Events), b.End, end, err)
		}
		end = b.End
	}
	one := mustAppend(t, l, "noise-2", eventlog.NoStream, events(1)) // a checkpoint must not lag for lack of events
	if got, _ := f.until(one.Position); len(got) != 0 {
		t.Fatalf("after one more dropped event: %d events", len(got))
	}
	list := events(2)
	done := mustAppend(t, l, "wanted-1", eventlog.NoStream, list)
	if got, _ := catchUp(t, l, end, only); !slices.Equal(ids(got), proposedIDs(list)) {
		t.Fatalf("resumed after %s: %d events", end, len(got))
	}
	if got, _ := f.until(done.Position); !slices.Equal(ids(got), proposedIDs(list)) {
		t.Fatalf("the running subscription gave %d events", len(got))
	}
}

func subscribeForeign(t *testing.T, l eventlog.Log) {
	mustAppend(t, l, "a-1", eventlog.NoStream, events(1))
	head, err := l.Head(within(t))
	if err != nil {
		t.Fatal(err)
	}
	later := eventlog.Position{Commit: head.Commit + 1000, Prepare: head.Prepare + 1000}
	for _, err := range l.Subscribe(within(t), later, eventlog.Filter{}) {
		if !errors.Is(err, eventlog.ErrForeignPosition) {
			t.Fatalf("got %v, want ErrForeignPosition", err)
		}
		return
	}
	t.Fatal("the subscription ended without an error")
}
