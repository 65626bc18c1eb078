package esdbtest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// decide appends events with these ids, by their names, and tells what came of
// it.
func decide(t *testing.T, s *Server, stream string, expected int64, ids ...string) string {
	t.Helper()
	var events []event
	for _, id := range ids {
		events = append(events, event{id: uuid.NewSHA1(uuid.NameSpaceURL, []byte(id)), typ: "t"})
	}
	var v verdict
	var failed error
	before := s.Events()
	err := s.cluster.log().change(func(w *writing) { v, failed = w.append(stream, expected, events) })
	if err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	switch added := s.Events() - before; {
	case v.deleted:
		return "deleted"
	case v.conflict:
		return fmt.Sprint("conflict at ", v.current)
	default:
		return fmt.Sprint(v.current, " with ", added, " new")
	}
}

// TestIdempotency: appends again, in part, in another order and elsewhere. The
// transcripts have most of it; this has what lies between.
func TestIdempotency(t *testing.T) {
	t.Parallel()
	s := started(t, Options{})
	for i, c := range []struct {
		expected int64
		ids      []string
		want     string
	}{
		{expectNoStream, []string{"a", "b", "c"}, "2 with 3 new"},
		{expectNoStream, []string{"a", "b"}, "1 with 0 new"},
		{0, []string{"b", "c"}, "2 with 0 new"},
		{0, []string{"b", "x"}, "conflict at 2"},
		{0, []string{"c", "b"}, "conflict at 2"},
		{0, []string{"b", "c", "d"}, "conflict at 2"},
		{1, nil, "conflict at 2"},
		{2, nil, "2 with 0 new"},
		{3, []string{"d"}, "conflict at 2"},
		{expectAny, []string{"b", "c"}, "2 with 0 new"},
		{expectAny, []string{"b", "x"}, "conflict at 2"},
		{expectAny, []string{"x", "b"}, "4 with 2 new"},
		{expectStreamExists, []string{"a"}, "0 with 0 new"},
		{expectStreamExists, []string{"y"}, "5 with 1 new"},
		{-7, []string{"z"}, "conflict at 5"},
	} {
		if got := decide(t, s, "s", c.expected, c.ids...); got != c.want {
			t.Errorf("%d: %v at %d: %s, want %s", i, c.ids, c.expected, got, c.want)
		}
	}
	if got := decide(t, s, "elsewhere", expectAny, "a"); got != "0 with 1 new" {
		t.Errorf("an id of another stream: %s", got)
	}
}

// TestSoftDeleted: what a soft-deleted stream takes, and that its other
// settings outlive it.
func TestSoftDeleted(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), started(t, Options{})
	c := connect(t, s.ConnectionString())
	for n, at := range []int64{expectNoStream, expectAny, 2} {
		stream := fmt.Sprint("s-", n)
		decide(t, s, stream, expectNoStream, "a", "b", "c")
		settings := esdb.EventData{EventType: "$metadata", ContentType: esdb.ContentTypeJson, Data: []byte(`{"$maxCount":2,"mine":1}`)}
		if _, err := c.AppendToStream(ctx, "$$"+stream, esdb.AppendToStreamOptions{}, settings); err != nil {
			t.Fatal(err)
		}
		if _, err := c.DeleteStream(ctx, stream, esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}}); err != nil {
			t.Fatal(err)
		}
		if got := decide(t, s, stream, expectStreamExists, "new"); got != "conflict at 2" {
			t.Errorf("%d: stream-exists: %s", at, got)
		}
		// One event for the stream and one for its settings.
		if got := decide(t, s, stream, at, "new"); got != "3 with 2 new" {
			t.Errorf("%d: %s", at, got)
		}
		decide(t, s, stream, 3, "d", "e")
		r, err := c.ReadStream(ctx, stream, esdb.ReadStreamOptions{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		e, err := r.Recv()
		if err != nil || e.OriginalEvent().EventNumber != 4 {
			t.Errorf("%d: with two at most it begins at %+v, %v", at, e, err)
		}
		r.Close()
		meta, err := c.ReadStream(ctx, "$$"+stream, esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}}, 1)
		if got, err := drained(t, meta, err); err != nil || got != `{"$maxCount":2,"$tb":3,"mine":1}` {
			t.Errorf("%d: settings %s, %v", at, got, err)
		}
	}
}

