package logpubsub_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"hoso/domain/eventlog/memory"
	"hoso/infra/logpubsub"
)

// ctxStore saves nothing in a context that has ended.
type ctxStore struct{ logpubsub.Memory }

func (s *ctxStore) Save(ctx context.Context, topic string, c logpubsub.Checkpoint) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.Memory.Save(ctx, topic, c)
}

// TestAckWhileClosing is kept: what a handler finishes within CloseTimeout
// does not come again. The message's context tells it to hurry.
func TestAckWhileClosing(t *testing.T) {
	l, positions := memory.New(), &ctxStore{}
	publish(t, l, "s", "made", 2)
	s := follower(t, l, logpubsub.Options{Checkpoints: positions, Pace: logpubsub.Pace{CloseTimeout: 20 * time.Second}})
	msg := next(t, subscribe(t, s, "s"))
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	<-msg.Context().Done()
	time.Sleep(10 * time.Millisecond)
	if len(closed) > 0 {
		t.Error("Close did not wait for the handler")
	}
	msg.Ack()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if _, err := s.Subscribe(t.Context(), "s"); !errors.Is(err, logpubsub.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	again := follower(t, l, logpubsub.Options{Checkpoints: positions})
	if got := read(t, subscribe(t, again, "s"), 1); got[0] != "s@1" {
		t.Errorf("it goes on with %s", got[0])
	}
}

// TestEndOfContext closes the channel of that subscription alone.
func TestEndOfContext(t *testing.T) {
	l := memory.New()
	publish(t, l, "s", "made", 2)
	s := follower(t, l, logpubsub.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	ending, err := s.Subscribe(ctx, "s")
	if err != nil {
		t.Fatal(err)
	}
	other := subscribe(t, s, "s")
	msg := next(t, ending)
	cancel()
	<-msg.Context().Done()
	if msg := next(t, ending); msg != nil {
		t.Errorf("%s came after the end", place(msg))
	}
	if got := read(t, other, 2); !slices.Equal(got, []string{"s@0", "s@1"}) {
		t.Errorf("the other one got %v", got)
	}
}

// TestCloseInParallel with subscriptions that begin and end: nothing hangs,
// nothing is left (TestMain looks for goroutines).
func TestCloseInParallel(t *testing.T) {
	l := memory.New()
	publish(t, l, "s", "made", 100)
	for range 20 {
		s := logpubsub.NewSubscriber(l, logpubsub.Options{Pace: quick})
		var running sync.WaitGroup
		for i := range 8 {
			running.Go(func() {
				messages, err := s.Subscribe(context.Background(), "s")
				if err != nil && !errors.Is(err, logpubsub.ErrClosed) {
					t.Error(err)
				}
				for i%2 == 0 && err == nil {
					msg, open := <-messages
					if !open {
						break
					}
					msg.Ack()
				}
			})
		}
		for range 3 {
			running.Go(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
	}
}
