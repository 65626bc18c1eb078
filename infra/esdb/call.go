package esdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"hoso/domain/eventlog"
)

// tried is what became of one call.
type tried[T any] struct {
	value T
	sent  bool  // the server may have seen it
	err   error // a *Fault, the context's, eventlog.ErrStopped, or what the client answered besides
}

// try runs one call on the connection there is. It returns when the call, the
// context or the log ends; a call that outlives its context ends soon by itself, and Close waits for it.
func try[T any](ctx context.Context, l *Log, do func(context.Context, *conn) (T, error)) tried[T] {
	for {
		t := tryOnce(ctx, l, do)
		if !errors.Is(t.err, errGone) {
			return t
		}
	}
}

func tryOnce[T any](ctx context.Context, l *Log, do func(context.Context, *conn) (T, error)) tried[T] {
	if err := ctx.Err(); err != nil {
		return tried[T]{err: err}
	}
	if err := l.begin(); err != nil {
		return tried[T]{err: err}
	}
	c, err := l.link.acquire(ctx)
	if err != nil {
		l.running.Done()
		l.note(err)
		return tried[T]{err: err}
	}
	over := func() {
		l.link.release(c)
		l.running.Done()
	}
	answer := make(chan tried[T], 1)
	job := func() {
		defer over()
		answer <- run(ctx, l, c, do)
	}
	if err := l.workers.give(ctx, job); err != nil {
		over()
		return tried[T]{err: err}
	}
	select {
	case t := <-answer:
		return t
	case <-ctx.Done():
		return tried[T]{sent: true, err: ctx.Err()}
	}
}

// run makes the call and names its outcome.
func run[T any](ctx context.Context, l *Log, c *conn, do func(context.Context, *conn) (T, error)) tried[T] {
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.killed, cancel)()
	value, err := do(limited, c)
	switch {
	case errors.Is(err, errGone):
		return tried[T]{err: err}
	case err == nil:
		c.judge(nil)
		l.note(nil)
		return tried[T]{value: value, sent: true}
	case ctx.Err() != nil:
		return tried[T]{sent: true, err: ctx.Err()}
	case l.killed.Err() != nil:
		return tried[T]{sent: true, err: errClosed()}
	}
	var known *answered
	if !errors.As(err, &known) {
		if err = classify(err); callersDeadline(ctx, err) {
			return tried[T]{sent: true, err: context.DeadlineExceeded}
		}
		c.judge(err)
		l.note(err)
	}
	return tried[T]{sent: true, err: err}
}

// callersDeadline tells whether "not in time" means the caller's own time. The server is told of the
// deadline and may answer just before it passes here: that says nothing about the server.
func callersDeadline(ctx context.Context, err error) bool {
	deadline, limited := ctx.Deadline()
	return limited && errors.Is(err, ErrDeadline) && time.Until(deadline) < 20*time.Millisecond
}

// answered is a clear answer of the server that is no fault.
type answered struct{ error }

func (a *answered) Unwrap() error { return a.error }

// again repeats a read until it has a clear answer, the context ends or the patience of the settings is over.
func again[T any](ctx context.Context, l *Log, do func(context.Context, *conn) (T, error)) (T, error) {
	p := begun()
	for {
		t := try(ctx, l, do)
		if t.err == nil || !passes(t.err) || p.lasted() > l.link.settings.patience {
			return t.value, p.after(t.err)
		}
		if err := p.wait(ctx, l, t.err); err != nil {
			return t.value, err
		}
	}
}

const (
	firstPause = 10 * time.Millisecond
	lastPause  = 500 * time.Millisecond
)

// pause is the time between two tries; it grows.
type pause struct {
	since time.Time
	next  time.Duration
	fault error // what was waited for last
}

func begun() pause { return pause{since: time.Now()} }

// lasted is how long it has been tried.
func (p *pause) lasted() time.Duration { return time.Since(p.since) }

// wait returns nil after the pause, or why waiting is over: the context's
// error or eventlog.ErrStopped, each with the fault that was waited for.
func (p *pause) wait(ctx context.Context, l *Log, fault error) error {
	if p.fault == nil || !errors.Is(fault, io.EOF) {
		p.fault = fault // the client's EOF hides what the server said
	}
	p.next = min(max(2*p.next, firstPause), lastPause)
	over := time.NewTimer(p.next/2 + rand.N(p.next/2))
	defer over.Stop()
	select {
	case <-over.C:
		return nil
	case <-ctx.Done():
		return p.after(ctx.Err())
	case <-l.stopping.Done():
		return p.after(errClosed())
	}
}

// after adds what was waited for to an error that ended the waiting; an answer stands for itself.
func (p *pause) after(err error) error {
	ended := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, eventlog.ErrStopped)
	if p.fault == nil || !ended {
		return err
	}
	return fmt.Errorf("%w; before that: %w", err, p.fault)
}

// unsure adds to an error that the append may have been written.
func unsure(err error) error { return fmt.Errorf("%w: %w", eventlog.ErrAmbiguous, err) }
