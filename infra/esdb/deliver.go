package esdb

import (
	"context"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"hoso/domain/eventlog"
)

const (
	// filling is how long a batch waits to be filled while catching up.
	filling = 50 * time.Millisecond
	// breath is the least time between two live batches: an event after a quiet
	// moment is told at once, under load events gather.
	breath = 20 * time.Millisecond
	// nudgeAfter is how long a filtered subscription may be silent before we look
	// whether the server has records that the filter dropped. Live, the server
	// tells of them only once they are searchWindow × checkpointInterval.
	nudgeAfter = time.Second
)

// gathering is a batch being filled.
type gathering struct {
	batch eventlog.Batch
	bytes int
	due   bool // to be told though not full: it has just become live
	news  bool // there is something to tell
}

// deliver yields batches until the messages end (it gives why), the caller leaves
// (errLeft) or a silent filter is to be asked anew (errNudge).
func (n *session) deliver(ctx context.Context) error {
	owes := false // a batch that would have been live, but more was there already
	for {
		m, err := n.await(ctx)
		if err != nil {
			return err
		}
		g := &gathering{batch: eventlog.Batch{End: n.end}}
		n.take(g, m)
		err = n.fill(ctx, g)
		if n.marked {
			n.marked = !n.log.heedMark(ctx)
		}
		if g.news || owes && n.live {
			g.batch.Live = n.live && len(n.messages) == 0
			owes = n.live && !g.batch.Live
			n.told, n.end = time.Now(), g.batch.End
			if !n.yield(g.batch, nil) {
				return errLeft
			}
		}
		if err != nil {
			return err
		}
	}
}

// await gives the next message.
func (n *session) await(ctx context.Context) (message, error) {
	var quiet <-chan time.Time
	if n.live && !n.everything() {
		ticks := time.NewTicker(nudgeAfter)
		defer ticks.Stop()
		quiet = ticks.C
	}
	for {
		select {
		case m, open := <-n.messages:
			return m, n.unless(open)
		case <-ctx.Done():
			return message{}, ctx.Err()
		case <-quiet:
			newest := try(ctx, n.log, func(ctx context.Context, c *conn) (eventlog.Position, error) {
				p, _, err := n.log.lookBack(ctx, c, eventlog.Position{}, anything)
				return p, err
			})
			if newest.err == nil && n.end.Before(newest.value) {
				return message{}, errNudge
			}
		}
	}
}

// unless gives why the messages ended.
func (n *session) unless(open bool) error {
	if open {
		return nil
	}
	return n.ended
}

// fill takes what else comes until the batch is full, due or has waited long enough.
func (n *session) fill(ctx context.Context, g *gathering) error {
	wait := filling
	if n.live {
		wait = max(0, breath-time.Since(n.told))
	}
	over := time.NewTimer(wait)
	defer over.Stop()
	for !g.due && len(g.batch.Events) < pageEvents && g.bytes < pageBytes {
		if len(n.messages) == 0 { // what is there comes before the time
			select {
			case <-over.C:
				return nil
			default:
			}
		}
		select {
		case m, open := <-n.messages:
			if !open {
				return n.ended
			}
			n.take(g, m)
		case <-over.C:
			if len(n.messages) == 0 {
				return nil
			}
			over.Reset(0)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// take puts a message into the batch.
func (n *session) take(g *gathering, m message) {
	switch {
	case m.depth != nil:
		n.depth = *m.depth
		if !n.depth.tellsEnd && n.depth.goal == (eventlog.Position{}) {
			n.catchUp(g)
		}
	case m.event.CaughtUp != nil:
		n.catchUp(g)
	case m.event.FellBehind != nil:
		n.live = false
	case m.event.CheckPointReached != nil:
		p := m.event.CheckPointReached
		n.reach(g, eventlog.Position{Commit: p.Commit, Prepare: p.Prepare})
	case m.event.EventAppeared != nil:
		n.takeEvent(g, m.event.EventAppeared.OriginalEvent())
	}
}

func (n *session) takeEvent(g *gathering, e *esdb.RecordedEvent) {
	at := eventlog.Position{Commit: e.Position.Commit, Prepare: e.Position.Prepare}
	if n.wants(e) && n.delivered.Before(at) {
		g.batch.Events = append(g.batch.Events, recorded(e))
		g.bytes += len(e.Data) + len(e.UserMetadata)
		g.news = true
		n.delivered = at
	}
	if e.StreamID != IdentityStream { // resuming before it is as good, and no End lies behind Head
		n.reach(g, at)
	} else if e.EventNumber > 0 {
		n.marked = true
	}
	if goal := n.depth.goal; !n.live && goal != (eventlog.Position{}) && !at.Before(goal) {
		n.catchUp(g)
	}
}

// catchUp makes the subscription live: what stood there when it began is behind it. Where
// nothing is filtered the last event says how far that is, else the newest record does.
func (n *session) catchUp(g *gathering) {
	n.live, g.due, g.news = true, true, true
	if !n.everything() {
		n.reach(g, n.depth.newest)
	}
}

// reach moves the end of the batch, never back: a checkpoint while catching up has no prepare.
func (n *session) reach(g *gathering, at eventlog.Position) {
	if g.batch.End.Before(at) {
		g.batch.End, g.news = at, true
	}
}
