package projections

import (
	"context"
	"fmt"

	"hoso/domain/eventlog"
)

// Start makes runners ready to follow the log: it holds each checkpoint against
// the log, builds anew, together, what has no usable documents, and tries
// again what was set aside. Progress is told of a build only; it may be nil.
func Start(ctx context.Context, progress func(Progress), runners ...*Runner) error {
	var stale []*Runner
	for _, r := range runners {
		g, why := r.store.Serving(ctx)
		if g != nil {
			var err error
			if why, err = r.foreign(ctx, g); err != nil {
				return err
			}
		}
		if why != "" {
			r.logger.Info("the view is built anew from the log", "why", why)
			stale = append(stale, r)
			continue
		}
		r.mu.Lock()
		r.serving = g
		r.mu.Unlock()
	}
	if len(stale) > 0 {
		if err := Rebuild(ctx, progress, stale...); err != nil {
			return err
		}
	}
	for _, r := range runners {
		if err := r.Retry(ctx); err != nil {
			return err
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
	if head.Before(cp.Resume) {
		return fmt.Sprintf("it has seen position %s, the log ends at %s: an older state of the log was restored", cp.Resume, head), nil
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
// seen, and takes back those that can be folded now.
func (r *Runner) Retry(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	parked, err := r.serving.Parked(ctx)
	if err != nil {
		return err
	}
	for _, one := range parked {
		if err := r.unpark(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

func (r *Runner) unpark(ctx context.Context, one Parked) error {
	var reason string
	err := r.serving.Update(ctx, func(docs Documents) error {
		cp, err := docs.Checkpoint()
		if err != nil {
			return err
		}
		items, err := r.feed.Replay(ctx, one.Dossier, cp.Resume)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			reason = err.Error()
			return nil
		case len(items) > 0 && items[len(items)-1].Broken != nil:
			reason = items[len(items)-1].Broken.Error()
			return nil
		}
		if err := docs.Unpark(one.Dossier); err != nil || len(items) == 0 {
			return err
		}
		p, err := newPass(ctx, r.feed, docs)
		if err != nil {
			return err
		}
		if err := p.anew(items[len(items)-1]); err != nil {
			return err
		}
		if len(p.newlyParked) > 0 {
			reason = p.newlyParked[0].Reason
		}
		return p.finish()
	})
	switch {
	case err != nil:
		return err
	case reason != "":
		r.logger.Warn("a dossier stays set aside", "dossier", one.Dossier, "position", one.Position.String(), "reason", reason)
	default:
		r.logger.Info("a dossier that was set aside is back", "dossier", one.Dossier)
	}
	return nil
}
