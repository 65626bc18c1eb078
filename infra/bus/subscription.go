package bus

import (
	"context"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// subscription is a message.Subscriber over something that runs through the
// log in order: it hands out one message and withholds the next until that
// one is acknowledged, because the router handles each message in a goroutine
// of its own and order would be lost.
type subscription struct {
	// feed calls deliver for each message; false from deliver means stop.
	feed func(ctx context.Context, deliver func(value any) bool)

	mu      sync.Mutex
	cancels []context.CancelFunc
	running sync.WaitGroup
}

var _ message.Subscriber = (*subscription)(nil)

// valueKey is where a message's context carries what it is about: by
// reference, never as a payload.
type valueKey struct{}

// Subscribe implements message.Subscriber.
func (s *subscription) Subscribe(ctx context.Context, _ string) (<-chan *message.Message, error) {
	ctx, cancel := context.WithCancel(ctx)
	s.mu.Lock()
	s.cancels = append(s.cancels, cancel)
	s.mu.Unlock()
	out := make(chan *message.Message)
	s.running.Go(func() {
		defer close(out)
		s.feed(ctx, func(value any) bool { return deliver(ctx, out, value) })
	})
	return out, nil
}

// Close implements message.Subscriber.
func (s *subscription) Close() error {
	s.mu.Lock()
	for _, cancel := range s.cancels {
		cancel()
	}
	s.mu.Unlock()
	s.running.Wait()
	return nil
}

// deliver hands a message out, again after each refusal, until it is
// acknowledged; false when the context ends first. What was taken is waited for
// also then, or it would be handled and yet come again after the next start.
func deliver(ctx context.Context, out chan<- *message.Message, value any) bool {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
		// Without an id of its own: nobody stores these messages.
		msg := message.NewMessageWithContext(context.WithValue(ctx, valueKey{}, value), "", nil)
		if ctx.Err() != nil {
			return false
		}
		select {
		case out <- msg:
		case <-ctx.Done():
			return false
		}
		select {
		case <-msg.Acked():
			return true
		case <-msg.Nacked():
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return false
		}
	}
}
