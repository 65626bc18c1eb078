package projections

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"golang.org/x/sync/semaphore"

	"hoso/domain/eventlog"
)

// Runner keeps one projection's documents in step with the log. Safe for
// concurrent use.
type Runner struct {
	feed   *Feed
	store  Store
	logger *slog.Logger

	// mu is held while the serving generation is written or exchanged, which in
	// an outage takes as long as that: whoever waits for it can give up.
	mu      *semaphore.Weighted
	serving Generation      // nil until started
	turn    context.Context // for which serving was looked at; nil while another process writes
	stale   string          // why the log says that serving is not of it

	building *semaphore.Weighted // one rebuild or roll-back at a time
}

// NewRunner makes a projection's runner. Start it with Start.
func NewRunner(feed *Feed, store Store, logger *slog.Logger) *Runner {
	logger = logger.With("projection", store.Name())
	if part := store.Partition().String(); part != "" {
		logger = logger.With("partition", part)
	}
	return &Runner{feed: feed, store: store, logger: logger, mu: semaphore.NewWeighted(1), building: semaphore.NewWeighted(1)}
}

// Name is the projection's name.
func (r *Runner) Name() string { return r.store.Name() }

// Label tells this runner from all others of the program: the projection's
// name, and the partition where there are several.
func (r *Runner) Label() string {
	if part := r.store.Partition().String(); part != "" {
		return r.Name() + " " + part
	}
	return r.Name()
}

