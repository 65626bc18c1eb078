package elastic

import (
	"context"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"hoso/domain/eventlog"
	"hoso/projections"
)

// pollEvery is how often a checkpoint is looked at that another process may move.
const pollEvery = 50 * time.Millisecond

// Wait implements projections.Views. A search after it finds what it waited for.
func (v *Views) Wait(ctx context.Context, name string, at eventlog.Position) error {
	p, err := v.projection(name)
	if err != nil {
		return err
	}
	for {
		p.state.Lock()
		seen, moved := p.seen, p.moved
		p.state.Unlock()
		if seen.Before(at) {
			if now, err := v.readState(ctx, p.alias()); err == nil {
				seen = now.checkpoint(whole).Resume
			}
		}
		if !seen.Before(at) {
			err := p.show(ctx, at)
			if err == nil || ctx.Err() != nil {
				return err
			}
		}
		timer := time.NewTimer(pollEvery)
		select {
		case <-moved:
		case <-timer.C: // also for one that is being built first, and for a server that is away
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		timer.Stop()
	}
}

// show makes the documents up to a position searchable, where queries of this
// projection search at all without looking for themselves.
func (p *projection) show(ctx context.Context, at eventlog.Position) error {
	if p.name != projections.SearchProjection && p.name != projections.TimesProjection {
		return nil
	}
	now, err := p.views.readState(ctx, p.alias())
	if err != nil {
		return p.built(err)
	}
	return p.refreshTo(ctx, now, at)
}

// freshen makes everything searchable that is written at this moment.
func (p *projection) freshen(ctx context.Context) error {
	now, err := p.views.readState(ctx, p.alias())
	if err != nil {
		return p.built(err)
	}
	return p.refreshTo(ctx, now, now.checkpoint(whole).Resume)
}

// refreshTo refreshes the index, whose state was just read, unless a refresh
// since the position was written has done so. Of many that ask at once, one works.
func (p *projection) refreshTo(ctx context.Context, now at, to eventlog.Position) error {
	p.refresh.Lock()
	defer p.refresh.Unlock()
	if p.visibleIn == now.index && !p.visible.Before(to) {
		return nil
	}
	err := p.views.es.write(ctx, esapi.IndicesRefreshRequest{Index: []string{now.index}}, nil)
	if err == nil {
		p.visible, p.visibleIn = now.checkpoint(whole).Resume, now.index
	}
	return p.built(err)
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
	doc, _, _, err := v.turns.read(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]projections.Status, 0, len(v.all))
	for _, p := range v.all {
		s := projections.Status{Projection: p.name}
		p.state.Lock()
		s.Rebuilding = p.builds > 0
		p.state.Unlock()
		now, err := v.readState(ctx, p.alias())
		if err != nil && !isKind(err, missingIndex) {
			return nil, err
		}
		s.Position, s.Parked = now.checkpoint(whole).Resume, len(now.Parked)
		s.Writers = doc.writers(p)
		if s.Position.Before(head) {
			s.Lag = head.Commit - s.Position.Commit
		}
		out = append(out, s)
	}
	return out, nil
}
