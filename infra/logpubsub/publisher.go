package logpubsub

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"hoso/domain/eventlog"
)

// PublisherOptions say how a Publisher differs from the usual.
type PublisherOptions struct {
	Mapping Mapping
	// CloseTimeout is how long Close waits for appends under way before it
	// breaks them off; 0 means 5 s.
	CloseTimeout time.Duration
}

// Publisher appends messages to an event log. Safe for concurrent use.
type Publisher struct {
	log      eventlog.Log
	opt      PublisherOptions
	breaking context.Context // ends when Close waits no longer
	breakOff context.CancelFunc

	mu      sync.Mutex // guards closed and running.Add
	closed  bool
	running sync.WaitGroup
}

var _ message.Publisher = (*Publisher)(nil)

// NewPublisher makes a publisher. The log stays the caller's to close.
func NewPublisher(log eventlog.Log, opt PublisherOptions) *Publisher {
	opt.Mapping = opt.Mapping.orDefault()
	if opt.CloseTimeout == 0 {
		opt.CloseTimeout = defaultCloseTimeout
	}
	p := &Publisher{log: log, opt: opt}
	p.breaking, p.breakOff = context.WithCancel(context.Background())
	return p
}

// Publish appends the messages to the stream that the topic names, in one
// append: all or none, at most 1 MiB together. It returns when they are on
// disk, and has then set MetaRevision of each and MetaPosition of the last. Its
// context is the first message's; without an end it waits for a lost server as
// long as the log does.
//
// Errors: ErrNoRevision, ErrNotConsecutive, ErrInvalidMessage (nothing was
// tried); *eventlog.ConflictError when the stream is at another revision (nothing
// was written); eventlog.ErrAmbiguous, with the reason, when the context ended or
// Close came before it was known whether the messages were written: publish
// the same ones again; ErrClosed; others of the log.
func (p *Publisher) Publish(topic string, messages ...*message.Message) error {
	if len(messages) == 0 {
		return nil
	}
	at, events, err := p.events(messages)
	if err != nil {
		return fmt.Errorf("publish to %s: %w", topic, err)
	}
	ctx, done, err := p.begin(messages[0].Context())
	if err != nil {
		return err
	}
	defer done()
	end, err := p.append(ctx, topic, at, events)
	if err != nil {
		return fmt.Errorf("publish to %s: %w", topic, err)
	}
	for i, msg := range messages {
		msg.Metadata.Set(MetaRevision, strconv.FormatInt(int64(at)+1+int64(i), 10))
	}
	messages[len(messages)-1].Metadata.Set(MetaPosition, end.Position.String())
	return nil
}

// events makes the append of the messages.
func (p *Publisher) events(messages []*message.Message) (at eventlog.Expected, events []eventlog.Proposed, err error) {
	for i, msg := range messages {
		own, err := expected(msg)
		switch {
		case err != nil:
			return 0, nil, fmt.Errorf("message %s: %w", msg.UUID, err)
		case i == 0:
			at = own
		case own != at+eventlog.Expected(i):
			return 0, nil, fmt.Errorf("message %s: %w", msg.UUID, ErrNotConsecutive)
		}
		e, err := p.opt.Mapping.Event(msg)
		if err != nil {
			return 0, nil, fmt.Errorf("message %s: %w", msg.UUID, err)
		}
		events = append(events, e)
	}
	return at, events, nil
}

// begin counts a Publish, whose context Close can end.
func (p *Publisher) begin(ctx context.Context) (_ context.Context, done func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil, ErrClosed
	}
	p.running.Add(1)
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(p.breaking, func() { cancel(ErrClosed) })
	return ctx, func() {
		stop()
		cancel(nil)
		p.running.Done()
	}, nil
}

// append repeats an append that may have been written until it is known: the
// port answers a repetition with the first result.
func (p *Publisher) append(ctx context.Context, stream string, at eventlog.Expected, events []eventlog.Proposed) (eventlog.Appended, error) {
	maybe := false
	for wait := firstPause; ; wait = min(2*wait, maxAppendPause) {
		done, err := p.log.Append(ctx, stream, at, events)
		if err == nil || errors.As(err, new(*eventlog.ConflictError)) {
			return done, err
		}
		maybe = maybe || errors.Is(err, eventlog.ErrAmbiguous)
		passing := errors.Is(err, eventlog.ErrAmbiguous) || maybe && errors.Is(err, eventlog.ErrUnavailable)
		if passing && pause(ctx, wait) {
			continue
		}
		if maybe && !errors.Is(err, eventlog.ErrAmbiguous) {
			err = errors.Join(eventlog.ErrAmbiguous, err)
		}
		if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
			err = errors.Join(err, cause)
		}
		return done, err
	}
}

// Close refuses further messages, waits for those under way, and breaks them
// off when the time is over. Calling it again is harmless.
func (p *Publisher) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	over := time.AfterFunc(p.opt.CloseTimeout, p.breakOff)
	p.running.Wait()
	over.Stop()
	p.breakOff()
	return nil
}