// TestDeletions: at which revisions a stream can be deleted.
func TestDeletions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		exists   bool
		expected int64
		conflict bool
	}{
		{true, 0, false}, {true, expectAny, false}, {true, expectStreamExists, false},
		{true, 1, true}, {true, expectNoStream, true},
		{false, expectNoStream, false}, {false, expectAny, false}, {false, 0, true}, {false, expectStreamExists, true},
	} {
		for _, forEver := range []bool{false, true} {
			s := started(t, Options{})
			if c.exists {
				decide(t, s, "s", expectNoStream, "a")
			}
			var v verdict
			if err := s.cluster.log().change(func(w *writing) { v = w.delete("s", c.expected, forEver) }); err != nil {
				t.Fatal(err)
			}
			if v.conflict != c.conflict {
				t.Errorf("%+v, for ever %v: %+v", c, forEver, v)
			}
			want := "0 with 1 new"
			switch {
			case forEver && !c.conflict:
				want = "deleted"
			case !c.conflict && c.exists:
				want = "1 with 2 new"
			case !c.conflict: // a deletion of nothing was noted, and is undone
				want = "0 with 2 new"
			case c.exists:
				want = "1 with 1 new"
			}
			if got := decide(t, s, "s", expectAny, "b"); got != want {
				t.Errorf("%+v, for ever %v: then %s, want %s", c, forEver, got, want)
			}
		}
	}
}

// TestMaxAge: events that are too old are not shown in their stream, and are
// in all.
func TestMaxAge(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), started(t, Options{})
	c := connect(t, s.ConnectionString())
	old := event{id: uuid.New(), typ: "t", data: []byte("old"), created: ticks(time.Now().Add(-time.Hour))}
	if err := s.cluster.log().change(func(w *writing) { _, _ = w.append("d-1", expectAny, []event{old}) }); err != nil {
		t.Fatal(err)
	}
	settings := esdb.EventData{EventType: "$metadata", ContentType: esdb.ContentTypeJson, Data: []byte(`{"$maxAge":60}`)}
	if _, err := c.AppendToStream(ctx, "$$d-1", esdb.AppendToStreamOptions{}, settings); err != nil {
		t.Fatal(err)
	}
	if _, err := appendAt(ctx, c, "d-1", esdb.Revision(0), "young"); err != nil {
		t.Fatal(err)
	}
	r, err := c.ReadStream(ctx, "d-1", esdb.ReadStreamOptions{}, 10)
	if got, err := drained(t, r, err); got != "young" || err != nil {
		t.Errorf("the stream: %q, %v", got, err)
	}
	if got := follow(ctx, t, c, esdb.Start{}, "d-").until(t, "live"); got != "old young" {
		t.Errorf("all: %q", got)
	}
}

// TestForgetsIDs: the memory of ids at any revision is bounded.
func TestForgetsIDs(t *testing.T) {
	t.Parallel()
	m := newIDMemory()
	first := uuid.New()
	m.keep(first, place{"s", 0})
	for i := range remembered {
		if _, known := m.places[first]; !known {
			t.Fatalf("forgotten after %d", i)
		}
		m.keep(uuid.New(), place{"s", uint64(i + 1)})
	}
	if _, known := m.places[first]; known || len(m.places) != remembered {
		t.Errorf("%d remembered, the first still: %v", len(m.places), known)
	}
}

// TestAppendLimit: 1 MiB of data and metadata together is the most an append
// takes, also in several events.
func TestAppendLimit(t *testing.T) {
	t.Parallel()
	c := connect(t, started(t, Options{}).ConnectionString())
	for _, q := range []struct {
		sizes [][2]int // data and metadata of each event
		fits  bool
	}{
		{[][2]int{{1 << 20, 0}}, true},
		{[][2]int{{1<<20 + 1, 0}}, false},
		{[][2]int{{1<<19 - 5, 5}, {1 << 18, 1 << 18}}, true},
		{[][2]int{{1<<19 - 5, 5}, {1 << 18, 1<<18 + 1}}, false},
	} {
		var events []esdb.EventData
		for _, size := range q.sizes {
			events = append(events, esdb.EventData{EventType: "t", Data: make([]byte, size[0]), Metadata: make([]byte, size[1])})
		}
		_, err := c.AppendToStream(t.Context(), "s", esdb.AppendToStreamOptions{}, events...)
		if q.fits != (err == nil) || err != nil && !strings.Contains(err.Error(), "Maximum Append Size") {
			t.Errorf("%v: %v", q.sizes, err)
		}
	}
}
