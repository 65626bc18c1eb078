package logpubsub_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/google/uuid"

	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/infra/logpubsub"
)

// cutLog ends each subscription after one batch, and reading a stream after
// some events, with an error.
type cutLog struct {
	eventlog.Log
	err error
}

func (l *cutLog) Subscribe(ctx context.Context, after eventlog.Position, f eventlog.Filter) iter.Seq2[eventlog.Batch, error] {
	return func(yield func(eventlog.Batch, error) bool) {
		for b, err := range l.Log.Subscribe(ctx, after, f) {
			if !yield(b, err) || err != nil {
				return
			}
			break
		}
		yield(eventlog.Batch{}, l.err)
	}
}

// TestCutSubscriptions are taken up again without gap or repetition; one whose
// position the log calls foreign begins again at the first event.
func TestCutSubscriptions(t *testing.T) {
	for _, topic := range []string{"s", logpubsub.All} {
		l := memory.New()
		publish(t, l, "s", "made", 500) // the memory log's batches have 64
		s := follower(t, &cutLog{l, errors.New("cut")}, logpubsub.Options{})
		for i, got := range read(t, subscribe(t, s, topic), 500) {
			if want := fmt.Sprintf("s@%d", i); got != want {
				t.Fatalf("message %d is %s", i, got)
			}
		}
	}
	l := memory.New()
	publish(t, l, "s", "made", 3)
	s := follower(t, &cutLog{l, fmt.Errorf("no record: %w", eventlog.ErrForeignPosition)}, logpubsub.Options{})
	if got := strings.Join(read(t, subscribe(t, s, logpubsub.All), 5), " "); got != "s@0 s@1 s@2 s@0 s@1" {
		t.Errorf("%s came", got)
	}
}

// brokenStore fails every third time.
type brokenStore struct {
	logpubsub.Memory
	mu    sync.Mutex
	calls int
}

var errStore = errors.New("the store is away")

func (s *brokenStore) fails() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	return s.calls%3 == 1
}

func (s *brokenStore) Load(ctx context.Context, topic string) (logpubsub.Checkpoint, bool, error) {
	if s.fails() {
		return logpubsub.Checkpoint{}, false, errStore
	}
	return s.Memory.Load(ctx, topic)
}

func (s *brokenStore) Save(ctx context.Context, topic string, c logpubsub.Checkpoint) error {
	if s.fails() {
		return errStore
	}
	return s.Memory.Save(ctx, topic, c)
}

// TestBrokenStore: while positions cannot be kept events repeat, and none is left out.
func TestBrokenStore(t *testing.T) {
	l := memory.New()
	publish(t, l, "s", "made", 6)
	said := watermill.NewCaptureLogger()
	s := follower(t, l, logpubsub.Options{Checkpoints: &brokenStore{}, Logger: said})
	messages := subscribe(t, s, "s")
	var got []string
	for len(got) == 0 || got[len(got)-1] != "s@5" {
		got = append(got, read(t, messages, 1)...)
	}
	if first := slices.Compact(slices.Clone(got)); strings.Join(first, " ") != "s@0 s@1 s@2 s@3 s@4 s@5" {
		t.Errorf("%v came", got)
	}
	if len(got) == 6 {
		t.Error("nothing came again: the store did not fail")
	}
	if !said.HasError(errStore) {
		t.Error("the fault was not said")
	}
}

// namedLog is a log with the id of another: what a backup that is restored is.
type namedLog struct {
	eventlog.Log
	id uuid.UUID
}

func (l namedLog) ID() uuid.UUID { return l.id }

// TestForeignCheckpoints: another log, and this one restored to an older state
// that may have grown again since, are seen from the first event on; the log
// itself is not.
func TestForeignCheckpoints(t *testing.T) {
	for _, topic := range []string{"s", logpubsub.All} {
		old, positions := memory.New(), &logpubsub.Memory{}
		publish(t, old, "s", "made", 5)
		s := follower(t, old, logpubsub.Options{Checkpoints: positions})
		read(t, subscribe(t, s, topic), 4)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		restored := func(events int) eventlog.Log {
			l := namedLog{memory.New(), old.ID()}
			publish(t, l, "s", "made", events)
			return l
		}
		another := memory.New()
		publish(t, another, "s", "made", 7)
		for name, tc := range map[string]struct {
			log  eventlog.Log
			want string
		}{"the same": {old, "s@4"}, "another": {another, "s@0"}, "shorter": {restored(2), "s@0"}, "grown again": {restored(9), "s@0"}} {
			kept := &logpubsub.Memory{}
			if c, found, err := positions.Load(t.Context(), topic); err != nil || !found || kept.Save(t.Context(), topic, c) != nil {
				t.Fatal("no checkpoint was kept")
			}
			s := follower(t, tc.log, logpubsub.Options{Checkpoints: kept})
			if got := read(t, subscribe(t, s, topic), 1); got[0] != tc.want {
				t.Errorf("%s, topic %s: it goes on with %s, want %s", name, topic, got[0], tc.want)
			}
		}
	}
}
