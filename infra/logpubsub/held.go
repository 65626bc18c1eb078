package logpubsub

import (
	"slices"
	"time"

	"hoso/domain/eventlog"
)

// maxHeld bounds the events that a subscription holds back in memory.
const maxHeld = 1000

// held are the events read but not handed out, in the log's order. The
// checkpoint stays before the oldest of them.
type held struct {
	list []waiting
	read Checkpoint // how far the log was read
	live bool       // that was its head
}

// waiting is an event held back, with the checkpoint that stands before it.
type waiting struct {
	event  eventlog.Recorded
	before Checkpoint
	since  time.Time
}

// take notes a batch: what is wanted, and what that settles.
func (h *held) take(b eventlog.Batch, o *Options, now time.Time) {
	for _, e := range b.Events {
		if o.SettledBy != "" && e.Type == o.SettledBy {
			h.list = slices.DeleteFunc(h.list, func(w waiting) bool { return w.event.Stream == e.Stream })
		}
		if len(o.Types) == 0 || slices.Contains(o.Types, e.Type) {
			h.list = append(h.list, waiting{e, h.read, now})
		}
		h.read.Position, h.read.Last = e.Position, markOf(e)
	}
	if h.read.Position.Before(b.End) {
		h.read.Position = b.End
	}
	h.live = b.Live
}

// next gives the oldest event once it need be held back no longer; before that,
// how long it is until then, 0 for unknown.
func (h *held) next(o *Options, now time.Time) (e eventlog.Recorded, ok bool, in time.Duration) {
	if len(h.list) == 0 {
		return e, false, 0
	}
	oldest := h.list[0]
	if o.SettledBy != "" && len(h.list) <= maxHeld {
		if !h.live {
			return e, false, 0
		}
		if in = oldest.since.Add(o.Patience).Sub(now); in > 0 {
			return e, false, in
		}
	}
	return oldest.event, true, 0
}

// drop takes the oldest away.
func (h *held) drop() {
	h.list[0] = waiting{} // lets go of the event
	h.list = h.list[1:]
}

// done is how far everything is done.
func (h *held) done() Checkpoint {
	if len(h.list) > 0 {
		return h.list[0].before
	}
	return h.read
}
