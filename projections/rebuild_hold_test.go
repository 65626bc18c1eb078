package projections

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/projections/projtest"
)

// states are the folds of dossiers that the tests hold back.
type states map[int]*folded

// heldItem is an event of a dossier that is open or has ended after it.
func (s states) heldItem(n int, revision uint64, ended bool) (*Item, *folded) {
	d := domain.Evolve(domain.NewDossier(projtest.ID("dossier", n)), domain.Fact{Event: projtest.Submission(n)})
	if ended {
		d = domain.Evolve(d, domain.Fact{Event: domain.Withdrawn{}})
	}
	if s[n] == nil {
		s[n] = &folded{dossier: &domain.Dossier{}}
	}
	*s[n].dossier = d
	it := &Item{Dossier: d.ID}
	it.Revision = revision
	return it, s[n]
}

func (s states) all(n int) (ids []uuid.UUID) {
	for i := range n {
		ids = append(ids, s[i].dossier.ID)
	}
	return ids
}

func TestHoldingGivesUpWhatHasEnded(t *testing.T) {
	h, folds := newHolding(2, 5), states{}
	give := func(it *Item, state *folded) []*Item {
		h.keep(it, state)
		return h.due()
	}
	if got := give(folds.heldItem(1, 0, true)); got != nil {
		t.Fatalf("one ended: %v", got)
	}
	give(folds.heldItem(1, 1, false)) // taken up again
	if got := give(folds.heldItem(2, 0, true)); got != nil {
		t.Fatalf("one ended, one taken up again: %v", got)
	}
	give(folds.heldItem(2, 1, true)) // the same one counts once
	got := give(folds.heldItem(3, 0, true))
	if len(got) != 2 || !slices.IsSortedFunc(got, func(a, b *Item) int { return slices.Compare(a.Dossier[:], b.Dossier[:]) }) {
		t.Fatalf("two ended: %v", got)
	}
	for _, it := range got {
		if it.Dossier == projtest.ID("dossier", 1) || !it.Fresh {
			t.Errorf("given up: dossier %s, fresh %v", it.Dossier, it.Fresh)
		}
	}
	give(folds.heldItem(2, 2, true)) // again, after it was put
	broken, state := folds.heldItem(1, 2, false)
	broken.Broken = errors.New("cannot be folded")
	give(broken, state)
	rest := h.all()
	fresh := map[uuid.UUID]bool{}
	revision := map[uuid.UUID]uint64{}
	for _, it := range rest {
		fresh[it.Dossier], revision[it.Dossier] = it.Fresh, it.Revision
	}
	one, two := projtest.ID("dossier", 1), projtest.ID("dossier", 2)
	if len(rest) != 2 || !fresh[one] || fresh[two] || revision[one] != 1 || revision[two] != 2 {
		t.Errorf("the rest: fresh %v, revisions %v", fresh, revision)
	}
	if h.ended != 0 || h.all() != nil {
		t.Errorf("%d ended are still counted", h.ended)
	}
}

// TestHoldingFollowsTheNewestState: of a dossier that was folded anew, also
// between two events of its first state, what is put is as of its last event.
func TestHoldingFollowsTheNewestState(t *testing.T) {
	h, first, again := newHolding(9, 9), states{}, states{}
	h.keep(first.heldItem(1, 0, false))
	h.keep(again.heldItem(1, 0, false))
	h.keep(first.heldItem(1, 1, true))
	if got := h.all(); len(got) != 1 || got[0].Revision != 1 || got[0].After.Open() {
		t.Errorf("put: %+v, want revision 1, ended", got)
	}
	h.keep(again.heldItem(1, 2, false)) // its fold was held under the other when that was given up
	if got := h.all(); len(got) != 1 || got[0].Revision != 2 || !got[0].After.Open() || got[0].Fresh {
		t.Errorf("put: %+v, want revision 2, open, and not fresh", got)
	}
}

// Where most stay open, all are given up before there are too many.
func TestHoldingIsBounded(t *testing.T) {
	h, folds := newHolding(2, 3), states{}
	for n := range 2 {
		if h.keep(folds.heldItem(n, 0, false)); h.due() != nil {
			t.Fatal("given up too early")
		}
	}
	h.keep(folds.heldItem(2, 0, false))
	if got := h.due(); len(got) != 3 || len(h.dossiers) != 0 {
		t.Errorf("%d given up, %d left; want 3 and 0", len(got), len(h.dossiers))
	}
}

// What was given up is handed out in shares, in its order, and none is lost. What
// still waits when another event comes is taken back: it would be put behind
// what was appended.
func TestHoldingHandsOutShares(t *testing.T) {
	const n = 3*share + 1
	h, folds := newHolding(n, 2*n), states{}
	for i := range n {
		h.keep(folds.heldItem(i, 0, true))
	}
	var got []*Item
	for round := range 3 {
		now := h.due()
		if len(now) != share {
			t.Fatalf("round %d hands out %d, want %d", round, len(now), share)
		}
		got = append(got, now...)
	}
	handedOut, waits := slices.IndexFunc(folds.all(n), func(id uuid.UUID) bool { return id == got[0].Dossier }), 0
	for slices.ContainsFunc(got, func(it *Item) bool { return it.Dossier == projtest.ID("dossier", waits) }) {
		waits++
	}
	h.keep(folds.heldItem(handedOut, 1, true))
	h.keep(folds.heldItem(waits, 1, true))
	got = append(got, h.all()...)
	if len(got) != n+1 {
		t.Fatalf("%d handed out, want %d and one of them again", len(got), n)
	}
	for i, it := range got {
		again := i > 0 && it.Dossier == got[0].Dossier
		changed := again || it.Dossier == projtest.ID("dossier", waits)
		if it.Fresh == again || (it.Revision == 1) != changed || it.After == nil {
			t.Errorf("%s: fresh %v, revision %d, changed %v", it.Dossier, it.Fresh, it.Revision, changed)
		}
	}
	if h.due() != nil || len(h.waiting) != 0 {
		t.Error("something is left")
	}
}

// An erasure is noted for the end of a rebuild without the event that told it,
// which would keep the personal values of its whole batch in memory.
func TestNotedErasureKeepsNoEvent(t *testing.T) {
	it := &Item{Dossier: projtest.ID("dossier", 1)}
	it.Type, it.Event = redacted, domain.Redacted{}
	b := &builder{parked: map[uuid.UUID]bool{it.Dossier: true}}
	if err := b.take(t.Context(), it); err != nil {
		t.Fatal(err)
	}
	if len(b.erased) != 1 || b.erased[0] == it || b.erased[0].Event != nil || b.erased[0].Dossier != it.Dossier {
		t.Errorf("noted: %+v", b.erased)
	}
}
