package move_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
	"hoso/infra/esdb"
	"hoso/infra/esdb/esdbtest"
	"hoso/infra/move"
	"hoso/infra/sqlite"
)

// engine opens targets of one kind, and the same target again.
type engine struct {
	name string
	open func(t *testing.T, id uuid.UUID) (open func() eventlog.Log)
}

var engines = []engine{
	{"sqlite", func(t *testing.T, id uuid.UUID) func() eventlog.Log {
		dir := t.TempDir()
		return func() eventlog.Log {
			l, err := sqlite.OpenLog(dir, sqlite.LogOptions{ID: id})
			return closing(t, l, err)
		}
	}},
	{"esdb", func(t *testing.T, id uuid.UUID) func() eventlog.Log {
		srv, err := esdbtest.Start(esdbtest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(srv.Stop)
		return func() eventlog.Log {
			l, err := esdb.Open(t.Context(), srv.ConnectionString(), esdb.Options{Fill: id})
			return closing(t, l, err)
		}
	}},
}

func closing[L eventlog.Log](t *testing.T, l L, err error) eventlog.Log {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// fill writes streams that take turns, runs of one stream longer than an append
// may be, and an event as large as one may be.
func fill(t *testing.T, l eventlog.Log) {
	t.Helper()
	dice := rand.New(rand.NewPCG(1, 2))
	next := map[string]eventlog.Expected{}
	add := func(stream string, n, size int) {
		at, known := next[stream]
		if !known {
			at = eventlog.NoStream
		}
		var list []eventlog.Proposed
		for i := range n {
			id := uuid.New()
			list = append(list, eventlog.Proposed{ID: id, Type: "test.happened", Meta: fmt.Appendf(nil, `{"n":%d}`, i),
				Data: append(fmt.Appendf(nil, `{"id":%q,"pad":"`, id), append(bytes.Repeat([]byte("x"), size), `"}`...)...)})
		}
		if _, err := l.Append(t.Context(), stream, at, list); err != nil {
			t.Fatal(err)
		}
		next[stream] = at + eventlog.Expected(n)
	}
	for i := range 300 {
		add(fmt.Sprintf("a-%d", dice.IntN(40)), 1+dice.IntN(3), dice.IntN(900))
		if i == 100 {
			add("long", 400, 10)
			add("long", 400, 10)
			add("long", 300, 2000)
			for range 18 {
				add("many", 499, 10)
				add("other", 1, 10)
			}
			add("large", 1, eventlog.MaxAppendBytes-200)
			add("large", 1, eventlog.MaxAppendBytes/2)
			add("large", 1, eventlog.MaxAppendBytes/2)
		}
	}
}

// all reads a log to its end; positions are left out.
func all(t *testing.T, l eventlog.Log) (list []eventlog.Recorded) {
	t.Helper()
	for batch, err := range l.Subscribe(t.Context(), eventlog.Position{}, eventlog.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range batch.Events {
			e.Position = eventlog.Position{}
			list = append(list, e)
		}
		if batch.Live {
			return list
		}
	}
	return list
}

func equal(a, b eventlog.Recorded) bool {
	return a.ID == b.ID && a.Stream == b.Stream && a.Revision == b.Revision && a.Type == b.Type && bytes.Equal(a.Data, b.Data) && bytes.Equal(a.Meta, b.Meta)
}

func head(t *testing.T, l eventlog.Log) eventlog.Position {
	t.Helper()
	p, err := l.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// interrupted ends the context after some appends.
type interrupted struct {
	eventlog.Log
	left int
	stop context.CancelFunc
}

func (l *interrupted) count() {
	if l.left--; l.left <= 0 {
		l.stop()
	}
}

func (l *interrupted) Append(ctx context.Context, stream string, at eventlog.Expected, events []eventlog.Proposed) (eventlog.Appended, error) {
	defer l.count()
	if len(events) > 500 {
		return eventlog.Appended{}, fmt.Errorf("%d events in an append", len(events))
	}
	return l.Log.Append(ctx, stream, at, events)
}

// interruptedBulk is interrupted where the engine takes many streams at once.
type interruptedBulk struct{ *interrupted }

func (l interruptedBulk) AppendRecorded(ctx context.Context, events []eventlog.Recorded) error {
	defer l.count()
	return l.Log.(move.Bulk).AppendRecorded(ctx, events)
}

// stoppedAfter wraps a log so that the context ends after some appends.
func stoppedAfter(l eventlog.Log, stop context.CancelFunc) eventlog.Log {
	if _, bulk := l.(move.Bulk); bulk {
		return interruptedBulk{&interrupted{l, 1, stop}}
	}
	return &interrupted{l, 60, stop}
}

// TestCopy copies between all engines, stopped many times on the way; in the end
// the target holds the same events in the same order, and so does a part of them on the way.
func TestCopy(t *testing.T) {
	for _, from := range engines {
		for _, to := range engines {
			t.Run(from.name+" to "+to.name, func(t *testing.T) {
				id := uuid.New()
				source := from.open(t, id)()
				fill(t, source)
				want := all(t, source)
				open := to.open(t, id)
				var done move.Done
				for tries := 0; ; tries++ {
					ctx, cancel := context.WithCancel(t.Context())
					target := open()
					var err error
					done, err = move.Copy(ctx, source, stoppedAfter(target, cancel), move.Options{Until: head(t, source)})
					cancel()
					there := all(t, target)
					if !slices.EqualFunc(there, want[:len(there)], equal) {
						t.Fatalf("after try %d what stands there is not the beginning of the source", tries)
					}
					target.Close()
					if err == nil {
						break
					}
					if !errors.Is(err, context.Canceled) || tries > 50 {
						t.Fatal(err)
					}
				}
				if done.Events != uint64(len(want)) || done.Standing == 0 || done.Standing >= done.Events {
					t.Errorf("%+v of %d events", done, len(want))
				}
				target := open()
				if got := all(t, target); len(got) != len(want) {
					t.Errorf("%d events, want %d", len(got), len(want))
				}
				again, err := move.Copy(t.Context(), source, target, move.Options{Until: head(t, source)})
				if err != nil || again.Standing != done.Events || again.Events != done.Events {
					t.Errorf("copied again: %+v, %v", again, err)
				}
			})
		}
	}
}

// TestCopyOutlivesTheServer: the target's server is killed and started again while it is written.
func TestCopyOutlivesTheServer(t *testing.T) {
	srv, err := esdbtest.Start(esdbtest.Options{File: filepath.Join(t.TempDir(), "log")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Stop)
	id := uuid.New()
	source := engines[0].open(t, id)()
	fill(t, source)
	want := all(t, source)
	l, err := esdb.Open(t.Context(), srv.ConnectionString(), esdb.Options{Fill: id})
	target := closing(t, l, err)
	kills := 0
	kill := func(copied uint64) {
		if copied > uint64(kills+1)*uint64(len(want))/5 {
			kills++
			srv.Kill()
			if err := srv.Restart(); err != nil {
				t.Error(err)
			}
		}
	}
	done, err := move.Copy(t.Context(), source, target, move.Options{Until: head(t, source), Copied: kill})
	if err != nil || done.Events != uint64(len(want)) || kills < 3 {
		t.Fatalf("%+v, %v, %d kills", done, err, kills)
	}
	if got := all(t, target); !slices.EqualFunc(got, want, equal) {
		t.Errorf("%d events, want %d, or others", len(got), len(want))
	}
}

// TestCopyRefusesWhatDiffers: one changed byte, another order or one event more in the target.
func TestCopyRefusesWhatDiffers(t *testing.T) {
	id := uuid.New()
	event := func(stream, text string) eventlog.Proposed {
		return eventlog.Proposed{ID: uuid.NewSHA1(id, []byte(stream+text)), Type: "test.happened", Data: []byte(`{"t":"` + text + `"}`), Meta: []byte(`{}`)}
	}
	put := func(l eventlog.Log, stream string, at eventlog.Expected, e eventlog.Proposed) {
		t.Helper()
		if _, err := l.Append(t.Context(), stream, at, []eventlog.Proposed{e}); err != nil {
			t.Fatal(err)
		}
	}
	changed := event("a", "1")
	changed.Data = []byte(`{"t":"2"}`)
	otherMeta := event("a", "1")
	otherMeta.Meta = []byte(`{"x":1}`)
	for name, spoil := range map[string]func(eventlog.Log){
		"data changed":   func(l eventlog.Log) { put(l, "a", eventlog.NoStream, changed) },
		"meta changed":   func(l eventlog.Log) { put(l, "a", eventlog.NoStream, otherMeta) },
		"another stream": func(l eventlog.Log) { put(l, "c", eventlog.NoStream, event("a", "1")) },
		"other order": func(l eventlog.Log) {
			put(l, "b", eventlog.NoStream, event("b", "1"))
			put(l, "a", eventlog.NoStream, event("a", "1"))
		},
		"one more": func(l eventlog.Log) {
			put(l, "a", eventlog.NoStream, event("a", "1"))
			put(l, "b", eventlog.NoStream, event("b", "1"))
			put(l, "b", 0, event("b", "2"))
		},
	} {
		for _, e := range engines {
			t.Run(name+" "+e.name, func(t *testing.T) {
				source, target := engines[0].open(t, id)(), e.open(t, id)()
				put(source, "a", eventlog.NoStream, event("a", "1"))
				put(source, "b", eventlog.NoStream, event("b", "1"))
				spoil(target)
				before := all(t, target)
				_, err := move.Copy(t.Context(), source, target, move.Options{Until: head(t, source)})
				var differs *move.DiffersError
				if !errors.As(err, &differs) {
					t.Errorf("copied upon something else: %v", err)
				}
				if after := all(t, target); !slices.EqualFunc(before, after, equal) {
					t.Error("it wrote all the same")
				}
			})
		}
	}
	if _, err := move.Copy(t.Context(), engines[0].open(t, uuid.New())(), engines[0].open(t, id)(), move.Options{}); err == nil {
		t.Error("copied into a log of another id")
	}
}
