package elastic

import (
	"slices"

	"github.com/google/uuid"

	"hoso/projections"
)

// documents gathers what an Update or a Build writes. What it changes of the
// dossiers at hand counts once it is written.
type documents struct {
	docs    kind
	part    int
	state   state
	moved   bool // state changed
	further bool // the checkpoint did
	parks   bool // in what is parked, too
	purge   bool
	bulk    bulk
	touched map[uuid.UUID]*held
	hot     *hot
}

var _ projections.Documents = (*documents)(nil)

func newDocuments(docs kind, part int, s state, h *hot) *documents {
	s.Parked = slices.Clone(s.Parked)
	return &documents{docs: docs, part: part, state: s, touched: map[uuid.UUID]*held{}, hot: h}
}

// at gives what is at hand of a dossier, to be changed.
func (d *documents) at(dossier uuid.UUID) *held {
	h, ok := d.touched[dossier]
	if !ok {
		h = &held{}
		if last, ok := d.hot.Get(dossier); ok {
			*h = last
		}
		d.touched[dossier] = h
	}
	return h
}

// Checkpoint implements projections.Documents.
func (d *documents) Checkpoint() (projections.Checkpoint, error) {
	return d.state.checkpoint(d.part), nil
}

// SetCheckpoint implements projections.Documents.
func (d *documents) SetCheckpoint(c projections.Checkpoint) error {
	d.state.set(d.part, c)
	d.moved, d.further = true, true
	return nil
}

// Stored implements projections.Documents. Only what is at hand is known; to
// ask the server would cost more than to write the dossier anew from the log.
func (d *documents) Stored(dossier uuid.UUID) (uint64, bool, error) {
	h := d.at(dossier)
	return h.revision, h.found, nil
}

// Append implements projections.Documents.
func (d *documents) Append(it *projections.Item) error {
	h := d.at(it.Dossier)
	lines, err := d.docs.event(h.lines, it)
	if err == nil {
		h.lines, h.due = lines, true
	}
	return err
}

// Put implements projections.Documents.
func (d *documents) Put(it *projections.Item) error {
	h := d.at(it.Dossier)
	if err := d.docs.put(&d.bulk, it, h); err != nil {
		return err
	}
	h.revision, h.found, h.anew, h.due = it.Revision, true, false, false
	return nil
}

// Forget implements projections.Documents. Nothing is deleted: the next Put
// overwrites, also where the stored document has the same version.
func (d *documents) Forget(dossier uuid.UUID) error {
	d.touched[dossier] = &held{anew: true}
	return nil
}

// Parked implements projections.Documents.
func (d *documents) Parked() ([]projections.Parked, error) { return d.state.Parked, nil }

// Park implements projections.Documents.
func (d *documents) Park(p projections.Parked) error {
	d.state.park(p)
	d.moved, d.parks = true, true
	return nil
}

func (s *state) park(p projections.Parked) {
	s.unpark(p.Dossier)
	i, _ := slices.BinarySearchFunc(s.Parked, p, func(a, b projections.Parked) int {
		if a.Position.Before(b.Position) {
			return -1
		}
		return 1
	})
	s.Parked = slices.Insert(s.Parked, i, p)
}

func (s *state) unpark(dossier uuid.UUID) {
	s.Parked = slices.DeleteFunc(s.Parked, func(p projections.Parked) bool { return p.Dossier == dossier })
}

// Unpark implements projections.Documents.
func (d *documents) Unpark(dossier uuid.UUID) error {
	d.state.unpark(dossier)
	d.moved, d.parks = true, true
	return nil
}

// Purge implements projections.Documents. Unlike in SQLite the old values are
// gone from the disk up to a minute after the commit: see expunge.
func (d *documents) Purge() { d.purge = true }

// settle takes over what was written, but for the dossiers whose documents were refused.
func (d *documents) settle(refused []refusal) (parked []projections.Parked) {
	for _, r := range refused {
		p := r.parked()
		parked = append(parked, p)
		d.state.park(p)
		d.moved = true
		delete(d.touched, p.Dossier)
	}
	d.keep()
	return parked
}

// keep takes over what is written, or will be.
func (d *documents) keep() {
	for dossier, h := range d.touched {
		if h.found {
			d.hot.Add(dossier, *h)
		}
	}
}

func (r refusal) parked() projections.Parked {
	return projections.Parked{Dossier: r.it.Dossier, Revision: r.it.Revision, Position: r.it.Position, Reason: r.reason}
}
