package projections

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
)

// pass brings items into one generation's documents within one transaction.
type pass struct {
	ctx         context.Context
	feed        *Feed
	docs        Documents
	parked      map[uuid.UUID]bool
	newlyParked []Parked
	seen        map[uuid.UUID]held
	order       []uuid.UUID // of seen, so that the same batch writes in the same order
}

// held is what the documents hold of a dossier.
type held struct {
	revision int64 // -1: nothing
	last     *Item // nil when this transaction changed nothing of it
}

func newPass(ctx context.Context, feed *Feed, docs Documents) (*pass, error) {
	p := &pass{ctx: ctx, feed: feed, docs: docs, parked: map[uuid.UUID]bool{}, seen: map[uuid.UUID]held{}}
	aside, err := docs.Parked()
	for _, one := range aside {
		p.parked[one.Dossier] = true
	}
	return p, err
}

// take handles the next event of a dossier: a known one is dropped, after a
// gap or an erasure the dossier is written anew from the log, one that cannot
// be folded sets its dossier aside. There an erasure alone reaches it.
func (p *pass) take(it *Item) error {
	if p.parked[it.Dossier] {
		if it.Type == redacted {
			return p.redact(it, it.Position)
		}
		return nil
	}
	h, err := p.hold(it.Dossier)
	switch {
	case err != nil:
		return err
	case int64(it.Revision) <= h.revision:
		return nil
	case it.Broken != nil:
		if err := p.park(it, it.Broken); err != nil || it.Type != redacted {
			return err
		}
		return p.redact(it, it.Position)
	case it.Type == redacted, int64(it.Revision) != h.revision+1:
		return p.anew(it)
	}
	return p.change(it, func() error { return p.docs.Append(it) })
}

// again writes a dossier anew as far as the documents have come.
func (p *pass) again(it *Item) error {
	cp, err := p.docs.Checkpoint()
	if err != nil {
		return err
	}
	if p.parked[it.Dossier] {
		return p.redact(it, cp.Resume)
	}
	return p.anewUntil(it, cp.Resume)
}

func (p *pass) hold(dossier uuid.UUID) (held, error) {
	h, ok := p.seen[dossier]
	if ok {
		return h, nil
	}
	revision, found, err := p.docs.Stored(dossier)
	if err != nil {
		return h, err
	}
	h.revision = -1
	if found {
		h.revision = int64(revision)
	}
	p.seen[dossier] = h
	p.order = append(p.order, dossier)
	return h, nil
}

// anew writes a dossier from its first event up to this one.
func (p *pass) anew(it *Item) error { return p.anewUntil(it, it.Position) }

func (p *pass) anewUntil(it *Item, until eventlog.Position) error {
	items, err := p.feed.Replay(p.ctx, it.Dossier, until)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return fmt.Errorf("projections: the stream of dossier %s has no event up to position %s", it.Dossier, until)
	}
	last := items[len(items)-1]
	if last.Broken != nil {
		return p.park(last, last.Broken)
	}
	if len(last.Redacted) > 0 {
		p.docs.Purge()
	}
	return p.change(last, func() error {
		if err := p.docs.Forget(it.Dossier); err != nil {
			return err
		}
		for _, one := range items {
			if err := p.docs.Append(one); err != nil {
				return err
			}
		}
		return nil
	})
}

// change writes and remembers that the dossier as a whole is to be put.
func (p *pass) change(it *Item, write func() error) error {
	if _, err := p.hold(it.Dossier); err != nil {
		return err
	}
	if err := p.guard(it, write); err != nil || p.parked[it.Dossier] {
		return err
	}
	p.seen[it.Dossier] = held{revision: int64(it.Revision), last: it}
	return nil
}

// finish puts each changed dossier once.
func (p *pass) finish() error {
	for _, dossier := range p.order {
		it := p.seen[dossier].last // of one set aside just now: the last good one
		if it == nil {
			continue
		}
		if err := p.guard(it, func() error { return p.docs.Put(it) }); err != nil {
			return err
		}
	}
	return nil
}

// guard sets a dossier aside whose documents make a projection panic.
func (p *pass) guard(it *Item, write func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = p.park(it, fmt.Errorf("projecting %s panicked: %v", it.Type, cause))
		}
	}()
	return write()
}

func (p *pass) park(it *Item, reason error) error {
	one := Parked{Dossier: it.Dossier, Revision: it.Revision, Position: it.Position, Reason: reason.Error()}
	p.parked[it.Dossier] = true
	p.newlyParked = append(p.newlyParked, one)
	return p.docs.Park(one)
}
