package logpubsub

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"hoso/domain/eventlog"
)

// Options say what a Subscriber hands out. The zero Options: everything of the
// topic from the first event on, at each start anew.
type Options struct {
	// Checkpoints keeps positions; nil means a Memory of its own.
	Checkpoints Checkpoints
	// Types are the event types that become messages; none means all.
	Types []string
	// SettledBy is the type of an event that makes those before it in its
	// stream not worth a message any more: what they ask for is done, perhaps by
	// another process. They are held back until the subscription has reached the
	// head of the log, and then for Patience longer. "" holds nothing back. At
	// most 1000 are held; then the oldest goes out.
	SettledBy string
	Patience  time.Duration
	Mapping   Mapping
	Pace      Pace
	// Logger hears of faults that are waited out; nil means nobody.
	Logger watermill.LoggerAdapter
}

// events feeds a Subscriber from a log.
type events struct {
	log eventlog.Log
	Options
}

// NewSubscriber makes a Subscriber of a log's events, one event a message. The
// log stays the caller's to close, after the Subscriber.
func NewSubscriber(log eventlog.Log, o Options) *Subscriber {
	if o.Checkpoints == nil {
		o.Checkpoints = &Memory{}
	}
	if o.Logger == nil {
		o.Logger = watermill.NopLogger{}
	}
	o.Mapping, o.Pace = o.Mapping.orDefault(), o.Pace.orDefault()
	e := &events{log, o}
	return &Subscriber{pace: o.Pace, check: checkTopic, feed: e.feed}
}

// feed goes on over faults of the log and the store until the context ends.
func (e *events) feed(ctx context.Context, topic string, hand func(parcel) bool) {
	anew := false
	for wait := e.Pace.FirstPause; ctx.Err() == nil; wait = min(2*wait, e.Pace.MaxPause) {
		from, err := e.resume(ctx, topic, anew)
		if err == nil {
			var moved bool
			if moved, err = e.follow(ctx, topic, from, hand); moved {
				wait = e.Pace.FirstPause
			}
			anew = errors.Is(err, eventlog.ErrForeignPosition)
		}
		if ctx.Err() != nil {
			return
		}
		e.Logger.Error("The log cannot be followed; trying again", err, watermill.LogFields{"topic": topic})
		pause(ctx, wait)
	}
}

// resume gives the topic's checkpoint, the log's beginning where it is of no use.
func (e *events) resume(ctx context.Context, topic string, anew bool) (Checkpoint, error) {
	first := Checkpoint{Log: e.log.ID()}
	c, found, err := e.Checkpoints.Load(ctx, topic)
	if err != nil || !found {
		return first, err
	}
	why, err := c.foreign(ctx, e.log)
	if err != nil {
		return first, err
	}
	if why == "" && anew {
		why = "its position is none of this log"
	}
	if why == "" {
		return c, nil
	}
	e.Logger.Error("A subscription begins again at the first event", errors.New(why), watermill.LogFields{"topic": topic})
	return first, nil
}

// follow hands out what comes behind a checkpoint; it tells whether anything came.
func (e *events) follow(ctx context.Context, topic string, from Checkpoint, hand func(parcel) bool) (moved bool, _ error) {
	batches, stop := pump(ctx, func(ctx context.Context) iter.Seq2[eventlog.Batch, error] { return follow(ctx, e.log, topic, from) })
	defer stop()
	h, saved := held{read: from}, from.Position
	for {
		in, err := e.handOut(ctx, topic, &h, &saved, hand)
		if err != nil {
			return moved, err
		}
		var due <-chan time.Time
		if in > 0 {
			due = time.After(in)
		}
		select {
		case b := <-batches:
			if b.err != nil {
				return moved, b.err
			}
			h.take(b.Batch, &e.Options, time.Now())
			moved = true
		case <-due:
		case <-ctx.Done():
			return moved, ctx.Err()
		}
	}
}

// handOut hands out what is held back no longer, and keeps how far that is
// done, also while the subscription ends: what was handled shall not come
// again for that. It tells when the next one is due.
func (e *events) handOut(ctx context.Context, topic string, h *held, saved *eventlog.Position, hand func(parcel) bool) (time.Duration, error) {
	for {
		event, ok, in := h.next(&e.Options, time.Now())
		if ok {
			if !hand(parcel{event, func() *message.Message { return e.Mapping.Message(event) }}) {
				return 0, ctx.Err()
			}
			h.drop()
		}
		if done := h.done(); saved.Before(done.Position) {
			saving, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.Pace.CloseTimeout)
			err := e.Checkpoints.Save(saving, topic, done)
			cancel()
			if err != nil {
				return 0, err
			}
			*saved = done.Position
		}
		if !ok {
			return in, nil
		}
	}
}

// pumped is a batch, or the error after the last one.
type pumped struct {
	eventlog.Batch
	err error
}

// errEnded breaks the port's promise that a subscription ends with an error.
var errEnded = errors.New("logpubsub: the log's subscription ended without an error")

// pump reads batches in a goroutine of its own, at most one ahead, so that the
// reader can wait for time too. stop ends it and waits for it.
func pump(ctx context.Context, follow func(context.Context) iter.Seq2[eventlog.Batch, error]) (_ <-chan pumped, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	out, ended := make(chan pumped), make(chan struct{})
	give := func(p pumped) bool {
		select {
		case out <- p:
			return true
		case <-ctx.Done():
			return false
		}
	}
	go func() {
		defer close(ended)
		for b, err := range follow(ctx) {
			if !give(pumped{b, err}) {
				return
			}
		}
		give(pumped{err: errEnded})
	}()
	return out, func() { cancel(); <-ended }
}
