package esdbtest

import (
	"context"

	"google.golang.org/grpc/status"
)

// subscription is one that runs, and can be ended from outside.
type subscription struct{ cancel context.CancelCauseFunc }

// subscribe runs a subscription until its call ends or it is cut.
func (s *Server) subscribe(ctx context.Context, run func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	sub := &subscription{cancel: cancel}
	s.mu.Lock()
	s.subs[sub] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.subs, sub)
		s.mu.Unlock()
	}()
	err := run(ctx)
	if cause := context.Cause(ctx); cause != nil && ctx.Err() != nil {
		return cause
	}
	return err
}

// wait waits for news of the log.
func (r *reading) wait(changed <-chan struct{}) error {
	select {
	case <-changed:
		return nil
	case <-r.ctx.Done():
		return status.FromContextError(r.ctx.Err()).Err()
	}
}

// subscribeStream answers a subscription to one stream.
func (r *reading) subscribeStream(name string) error {
	view := r.log.view(name)
	if view.tombstone {
		return streamDeleted(r.call.Context(), name)
	}
	if err := r.call.Send(confirmation()); err != nil {
		return err
	}
	o := r.options.GetStream()
	var next uint64
	switch {
	case o.GetStart() != nil:
	case o.GetEnd() != nil:
		next = view.count
	default:
		next = o.GetRevision() + 1
	}
	live := !r.server.tellsCaughtUp() || !view.exists && !r.server.newer()
	log := &reader{medium: r.log.medium}
	for {
		_, changed := r.log.news()
		view := r.log.view(name)
		if view.tombstone {
			return streamDeleted(r.call.Context(), name)
		}
		log.limit = r.log.visibleEnd()
		for next = max(next, min(view.first, view.count)); next < view.count; next++ {
			e, err := log.event(r.log.revision(name, next))
			if err != nil {
				return handlerError(err)
			}
			if e.created < view.oldest {
				continue
			}
			if err := r.send(&e); err != nil {
				return err
			}
			if r.ctx.Err() != nil {
				return r.wait(nil)
			}
		}
		if !live {
			live = true
			if err := r.call.Send(caughtUp()); err != nil {
				return err
			}
		}
		if err := r.wait(changed); err != nil {
			return err
		}
	}
}
