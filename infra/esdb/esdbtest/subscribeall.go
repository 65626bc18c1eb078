package esdbtest

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// subscribeAll answers a subscription to all streams.
func (r *reading) subscribeAll() error {
	f, err := filterOf(r.options)
	if err != nil || f != nil && f.multiple == 0 {
		return errHandler
	}
	s, err := r.startOf()
	if err != nil {
		return err
	}
	newer := r.server.newer()
	if s.invalid && !newer {
		return errHandler
	}
	if err := r.call.Send(confirmation()); err != nil {
		return err
	}
	switch {
	case s.invalid:
		return status.Error(codes.InvalidArgument, "Trying to read from an invalid position.")
	case f != nil && f.window == 0 && newer:
		return errHandler
	case f != nil && f.window == 0:
		return r.wait(nil) // silence
	}
	a := &allSubscription{reading: r, filter: f, next: s.index, commit: s.commit, prepare: s.prepare,
		after: s.commit, log: &reader{medium: r.log.medium, ahead: readAhead}}
	if r.options.GetAll().GetPosition() == nil { // from the start or the end: the index says it all
		a.after, a.commit = 0, r.log.before(s.index)
	}
	a.sent = [2]uint64{a.commit, a.prepare}
	if err := a.catchUp(); err != nil {
		return err
	}
	return a.live()
}

// allSubscription is a subscription to all on its way through the log.
type allSubscription struct {
	*reading
	filter          *filter
	log             *reader
	next            int    // the entry to look at next
	after           uint64 // only what stands after this commit position is sent
	commit, prepare uint64 // where the next page begins
	considered      int    // events looked at since the last checkpoint
	looked          uint64 // the last event looked at

	// Commit and prepare of: the page's begin or last event sent, the last event
	// sent at all, the last checkpoint.
	mark, sent [2]uint64
	told       *[2]uint64
}

// catchUp reads pages up to the end of the log. A checkpoint after a page is
// its last event sent or, where it sent none, the place it began at, which has
// no prepare position.
func (a *allSubscription) catchUp() error {
	for end := false; !end; {
		a.mark = [2]uint64{a.commit, a.prepare}
		var err error
		if end, err = a.page(); err != nil {
			return err
		}
		if a.filter == nil || a.considered < a.filter.interval() {
			continue
		}
		a.considered %= a.filter.interval()
		if err := a.checkpoint(a.mark); err != nil {
			return err
		}
	}
	a.considered = 0
	if !a.server.tellsCaughtUp() {
		return nil
	}
	if a.filter != nil && a.server.newer() {
		if err := a.lastCheckpoint(); err != nil {
			return err
		}
	}
	return a.call.Send(caughtUp())
}

// lastCheckpoint is the one that comes just before caughtUp from 24.10 on: at
// the last event sent; from 25.0 on at the last one looked at.
func (a *allSubscription) lastCheckpoint() error {
	at := a.sent
	if a.server.newest() && a.looked > at[0] {
		at = [2]uint64{a.looked, 0}
	}
	if a.told != nil && at[0] <= a.told[0] {
		return nil // said already, and nothing sent since
	}
	return a.checkpoint(at)
}

func (a *allSubscription) checkpoint(at [2]uint64) error {
	a.told = &at
	return a.call.Send(checkpoint(at[0], at[1]))
}

// page sends one page of the log and reports whether it reached the end.
func (a *allSubscription) page() (bool, error) {
	window := lookAhead
	if a.filter != nil {
		window = a.filter.window
	}
	looked := 0
	for looked < window {
		entries := a.reading.log.some(a.next, min(window-looked, lookAhead))
		if len(entries) == 0 {
			return true, nil
		}
		a.log.limit = a.reading.log.visibleEnd()
		for _, e := range entries {
			a.next++
			if e.kind == isEmpty {
				continue
			}
			looked++
			a.considered++
			a.commit, a.prepare, a.looked = e.pos+uint64(e.size), 0, e.pos
			if e.pos <= a.after && a.after > 0 {
				continue
			}
			sent, err := a.pass(e, a.filter, a.log)
			if err != nil {
				return false, err
			}
			if sent {
				a.mark = [2]uint64{e.pos, e.pos}
				a.sent = a.mark
			}
			if a.ctx.Err() != nil {
				return false, a.wait(nil)
			}
		}
	}
	return false, nil
}

// live sends what comes. Here every so many events, sent or not, there is a
// checkpoint at the event itself.
func (a *allSubscription) live() error {
	for {
		_, changed := a.reading.log.news()
		entries := a.reading.log.some(a.next, lookAhead)
		a.log.limit = a.reading.log.visibleEnd()
		for _, e := range entries {
			a.next++
			if e.kind != isEvent || e.pos <= a.after && a.after > 0 {
				continue
			}
			if _, err := a.pass(e, a.filter, a.log); err != nil {
				return err
			}
			if a.ctx.Err() != nil {
				return a.wait(nil)
			}
			if a.considered++; a.filter == nil || a.considered < a.filter.interval() {
				continue
			}
			a.considered = 0
			if err := a.checkpoint([2]uint64{e.pos, e.pos}); err != nil {
				return err
			}
		}
		if len(entries) > 0 {
			continue
		}
		if err := a.wait(changed); err != nil {
			return err
		}
	}
}
