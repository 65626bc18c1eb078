package esdb

import (
	"context"
	"time"
)

const (
	// atOnce bounds the calls under way: more gain nothing (a server is at its
	// best with some 64 callers), and each holds a goroutine.
	atOnce = 128
	// idleFor is how long a worker waits for the next call.
	idleFor = 200 * time.Millisecond
)

// workers run calls beside their callers, who can then leave when their context
// ends. A goroutine is used again, because each new one grows its stack through all of gRPC: 8 % of an append.
type workers struct {
	jobs     chan func()
	slots    chan struct{}
	stopping <-chan struct{}
}

func newWorkers(stopping <-chan struct{}) *workers {
	return &workers{jobs: make(chan func()), slots: make(chan struct{}, atOnce), stopping: stopping}
}

// give finds a worker for a job. Errors, and then the job will not run: the context's, eventlog.ErrStopped.
func (w *workers) give(ctx context.Context, job func()) error {
	select {
	case w.jobs <- job: // one is idle
		return nil
	default:
	}
	select {
	case w.jobs <- job:
	case w.slots <- struct{}{}:
		go w.work(job)
	case <-ctx.Done():
		return ctx.Err()
	case <-w.stopping:
		return errClosed()
	}
	return nil
}

func (w *workers) work(job func()) {
	defer func() { <-w.slots }()
	idle := time.NewTimer(idleFor)
	defer idle.Stop()
	for {
		job()
		idle.Reset(idleFor)
		select {
		case job = <-w.jobs:
		case <-idle.C:
			return
		case <-w.stopping:
			return
		}
	}
}
