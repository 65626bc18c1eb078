package logtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"hoso/domain/eventlog"
)

// model is what a log is when nothing can go wrong: ids in a list, and each list of a stream.
type model struct {
	log     eventlog.Log
	ctx     context.Context
	prefix  string // this run's streams in the shared log
	start   eventlog.Position
	all     []eventlog.Recorded
	streams map[string][]eventlog.Recorded
	pool    []uuid.UUID // few ids, so that repetitions happen
}

var runs atomic.Int64

// randomCalls drives one log with random calls, each run of rapid in streams of its own.
func randomCalls(t *testing.T, l eventlog.Log) {
	ctx := context.Background()
	rapid.Check(t, func(t *rapid.T) {
		start, err := l.Head(ctx)
		if err != nil {
			t.Fatal(err)
		}
		m := &model{log: l, ctx: ctx, prefix: fmt.Sprintf("run%d-", runs.Add(1)), start: start, streams: map[string][]eventlog.Recorded{}}
		for range 5 {
			m.pool = append(m.pool, uuid.New())
		}
		t.Repeat(map[string]func(*rapid.T){
			"append":    m.append,
			"again":     m.again,
			"read":      m.read,
			"last":      m.last,
			"subscribe": m.subscribe,
		})
	})
}

func (m *model) stream(t *rapid.T) string {
	return m.prefix + rapid.SampledFrom([]string{"a-1", "a-2", "b-1"}).Draw(t, "stream")
}

func (m *model) append(t *rapid.T) {
	stream := m.stream(t)
	have := m.streams[stream]
	at := eventlog.Expected(rapid.IntRange(-1, len(have)).Draw(t, "at"))
	if rapid.Bool().Draw(t, "right") {
		at = eventlog.Expected(len(have) - 1)
	}
	var list []eventlog.Proposed
	for _, id := range rapid.SliceOfN(rapid.SampledFrom(m.pool), 1, 3).Draw(t, "ids") {
		list = append(list, eventlog.Proposed{ID: id, Type: "x", Data: rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "data"), Meta: []byte("m")})
	}
	m.try(t, stream, at, list)
}

// again sends a run of events that are already there.
func (m *model) again(t *rapid.T) {
	stream := m.stream(t)
	have := m.streams[stream]
	if len(have) == 0 {
		return
	}
	from := rapid.IntRange(0, len(have)-1).Draw(t, "from")
	n := rapid.IntRange(1, len(have)-from).Draw(t, "n")
	var list []eventlog.Proposed
	for _, e := range have[from : from+n] {
		list = append(list, eventlog.Proposed{ID: e.ID, Type: "other", Data: []byte("other bytes")})
	}
	m.try(t, stream, eventlog.Expected(from-1), list)
}

func (m *model) try(t *rapid.T, stream string, at eventlog.Expected, list []eventlog.Proposed) {
	have := m.streams[stream]
	done, err := m.log.Append(m.ctx, stream, at, list)
	first := int(at) + 1
	switch {
	case first == len(have):
		if err != nil || done.Revision != uint64(first+len(list)-1) {
			t.Fatalf("append at the current revision: %+v, %v", done, err)
		}
		for i, p := range list {
			e := eventlog.Recorded{ID: p.ID, Stream: stream, Revision: uint64(first + i), Type: p.Type, Data: p.Data, Meta: p.Meta}
			m.streams[stream] = append(m.streams[stream], e)
			m.all = append(m.all, e)
		}
		m.streams[stream][len(m.streams[stream])-1].Position = done.Position
	case first+len(list) <= len(have) && slices.EqualFunc(list, have[first:first+len(list)], func(p eventlog.Proposed, e eventlog.Recorded) bool { return p.ID == e.ID }):
		old := have[first+len(list)-1]
		if err != nil || done.Revision != old.Revision || old.Position != (eventlog.Position{}) && done.Position != old.Position {
			t.Fatalf("repeated append: %+v, %v; first %+v", done, err, old)
		}
	default:
		var c *eventlog.ConflictError
		if !errors.As(err, &c) || c.Actual != eventlog.Expected(len(have)-1) {
			t.Fatalf("append at %d of a stream of %d: %+v, %v; want a conflict", at, len(have), done, err)
		}
	}
}

func (m *model) read(t *rapid.T) {
	stream := m.stream(t)
	have := m.streams[stream]
	from := rapid.IntRange(0, len(have)+1).Draw(t, "from")
	var got []eventlog.Recorded
	for e, err := range m.log.ReadStream(m.ctx, stream, uint64(from)) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	compare(t, got, have[min(from, len(have)):])
}

func (m *model) last(t *rapid.T) {
	stream := m.stream(t)
	have := m.streams[stream]
	got, found, err := m.log.Last(m.ctx, stream)
	if err != nil || found != (len(have) > 0) {
		t.Fatalf("last: %t, %v; %d events", found, err, len(have))
	}
	if found {
		compare(t, []eventlog.Recorded{got}, have[len(have)-1:])
	}
}

func (m *model) subscribe(t *rapid.T) {
	prefix := m.prefix + rapid.SampledFrom([]string{"", "a-", "b-1", "c"}).Draw(t, "prefix")
	var got []eventlog.Recorded
	for b, err := range m.log.Subscribe(m.ctx, m.start, eventlog.Filter{StreamPrefixes: []string{prefix}}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, b.Events...)
		if b.Live {
			break
		}
	}
	want := slices.DeleteFunc(slices.Clone(m.all), func(e eventlog.Recorded) bool { return !strings.HasPrefix(e.Stream, prefix) })
	compare(t, got, want)
}

func compare(t *rapid.T, got, want []eventlog.Recorded) {
	same := slices.EqualFunc(got, want, func(g, w eventlog.Recorded) bool {
		return g.ID == w.ID && g.Stream == w.Stream && g.Revision == w.Revision && g.Type == w.Type &&
			string(g.Data) == string(w.Data) && string(g.Meta) == string(w.Meta)
	})
	if !same {
		t.Fatalf("got %+v\nwant %+v", got, want)
	}
}
