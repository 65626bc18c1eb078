package projections

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/eventlog"
)

// redacted marks that a person of the dossier was erased.
const redacted = "dossier.redacted"

// redact takes erased people out of what the documents hold of a dossier that
// is set aside. It stays there, at the revision it had; by hand, at the newest.
func (p *pass) redact(it *Item, until eventlog.Position) error {
	if _, err := p.hold(it.Dossier); err != nil {
		return err
	}
	items, err := p.heldOf(it.Dossier, until)
	if err != nil {
		return err
	}
	p.docs.Purge()
	if err := p.docs.Forget(it.Dossier); err != nil {
		return err
	}
	if len(items) == 0 { // set aside with its first event: nothing was written
		return nil
	}
	last := items[len(items)-1]
	gone, err := p.redactedUntil(it.Dossier, until, last)
	if err != nil {
		return err
	}
	after := *last.After
	for _, who := range gone {
		after = domain.Evolve(after, domain.Fact{Event: domain.Redacted{Subject: who}, At: after.LastAt})
	}
	after.LastType = last.After.LastType
	last.After = &after
	p.seen[it.Dossier] = held{revision: int64(last.Revision), last: last} // finish puts it
	return p.guard(last, func() error {
		for _, one := range items {
			one.Redacted = gone
			if err := p.docs.Append(one); err != nil {
				return err
			}
		}
		return nil
	})
}

// heldOf replays what was written of a dossier before it was set aside.
func (p *pass) heldOf(dossier uuid.UUID, until eventlog.Position) ([]*Item, error) {
	aside, err := p.docs.Parked()
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(aside, func(one Parked) bool { return one.Dossier == dossier })
	if at < 0 {
		return nil, fmt.Errorf("projections: dossier %s is not set aside", dossier)
	}
	items, err := p.feed.Replay(p.ctx, dossier, until)
	if err != nil {
		return nil, err
	}
	end := slices.IndexFunc(items, func(one *Item) bool {
		// By hand nothing tells for certain how far it was written, by whichever
		// process: an erasure brings it up to date, and so behind all of that.
		return one.Broken != nil || one.Revision >= aside[at].Revision && !aside[at].ByHand
	})
	if end < 0 {
		end = len(items)
	}
	return items[:end], nil
}

// redactedUntil are the people whom markers in a dossier's stream name, also
// behind an event that cannot be folded; everybody, where one cannot be read.
func (p *pass) redactedUntil(dossier uuid.UUID, until eventlog.Position, last *Item) (gone []domain.SubjectID, err error) {
	for r, err := range p.feed.log.ReadStream(p.ctx, domain.DossierStream(dossier), 0) {
		if err != nil {
			return nil, err
		}
		if r.Type != redacted || until.Before(r.Position) {
			continue
		}
		it, err := p.feed.open(r, dossier)
		if err != nil {
			return nil, err
		}
		if e, ok := it.Event.(domain.Redacted); ok && it.Broken == nil {
			gone = append(gone, e.Subject)
		} else {
			gone = append(gone, last.After.Owner.Subject, last.After.Submitter.Subject)
		}
	}
	return gone, nil
}
