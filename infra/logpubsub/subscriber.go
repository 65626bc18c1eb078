package logpubsub

import (
	"context"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

const (
	firstPause          = 50 * time.Millisecond
	maxAppendPause      = 5 * time.Second
	maxPause            = 10 * time.Second
	defaultCloseTimeout = 5 * time.Second
)

// Pace says how a Subscriber waits. Zero fields take the defaults.
type Pace struct {
	FirstPause   time.Duration // before a refused message comes again (50 ms); doubles each time,
	MaxPause     time.Duration // up to this (10 s)
	CloseTimeout time.Duration // how long the end waits for the Ack of the message that is out (5 s)
}

func (p Pace) orDefault() Pace {
	if p.FirstPause == 0 {
		p.FirstPause = firstPause
	}
	if p.MaxPause == 0 {
		p.MaxPause = maxPause
	}
	if p.CloseTimeout == 0 {
		p.CloseTimeout = defaultCloseTimeout
	}
	return p
}

// parcel is what a message is made of, once for each time it is handed out.
type parcel struct {
	value   any
	message func() *message.Message
}

// Subscriber hands out what comes in order, one message at a time: the next is
// withheld until that one is acknowledged. Watermill's router handles each
// message in a goroutine of its own, so nothing less keeps the order. Make one
// with NewSubscriber or ByReference; safe for concurrent use.
type Subscriber struct {
	pace  Pace
	check func(topic string) error
	// feed runs until the context ends, or there is no more; false from hand means stop.
	feed func(ctx context.Context, topic string, hand func(parcel) bool)

	mu      sync.Mutex // guards cancels and running.Add
	closed  bool
	cancels map[*context.CancelFunc]bool
	running sync.WaitGroup
}

var _ message.Subscriber = (*Subscriber)(nil)

// Subscribe implements message.Subscriber. Each call is a subscription of its
// own, from the kept position on; two to one topic both get every message.
// Errors: ErrClosed, eventlog.ErrInvalid for a topic that cannot be.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	if err := s.check(topic); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		cancel()
		return nil, ErrClosed
	}
	if s.cancels == nil {
		s.cancels = map[*context.CancelFunc]bool{}
	}
	s.cancels[&cancel] = true
	out := make(chan *message.Message)
	s.running.Go(func() {
		defer close(out)
		defer func() {
			cancel()
			s.mu.Lock()
			delete(s.cancels, &cancel)
			s.mu.Unlock()
		}()
		s.feed(ctx, topic, func(p parcel) bool { return s.hand(ctx, out, p) })
	})
	return out, nil
}

// Close ends all subscriptions and waits for them, also for those blocked by a
// message that nobody takes or acknowledges. Calling it again is harmless.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	s.closed = true
	for cancel := range s.cancels {
		(*cancel)()
	}
	s.mu.Unlock()
	s.running.Wait()
	return nil
}

// hand gives a message out, made anew after each refusal, until it is
// acknowledged; false when the context ended first.
func (s *Subscriber) hand(ctx context.Context, out chan<- *message.Message, p parcel) bool {
	for wait := s.pace.FirstPause; ctx.Err() == nil; wait = min(2*wait, s.pace.MaxPause) {
		if s.handOnce(ctx, out, p) {
			return true
		}
		if !pause(ctx, wait) {
			break
		}
	}
	return false
}

// handOnce tells whether the message was acknowledged. Its context ends with
// the answer. What was taken is waited for also when the subscription
// ends, or it would be handled and yet come again after the next start.
func (s *Subscriber) handOnce(ctx context.Context, out chan<- *message.Message, p parcel) bool {
	within, cancel := context.WithCancel(context.WithValue(ctx, valueKey{}, p.value))
	defer cancel()
	msg := p.message()
	msg.SetContext(within)
	select {
	case out <- msg:
	case <-ctx.Done():
		return false
	}
	select {
	case <-msg.Acked():
		return true
	case <-msg.Nacked():
		return false
	case <-ctx.Done():
	}
	over := time.NewTimer(s.pace.CloseTimeout)
	defer over.Stop()
	select {
	case <-msg.Acked():
		return true
	case <-msg.Nacked():
	case <-over.C:
	}
	return false
}

// pause waits; false when the context ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
