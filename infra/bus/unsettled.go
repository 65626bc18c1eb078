package bus

import (
	"slices"

	"hoso/domain/eventlog"
	"hoso/projections"
)

// maxUnsettled bounds the events a reaction that lags holds back in memory.
const maxUnsettled = 1000

// SettledBy spares the reaction the events whose work the log shows to be done
// already: those with an event of this type behind them in their stream. It
// looks while it is behind the log's head only, as at the first start on a log
// that was written without a server; what comes live is told at once.
func (r Reaction) SettledBy(eventType string) Reaction {
	r.settledBy = eventType
	return r
}

// unsettled holds events back, in the log's order, until one that settles them
// comes or the head is reached. The checkpoint stays before the oldest of
// them, so that a crash makes all of them be looked at again.
type unsettled struct {
	held []waiting
}

// waiting is an event held back, with the checkpoint that stands before it.
type waiting struct {
	event  eventlog.Recorded
	before projections.Checkpoint
}

func (u *unsettled) hold(e eventlog.Recorded, before projections.Checkpoint) {
	u.held = append(u.held, waiting{e, before})
}

// settle drops the events of a stream.
func (u *unsettled) settle(stream string) {
	u.held = slices.DeleteFunc(u.held, func(w waiting) bool { return w.event.Stream == stream })
}

// take gives the oldest once it can be held back no longer.
func (u *unsettled) take(live bool) (eventlog.Recorded, bool) {
	if len(u.held) == 0 || !live && len(u.held) <= maxUnsettled {
		return eventlog.Recorded{}, false
	}
	oldest := u.held[0].event
	u.held = slices.Delete(u.held, 0, 1)
	return oldest, true
}

// reached is how far everything is done when the log was read up to a place.
func (u *unsettled) reached(end projections.Checkpoint) projections.Checkpoint {
	if len(u.held) > 0 {
		return u.held[0].before
	}
	return end
}
