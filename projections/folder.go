package projections

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/hashicorp/golang-lru/v2/simplelru"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// folded is a dossier's stream folded up to a revision.
type folded struct {
	dossier  *domain.Dossier
	revision eventlog.Expected
	hash     codec.Hash
	open     Step
	broken   error // set for ever once an event could not be folded
}

// opened is an event on its way to be folded; err says why it could not be decoded.
type opened struct {
	codec.Decoded
	id  uuid.UUID
	err error
}

// folder keeps the dossiers of late; the others it folds from the log again.
// Not safe for concurrent use.
type folder struct {
	feed *Feed
	hot  *simplelru.LRU[uuid.UUID, folded]
}

func (f *Feed) newFolder(size int) *folder {
	hot, err := simplelru.NewLRU[uuid.UUID, folded](size, nil)
	if err != nil {
		panic(err) // the sizes are constants of this package
	}
	return &folder{feed: f, hot: hot}
}

// item folds an event. The error is of the log or the key store; what is wrong
// with the event or its stream goes into the item.
func (f *folder) item(ctx context.Context, o opened) (*Item, error) {
	before, hot := f.hot.Get(o.id)
	at := eventlog.Expected(o.Revision)
	behind := hot && at <= before.revision // another projection is ahead of this one
	if !hot || behind || before.broken == nil && at != before.revision+1 {
		var err error
		if before, err = f.feed.foldUntil(ctx, o.id, o.Revision); err != nil {
			return nil, err
		}
	}
	it, after := before.next(o)
	it.Catalogue = f.feed.catalogue.at(o.Position)
	if !behind {
		f.hot.Add(o.id, after)
	}
	return it, nil
}

// foldUntil folds a dossier's stream up to, not including, a revision.
func (f *Feed) foldUntil(ctx context.Context, id uuid.UUID, end uint64) (folded, error) {
	state := folded{dossier: &domain.Dossier{ID: id}, revision: eventlog.NoStream}
	if end == 0 {
		return state, nil
	}
	for r, err := range f.log.ReadStream(ctx, domain.DossierStream(id), 0) {
		if err != nil {
			return state, err
		}
		if r.Revision >= end || state.broken != nil {
			break
		}
		o, err := f.open(r, id)
		if err != nil {
			return state, err
		}
		_, state = state.next(o)
	}
	return state, nil
}

// next checks an event against the one before it and folds it.
func (s folded) next(o opened) (*Item, folded) {
	it := &Item{Decoded: o.Decoded, Dossier: o.id, Before: s.dossier, Open: s.open}
	if s.broken == nil {
		s.broken = s.fold(o)
	}
	if s.broken != nil {
		it.Broken, it.After = s.broken, s.dossier
		return it, s
	}
	after, err := evolve(*s.dossier, o.Fact())
	if err != nil {
		s.broken = fmt.Errorf("revision %d: %w", o.Revision, err)
		it.Broken, it.After = s.broken, s.dossier
		return it, s
	}
	it.After, it.Redacted = &after, after.Redacted
	s.dossier, s.revision, s.hash = &after, eventlog.Expected(o.Revision), o.Meta.Hash
	if begins(o.Type) {
		s.open = Step{Type: o.Type, Revision: o.Revision, At: o.Meta.At()}
	}
	return it, s
}

// fold tells why an event cannot follow what is folded so far, nil if it can.
func (s folded) fold(o opened) error {
	if s.revision+1 != eventlog.Expected(o.Revision) {
		return fmt.Errorf("revision %d follows revision %d", o.Revision, s.revision)
	}
	if _, err := codec.Check(s.hash, o.Recorded); err != nil {
		return err
	}
	return o.err
}

// evolve is domain.Evolve, with a defect of ours turned into one dossier set
// aside instead of a program that starts and dies at the same event for ever.
func evolve(d domain.Dossier, fact domain.Fact) (after domain.Dossier, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("folding %s panicked: %v", fact.Event.EventType(), p)
		}
	}()
	return domain.Evolve(d, fact), nil
}
