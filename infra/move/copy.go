// Package move copies an event log from one engine to another: in total order,
// byte for byte, with every hash and signed root, so that the copy proves what
// the original proved. Positions are the engine's and are not carried over.
//
// A copy needs no notes on how far it has come: it reads what stands in the
// target, holds each event against the source's, and goes on behind it.
package move

import (
	"context"
	"fmt"
	"iter"
	"time"

	"hoso/domain/eventlog"
)

// Options say how a log is copied.
type Options struct {
	// Until is the newest event to copy; it must be one of the source's. Zero copies nothing.
	Until eventlog.Position
	// Rate is how many events are written a second at most; 0: as fast as it goes.
	Rate int
	// Standing and Copied, where set, hear how many events were found in the
	// target, and stand there now.
	Standing, Copied func(events uint64)
}

// Done is what a copy did.
type Done struct {
	Standing uint64 // stood in the target before, and are the source's
	Events   uint64 // stand there now
}

// Copy brings the events of a log up to a position into another of the same
// id, which holds nothing or the beginning of them. It can be stopped anywhere
// and begun again; two at once do the same, and no harm. Errors: *DiffersError
// where something else stands in the target, those of the logs.
func Copy(ctx context.Context, from, to eventlog.Log, o Options) (done Done, err error) {
	if from.ID() != to.ID() {
		return done, fmt.Errorf("the target is log %s, the source is log %s", to.ID(), from.ID())
	}
	head, err := to.Head(ctx)
	if err != nil {
		return done, err
	}
	standing, stop := iter.Pull2(events(ctx, to, head))
	defer stop()
	w := &writer{to: to, copied: o.Copied, rate: o.Rate}
	for e, err := range events(ctx, from, o.Until) {
		if err != nil {
			return done, fmt.Errorf("reading the source: %w", err)
		}
		if !w.begun() {
			there, err, any := standing()
			if err != nil {
				return done, fmt.Errorf("reading the target: %w", err)
			}
			if any {
				if err := same(e, there); err != nil {
					return done, err
				}
				done.Standing++
				tell(o.Standing, done.Standing)
				continue
			}
			w.begin(done.Standing)
		}
		if err := w.add(ctx, e); err != nil {
			return done, fmt.Errorf("writing the target: %w", err)
		}
	}
	if !w.begun() {
		if there, err, any := standing(); err != nil || any {
			return done, orMore(err, there)
		}
		w.begin(done.Standing)
	}
	err = w.flush(ctx)
	done.Events = w.events
	return done, err
}

// events yields a log's events in order up to a position, itself included.
func events(ctx context.Context, log eventlog.Log, until eventlog.Position) iter.Seq2[eventlog.Recorded, error] {
	return func(yield func(eventlog.Recorded, error) bool) {
		if until == (eventlog.Position{}) {
			return
		}
		for batch, err := range log.Subscribe(ctx, eventlog.Position{}, eventlog.Filter{}) {
			if err != nil {
				yield(eventlog.Recorded{}, err)
				return
			}
			for _, e := range batch.Events {
				if until.Before(e.Position) || !yield(e, nil) || e.Position == until {
					return
				}
			}
			if batch.Live {
				yield(eventlog.Recorded{}, fmt.Errorf("the log ends at %s, before position %s", batch.End, until))
				return
			}
		}
	}
}

// writer gathers events into appends.
type writer struct {
	to     eventlog.Log
	copied func(uint64)
	rate   int

	since  time.Time // when writing began; zero: not yet
	first  uint64    // events that stood there then
	events uint64    // that stand there
	run    run
}

func (w *writer) begun() bool { return !w.since.IsZero() }

func (w *writer) begin(standing uint64) {
	w.since, w.first, w.events = time.Now(), standing, standing
}

func (w *writer) add(ctx context.Context, e eventlog.Recorded) error {
	_, bulk := w.to.(Bulk)
	if !w.run.takes(e, bulk, w.most()) {
		if err := w.flush(ctx); err != nil {
			return err
		}
		if err := w.rest(ctx); err != nil {
			return err
		}
	}
	w.run.add(e)
	return nil
}

// most keeps a transaction to a quarter of a second's events, so that the rate is one and no
// series of bursts.
func (w *writer) most() int {
	if w.rate <= 0 {
		return bulkEvents
	}
	return min(bulkEvents, max(1, w.rate/4))
}

func (w *writer) flush(ctx context.Context) error {
	if len(w.run.events) == 0 {
		return nil
	}
	if err := w.run.write(ctx, w.to); err != nil {
		return err
	}
	w.events += uint64(len(w.run.events))
	w.run = run{}
	tell(w.copied, w.events)
	return nil
}

// rest keeps the rate between two appends.
func (w *writer) rest(ctx context.Context) error {
	if w.rate <= 0 {
		return nil
	}
	due := time.Duration(float64(w.events-w.first) / float64(w.rate) * float64(time.Second))
	select {
	case <-time.After(due - time.Since(w.since)):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func tell(whom func(uint64), events uint64) {
	if whom != nil {
		whom(events)
	}
}
