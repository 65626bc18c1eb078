package logtest

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
)

func bytesRoundTrip(t *testing.T, l eventlog.Log) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	values := [][]byte{nil, {}, {0}, []byte("\x00NUL\x00"), []byte("not UTF-8: \xff\xfe\xc3"), []byte(`{"a":1}`), []byte("Hồ sơ Đức \U0001F4C4"), all}
	at := eventlog.NoStream
	for i, data := range values {
		meta := values[len(values)-1-i]
		e := eventlog.Proposed{ID: uuid.New(), Type: "kiểu.loại", Data: data, Meta: meta}
		mustAppend(t, l, "a-Hồ Sơ/1", at, []eventlog.Proposed{e})
		at++
		for _, got := range [][]eventlog.Recorded{readStream(t, l, "a-Hồ Sơ/1", uint64(at)), lastOf(t, l, "a-Hồ Sơ/1")} {
			if len(got) != 1 || got[0].ID != e.ID || got[0].Type != e.Type || got[0].Stream != "a-Hồ Sơ/1" || got[0].Revision != uint64(at) ||
				!bytes.Equal(got[0].Data, data) || !bytes.Equal(got[0].Meta, meta) {
				t.Fatalf("%q, %q came back as %+v", data, meta, got)
			}
		}
	}
	got, _ := catchUp(t, l, eventlog.Position{}, eventlog.Filter{})
	for i, e := range got {
		if !bytes.Equal(e.Data, values[i]) {
			t.Fatalf("%q came through the subscription as %q", values[i], e.Data)
		}
	}
}

func bytesOwned(t *testing.T, l eventlog.Log) {
	list := events(1)
	data, meta := bytes.Clone(list[0].Data), bytes.Clone(list[0].Meta)
	mustAppend(t, l, "a-1", eventlog.NoStream, list)
	clear(list[0].Data)
	clear(list[0].Meta)
	for range 2 {
		got := readStream(t, l, "a-1", 0)[0]
		if !bytes.Equal(got.Data, data) || !bytes.Equal(got.Meta, meta) {
			t.Fatalf("got %q, %q", got.Data, got.Meta)
		}
		clear(got.Data)
		_ = append(got.Data, "spills into the neighbour"...)
		clear(got.Meta)
	}
}

func readFrom(t *testing.T, l eventlog.Log) {
	list := events(5)
	mustAppend(t, l, "a-1", eventlog.NoStream, list[:2])
	mustAppend(t, l, "a-2", eventlog.NoStream, events(2))
	mustAppend(t, l, "a-1", 1, list[2:])
	for from := range uint64(7) {
		got := readStream(t, l, "a-1", from)
		if want := proposedIDs(list[min(from, 5):]); !slices.Equal(ids(got), want) {
			t.Fatalf("from %d: got %v, want %v", from, ids(got), want)
		}
		for i, e := range got {
			if e.Revision != from+uint64(i) || e.Stream != "a-1" {
				t.Fatalf("from %d: event %d is %s/%d", from, i, e.Stream, e.Revision)
			}
		}
	}
	for _, stream := range []string{"a-", "a-11", "A-1", "$a", ""} {
		if got := readStream(t, l, stream, 0); len(got) != 0 {
			t.Fatalf("stream %q gives %d events", stream, len(got))
		}
	}
	if got := readStream(t, l, "a-1", math.MaxUint64); len(got) != 0 {
		t.Fatalf("beyond every revision: %d events", len(got))
	}
}

func readLong(t *testing.T, l eventlog.Log) {
	const n = 2500
	list := events(n)
	for at := 0; at < n; at += 100 {
		mustAppend(t, l, "a-1", eventlog.Expected(at-1), list[at:at+100])
	}
	if got := readStream(t, l, "a-1", 0); !slices.Equal(ids(got), proposedIDs(list)) {
		t.Fatalf("%d events, or not in order", len(got))
	}
	if got := readStream(t, l, "a-1", 1234); !slices.Equal(ids(got), proposedIDs(list[1234:])) {
		t.Fatalf("from 1234: %d events, or not in order", len(got))
	}
}

func lastOf(t *testing.T, l eventlog.Log, stream string) []eventlog.Recorded {
	t.Helper()
	e, found, err := l.Last(within(t), stream)
	if err != nil {
		t.Fatal(err)
	}
	if !found {
		return nil
	}
	return []eventlog.Recorded{e}
}

func readLast(t *testing.T, l eventlog.Log) {
	if got := lastOf(t, l, "a-1"); got != nil {
		t.Fatalf("an empty log has %v", got)
	}
	list := events(3)
	mustAppend(t, l, "a-1", eventlog.NoStream, list)
	mustAppend(t, l, "a-2", eventlog.NoStream, events(1))
	got := lastOf(t, l, "a-1")
	if got == nil || got[0].ID != list[2].ID || got[0].Revision != 2 {
		t.Fatalf("got %+v", got)
	}
	if got := lastOf(t, l, "a-3"); got != nil {
		t.Fatalf("a missing stream has %v", got)
	}
}

func readHeadAndOrder(t *testing.T, l eventlog.Log) {
	head := func() eventlog.Position {
		p, err := l.Head(within(t))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if p := head(); p != (eventlog.Position{}) {
		t.Fatalf("an empty log has its head at %s", p)
	}
	var order []uuid.UUID
	revisions := map[string]eventlog.Expected{"a-1": -1, "b-1": -1, "a-2": -1}
	for i := range 60 {
		stream := []string{"a-1", "b-1", "a-2"}[i%3]
		list := events(1 + i%4)
		done := mustAppend(t, l, stream, revisions[stream], list)
		revisions[stream] = eventlog.Expected(done.Revision)
		order = append(order, proposedIDs(list)...)
		if p := head(); p != done.Position {
			t.Fatalf("head %s after an append to %s", p, done.Position)
		}
	}
	got, _ := catchUp(t, l, eventlog.Position{}, eventlog.Filter{})
	if !slices.Equal(ids(got), order) {
		t.Fatal("the log's order is not that of the appends")
	}
	for i := 1; i < len(got); i++ {
		if !got[i-1].Position.Before(got[i].Position) {
			t.Fatalf("positions do not rise: %s, %s", got[i-1].Position, got[i].Position)
		}
	}
}

func idStays(t *testing.T, l eventlog.Log) {
	id := l.ID()
	mustAppend(t, l, "a-1", eventlog.NoStream, events(1))
	if id == uuid.Nil || l.ID() != id {
		t.Fatalf("id %s, then %s", id, l.ID())
	}
}
