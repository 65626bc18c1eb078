package projections

import (
	"bytes"
	"slices"

	"github.com/google/uuid"
)

// How many dossiers a rebuild holds back, so that most are put once, and in the
// order of their ids.
const (
	maxEnded = 8192   // of those that have ended: hardly anything comes after
	maxHeld  = 32_768 // of all
	share    = 256    // of what is given up that goes with one batch, unless that were less than its 32nd part
)

// heldBack is a dossier that is held back: no more than Put wants to know, for
// there are many, and what the last event itself says would go with each.
type heldBack struct {
	item  *Item
	state *folded // of the folder, which goes on: the dossier is copied when it is given up
	ended bool
}

// holding is all that is held back.
type holding struct {
	dossiers        map[uuid.UUID]*heldBack
	ended           int // of them
	maxEnded, limit int
	givenUp         []*Item             // and not yet handed out; without After: taken back
	waiting         map[uuid.UUID]*Item // of them, not taken back
}

func newHolding(maxEnded, limit int) *holding {
	return &holding{dossiers: map[uuid.UUID]*heldBack{}, waiting: map[uuid.UUID]*Item{}, maxEnded: maxEnded, limit: limit}
}

// keep holds a dossier as it is after an event. What is broken stays as it was before.
func (h *holding) keep(it *Item, state *folded) {
	if it.Broken != nil {
		return
	}
	one := state.held
	if one == nil || one.state != state {
		one = h.begin(it, state)
	}
	one.item.Redacted, one.item.Catalogue, one.item.Meta.RecordedAt = it.Redacted, it.Catalogue, it.Meta.RecordedAt
	one.item.Revision, one.item.Position, one.item.Type = it.Revision, it.Position, it.Type
	if ended := !state.dossier.Open(); ended != one.ended {
		one.ended = ended
		if ended {
			h.ended++
		} else {
			h.ended--
		}
	}
}

// begin holds one back, or finds it under another state: the dossier was folded
// anew, or a log that repeats itself brought an event a second time.
func (h *holding) begin(it *Item, state *folded) *heldBack {
	one := h.dossiers[it.Dossier]
	if one == nil {
		one = &heldBack{item: &Item{Dossier: it.Dossier, Fresh: it.Revision == 0}}
		h.dossiers[it.Dossier] = one
		if before := h.waiting[it.Dossier]; before != nil { // or it would be put behind what was appended
			one.item.Fresh, before.After = before.Fresh, nil
			delete(h.waiting, it.Dossier)
		}
	}
	one.state, state.held = state, one
	return one
}

// due gives up what there is too much of, and hands out a share of what was
// given up: all of it at once would keep the builders busy one after the other
// while decoding waits, and then decoding alone.
func (h *holding) due() []*Item {
	switch {
	case len(h.dossiers) >= h.limit:
		h.give(func(*heldBack) bool { return true })
	case h.ended >= h.maxEnded:
		h.give(func(one *heldBack) bool { return one.ended })
	}
	n := min(len(h.givenUp), max(share, len(h.givenUp)/32))
	out := h.handOut(h.givenUp[:n])
	clear(h.givenUp[:n]) // or all of them would stay in memory until the last is handed out
	h.givenUp = h.givenUp[n:]
	return out
}

// all gives up and hands out everything.
func (h *holding) all() []*Item {
	h.give(func(*heldBack) bool { return true })
	out := h.handOut(h.givenUp)
	h.givenUp = nil
	return out
}

func (h *holding) handOut(some []*Item) (out []*Item) {
	for _, it := range some {
		if it.After != nil {
			out = append(out, it)
			delete(h.waiting, it.Dossier)
		}
	}
	return out
}

// give gives some up, in the order of their ids.
func (h *holding) give(which func(*heldBack) bool) {
	var out []*Item
	for id, one := range h.dossiers {
		if which(one) {
			now := *one.state.dossier
			one.item.After, one.state.held = &now, nil
			out = append(out, one.item)
			h.waiting[id] = one.item
			delete(h.dossiers, id)
		}
	}
	h.ended = 0
	slices.SortFunc(out, func(x, y *Item) int { return bytes.Compare(x.Dossier[:], y.Dossier[:]) })
	h.givenUp = append(h.givenUp, out...)
}
