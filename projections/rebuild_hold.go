package projections

import (
	"bytes"
	"slices"

	"github.com/google/uuid"
)

// How many dossiers a rebuild holds back, so that most are put once, and in the
// order of the tables' keys.
const (
	maxEnded = 8192   // of those that have ended: hardly anything comes after
	maxHeld  = 32_768 // of all
)

// holding is what is held back of dossiers: no more than Put wants to know, for
// there are many, and what the last event itself says would go with each.
type holding struct {
	items           map[uuid.UUID]*Item
	ended           int // of them
	maxEnded, limit int
}

func newHolding(maxEnded, limit int) *holding {
	return &holding{items: map[uuid.UUID]*Item{}, maxEnded: maxEnded, limit: limit}
}

// keep holds a dossier as it is after an event. What is broken stays as it was before.
func (h *holding) keep(it *Item) {
	if it.Broken != nil {
		return
	}
	one := h.items[it.Dossier]
	if one == nil {
		one = &Item{Dossier: it.Dossier, Fresh: it.Revision == 0}
		h.items[it.Dossier] = one
	} else if !one.After.Open() {
		h.ended--
	}
	one.After, one.Redacted, one.Catalogue = it.After, it.Redacted, it.Catalogue
	one.Meta, one.Recorded = it.Meta, it.Recorded
	one.Recorded.Data, one.Recorded.Meta = nil, nil
	if !one.After.Open() {
		h.ended++
	}
}

// due gives up what there is too much of.
func (h *holding) due() []*Item {
	switch {
	case len(h.items) >= h.limit:
		return h.all()
	case h.ended >= h.maxEnded:
		return h.give(func(it *Item) bool { return !it.After.Open() })
	}
	return nil
}

func (h *holding) all() []*Item { return h.give(func(*Item) bool { return true }) }

// give gives some up, in the order of the tables' keys.
func (h *holding) give(which func(*Item) bool) []*Item {
	var out []*Item
	for id, it := range h.items {
		if which(it) {
			out = append(out, it)
			delete(h.items, id)
		}
	}
	h.ended = 0
	slices.SortFunc(out, func(x, y *Item) int { return bytes.Compare(x.Dossier[:], y.Dossier[:]) })
	return out
}
