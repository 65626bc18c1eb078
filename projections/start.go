package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hoso/domain/eventlog"
)

// standBy is how often a runner that waits for its turn looks whether it has come.
const standBy = 200 * time.Millisecond

// Start makes runners ready to follow the log: it holds each checkpoint against
// the log, builds anew, together, what has no usable documents, and tries
// again what was set aside. What it is another process's turn to build, it
// waits for. Progress is told of a build only; it may be nil.
func Start(ctx context.Context, progress func(Progress), runners ...*Runner) error {
	told := false
	for waiting := runners; len(waiting) > 0; {
		var stale, others []*Runner
		for _, r := range waiting {
			mine, why, err := r.look(ctx)
			switch {
			case err != nil:
				return err
			case why != "" && mine:
				r.logger.Info("the view is built anew from the log", "why", why)
				stale = append(stale, r)
			case why != "":
				others = append(others, r)
			}
		}
		if len(stale) > 0 {
			err := Rebuild(ctx, progress, stale...)
			lost := slices.ContainsFunc(stale, func(r *Runner) bool { return r.store.Turn(false) == nil })
			switch {
			case err != nil && !lost:
				return err
			case err != nil && ctx.Err() == nil: // it may have built them meanwhile
				stale[0].logger.Info("another process took over while the views were being built; looking again", "error", err)
			}
		} else if len(others) > 0 {
			if !told {
				others[0].logger.Info("waiting for a view that another process builds")
			}
			told = true
			if err := rest(ctx, standBy); err != nil {
				return err
			}
		}
		waiting = append(stale, others...)
	}
	for _, r := range runners {
		if err := r.mu.Acquire(ctx, 1); err != nil {
			return err
		}
		writes := r.turn != nil
		r.mu.Release(1)
		if !writes {
			continue
		}
		if err := r.Retry(ctx); err != nil {
			return err
		}
	}
	return nil
}

// look takes the serving generation, if there is one that can be used; else it
// tells why not, and whether it is up to this runner to build one: of several
// partitions the first builds for all.
func (r *Runner) look(ctx context.Context) (mine bool, why string, err error) {
	turn := r.store.Turn(false)
	g, why, err := r.store.Serving(ctx)
	if err != nil {
		return false, "", err
	}
	if g != nil {
		if why, err = r.foreign(ctx, g); err != nil {
			return false, "", err
		}
	}
	if err := r.mu.Acquire(ctx, 1); err != nil {
		return false, "", err
	}
	defer r.mu.Release(1)
	if why == "" {
		why, r.stale = r.stale, ""
	}
	if why != "" {
		return turn != nil && r.Leads(), why, nil
	}
	r.serving, r.turn = g, turn
	return turn != nil, "", nil
}

// awaitTurn waits until it is this process's turn, and takes the view over as
// the other one left it. It gives nil when the context ends.
func (r *Runner) awaitTurn(ctx context.Context) context.Context {
	var wait backoff
	for told := false; ctx.Err() == nil; {
		turn := r.store.Turn(true)
		if turn == nil {
			if !told {
				r.logger.Info("another process writes the view; standing by")
			}
			told = true
			_ = rest(ctx, standBy)
			continue
		}
		if r.mu.Acquire(ctx, 1) != nil {
			return nil
		}
		known := r.turn == turn
		r.mu.Release(1)
		if known {
			return turn
		}
		if err := Start(ctx, nil, r); err == nil {
			r.logger.Info("this process writes the view now")
		} else if ctx.Err() == nil {
			r.logger.Error("the view cannot be taken over; trying again", "error", err)
			wait.pause(ctx)
		}
	}
	return nil
}

// foreign tells why a generation's checkpoint is not one of this log as it is
// now; empty when it is.
func (r *Runner) foreign(ctx context.Context, g Generation) (why string, err error) {
	cp, err := g.Checkpoint(ctx)
	if err != nil {
		return "", err
	}
	return Foreign(ctx, r.feed.log, cp)
}

// Foreign tells why a checkpoint is not one of a log as it is now: it is
// another log's, or an older state of the log was restored. Empty when it is.
func Foreign(ctx context.Context, log eventlog.Log, cp Checkpoint) (why string, err error) {
	if cp.Log != log.ID() {
		return fmt.Sprintf("it belongs to another log, %s, not to this one, %s", cp.Log, log.ID()), nil
	}
	if cp.Last.Stream == "" {
		return "", nil
	}
	head, err := log.Head(ctx)
	if err != nil {
		return "", err
	}
	if head.Before(cp.Last.Position) { // not Resume: behind the newest event a server has records of its own
		return fmt.Sprintf("it has seen position %s, the log ends at %s: an older state of the log was restored", cp.Last.Position, head), nil
	}
	for e, err := range log.ReadStream(ctx, cp.Last.Stream, cp.Last.Revision) {
		if err != nil {
			return "", err
		}
		if MarkOf(e) == cp.Last {
			return "", nil
		}
		break
	}
	return fmt.Sprintf("the event it saw last, at position %s, is not in the log any more: an older state of the log was restored, or it was changed", cp.Last.Position), nil
}

// Retry folds every dossier that was set aside again, up to what the view has
// seen, and takes back those that can be folded now. What an operator set
// aside stays so.
func (r *Runner) Retry(ctx context.Context) error {
	parked, err := r.Parked(ctx)
	if err != nil {
		return err
	}
	if err := r.mu.Acquire(ctx, 1); err != nil {
		return err
	}
	defer r.mu.Release(1)
	for _, one := range parked {
		if one.ByHand {
			continue
		}
		reason, err := r.unpark(ctx, one.Dossier)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, ErrNotParked) {
			continue // taken back meanwhile
		}
		if err != nil {
			reason = err.Error() // the next start, or an operator, tries again
		}
		if reason != "" {
			r.logger.Warn("a dossier stays set aside", "dossier", one.Dossier, "position", one.Position.String(), "reason", reason)
		} else {
			r.logger.Info("a dossier that was set aside is back", "dossier", one.Dossier)
		}
	}
	return nil
}
