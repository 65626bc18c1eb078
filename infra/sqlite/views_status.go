package sqlite

import (
	"context"
	"time"

	"zombiezen.com/go/sqlite"

	"hoso/domain/eventlog"
	"hoso/projections"
)

// Wait implements projections.Views. Beside another process's views it looks
// for news every 50 ms.
func (v *Views) Wait(ctx context.Context, name string, at eventlog.Position) error {
	p, err := v.projection(name)
	if err != nil {
		return err
	}
	for {
		fresh := p.news.next()
		seen, err := p.position(ctx)
		if err == nil && !seen.Before(at) {
			return nil
		}
		if v.readOnly {
			fresh = nil
		}
		timer := time.NewTimer(pollEvery)
		select {
		case <-fresh:
		case <-timer.C: // also for a projection that is being built first
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		timer.Stop()
	}
}

// position tells how far the serving documents have come.
func (p *projection) position(ctx context.Context) (at eventlog.Position, err error) {
	if !p.views.readOnly {
		p.state.Lock()
		at = p.seen
		p.state.Unlock()
		if at != (eventlog.Position{}) {
			return at, nil
		}
	}
	err = p.views.read(ctx, p.name, func(_ *sqlite.Conn, seen eventlog.Position) error {
		at = seen
		return nil
	})
	return at, err
}

// Status implements projections.Views. Lag counts events in a log whose
// positions are 1, 2, 3 …; in others it tells zero from more.
func (v *Views) Status(ctx context.Context) ([]projections.Status, error) {
	var head eventlog.Position
	if v.opt.Head != nil {
		var err error
		if head, err = v.opt.Head(ctx); err != nil {
			return nil, err
		}
	}
	out := make([]projections.Status, 0, len(v.all))
	for _, p := range v.all {
		s := projections.Status{Projection: p.name}
		p.state.Lock()
		s.Rebuilding = p.builds > 0
		p.state.Unlock()
		p.mu.RLock()
		built := p.serving != nil
		p.mu.RUnlock()
		if built {
			err := v.readAny(ctx, p.name, func(conn *sqlite.Conn, cp projections.Checkpoint) error {
				parked, err := readParked(conn)
				s.Position, s.Parked = cp.Resume, len(parked)
				return err
			})
			if err != nil {
				return nil, err
			}
		}
		if s.Position.Before(head) {
			s.Lag = head.Commit - s.Position.Commit
		}
		out = append(out, s)
	}
	return out, nil
}