// Run follows the log until the context ends, and returns its error. The
// runner must have been started.
func (r *Runner) Run(ctx context.Context) error {
	for b := range r.Batches(ctx) {
		if err := r.Handle(ctx, b); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Batches yields the batches that are to be handled next, and goes on for ever
// over faults of the log or the key store, until the context ends. While it is
// another process's turn to write, it waits.
func (r *Runner) Batches(ctx context.Context) iter.Seq[*Batch] {
	return func(yield func(*Batch) bool) {
		for {
			turn := r.awaitTurn(ctx)
			if turn == nil {
				return
			}
			following, stop := context.WithCancel(ctx)
			unlink := context.AfterFunc(turn, stop)
			more := r.batches(following, yield)
			unlink()
			stop()
			if !more {
				return
			}
		}
	}
}

// batches yields until the turn is over, and reports whether more are wanted.
func (r *Runner) batches(ctx context.Context, yield func(*Batch) bool) (more bool) {
	var wait backoff
	after, err := r.position(ctx)
	for ; ctx.Err() == nil; wait.pause(ctx) {
		if errors.Is(err, ErrRetired) {
			r.lookAnew(ctx, "")
			return true
		}
		if err != nil {
			r.logger.Error("the view's checkpoint cannot be read; trying again", "error", err)
			after, err = r.position(ctx)
			continue
		}
		for b, fault := range r.feed.Batches(ctx, after) {
			if errors.Is(fault, eventlog.ErrForeignPosition) {
				r.lookAnew(ctx, fault.Error())
				return true
			}
			if fault != nil {
				if ctx.Err() == nil {
					r.logger.Error("the log cannot be followed; trying again", "after", after.String(), "error", fault)
				}
				break
			}
			if !yield(b) {
				return false
			}
			after, wait = b.End, 0
		}
	}
	return true
}

// lookAnew makes the runner begin again by looking at the view, which is to be
// built anew where the log has said why.
func (r *Runner) lookAnew(ctx context.Context, stale string) {
	if r.mu.Acquire(ctx, 1) != nil {
		return
	}
	defer r.mu.Release(1)
	r.turn, r.stale = nil, stale
}

func (r *Runner) position(ctx context.Context) (eventlog.Position, error) {
	if err := r.mu.Acquire(ctx, 1); err != nil {
		return eventlog.Position{}, err
	}
	defer r.mu.Release(1)
	if r.serving == nil {
		return eventlog.Position{}, errors.New("projections: the runner has not been started")
	}
	cp, err := r.serving.Checkpoint(ctx)
	return cp.Resume, err
}

// Handle brings a batch into the documents, together with the checkpoint. A
// fault that may pass is waited out without end; what it has handled before it
// passes by. The only error is the context's.
func (r *Runner) Handle(ctx context.Context, b *Batch) error {
	var wait backoff
	for {
		err := r.apply(ctx, b)
		if err == nil {
			return nil
		}
		if errors.Is(err, errNoView) {
			err = Start(ctx, nil, r) // builds it anew, or waits for who does
			if err == nil {
				continue
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, ErrFenced) {
			r.logger.Info("the view's checkpoint was moved by another; looking again", "until", b.End.String())
		} else {
			r.logger.Error("the view cannot be written; trying again", "until", b.End.String(), "error", err)
		}
		wait.pause(ctx)
	}
}

func (r *Runner) apply(ctx context.Context, b *Batch) error {
	if err := r.mu.Acquire(ctx, 1); err != nil {
		return err
	}
	defer r.mu.Release(1)
	if r.serving == nil {
		return errors.New("projections: the runner has not been started")
	}
	err := r.applyTo(ctx, r.serving, b, r.store.Partition())
	if errors.Is(err, ErrRetired) || errors.Is(err, errGap) {
		return r.follow(ctx, b.End)
	}
	return err
}

// errNoView says that no generation serves any more.
var errNoView = errors.New("projections: the view is gone")

// errGap says that the documents lack what stands before a batch: another
// process wrote them, and moved the checkpoint back or not as far.
var errGap = errors.New("projections: the documents lack events before this batch")

// follow takes the generation that serves now, which another process may have
// made serve, and brings it as far as the log was read here.
func (r *Runner) follow(ctx context.Context, until eventlog.Position) error {
	g, why, err := r.store.Serving(ctx)
	if err != nil {
		return err
	}
	if g == nil {
		return fmt.Errorf("%w: %s", errNoView, why)
	}
	cp, err := g.Checkpoint(ctx)
	if err != nil {
		return err
	}
	if !cp.Resume.Before(until) {
		r.serving = g
		return nil
	}
	for batch, err := range r.feed.Batches(ctx, cp.Resume) {
		if err != nil {
			return err
		}
		if err := r.applyTo(ctx, g, batch, r.store.Partition()); err != nil {
			return err
		}
		if !batch.End.Before(until) {
			break
		}
	}
	r.serving = g
	return ctx.Err()
}

func (r *Runner) applyTo(ctx context.Context, g Generation, b *Batch, of Partition) error {
	var parked []Parked
	err := g.Update(ctx, func(docs Documents) error {
		cp, err := docs.Checkpoint()
		if err != nil || !cp.Resume.Before(b.End) {
			return err
		}
		if cp.Resume.Before(b.After) {
			return errGap
		}
		p, err := newPass(ctx, r.feed, docs)
		if err != nil {
			return err
		}
		for _, it := range b.Items {
			if !cp.Resume.Before(it.Position) || !of.Holds(it.Dossier) {
				continue
			}
			if err := p.take(it); err != nil {
				return err
			}
		}
		if err := p.finish(); err != nil {
			return err
		}
		parked = p.newlyParked
		cp.Resume = b.End
		if b.Last.Stream != "" {
			cp.Last = b.Last
		}
		return docs.SetCheckpoint(cp)
	})
	if err == nil {
		r.tell(parked)
	}
	return err
}

func (r *Runner) tell(parked []Parked) {
	for _, p := range parked {
		r.logger.Error("a dossier is set aside: it cannot be folded",
			"dossier", p.Dossier, "revision", p.Revision, "position", p.Position.String(), "reason", p.Reason)
	}
}

// backoff doubles from 50 ms to 10 s.
type backoff time.Duration

func (b *backoff) pause(ctx context.Context) {
	*b = backoff(min(max(2*time.Duration(*b), 50*time.Millisecond), 10*time.Second))
	_ = rest(ctx, time.Duration(*b))
}

func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
