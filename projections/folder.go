package projections

import (
	"cmp"
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
	broken   error     // set for ever once an event could not be folded
	alone    bool      // nobody else looks at the dossier: it is folded in place
	held     *heldBack // by a rebuild
}

// folder keeps the dossiers of late; the others it folds from the log again.
// Not safe for concurrent use.
type folder struct {
	feed  *Feed
	hot   *simplelru.LRU[uuid.UUID, *folded]
	alone bool // see folded
}

func (f *Feed) newFolder(size int) *folder {
	hot, err := simplelru.NewLRU[uuid.UUID, *folded](size, nil)
	if err != nil {
		panic(err) // the sizes are constants of this package
	}
	return &folder{feed: f, hot: hot}
}

// fold folds an opened event. The error is of the log or the key store; what is
// wrong with the event or its stream goes into the item.
func (f *folder) fold(ctx context.Context, it *Item) (*folded, error) {
	state, hot := f.hot.Get(it.Dossier)
	at := eventlog.Expected(it.Revision)
	behind := hot && at <= state.revision // another projection is ahead of this one
	if !hot || behind || state.broken == nil && at != state.revision+1 {
		before, err := f.feed.foldUntil(ctx, it.Dossier, it.Revision)
		if err != nil {
			return nil, err
		}
		before.alone = f.alone
		if state = &before; !behind {
			f.hot.Add(it.Dossier, state)
		}
	}
	*state = state.next(it)
	it.Catalogue = f.feed.catalogue.at(it.Position)
	return state, nil
}

// foldUntil folds a dossier's stream up to, not including, a revision.
func (f *Feed) foldUntil(ctx context.Context, id uuid.UUID, end uint64) (folded, error) {
	before := domain.NewDossier(id)
	state := folded{dossier: &before, revision: eventlog.NoStream}
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
		it, err := f.open(r, id)
		if err != nil {
			return state, err
		}
		state = state.next(it)
	}
	return state, nil
}

// next checks an opened event against the one before it and folds it.
func (s folded) next(it *Item) folded {
	it.After, it.Open, it.Obligations = s.dossier, s.open, s.dossier.Obligations
	it.Calendar = cmp.Or(s.dossier.Clock.Calendar, s.dossier.CalendarVersion)
	if s.broken == nil {
		s.broken = s.follows(it)
	}
	if s.broken != nil {
		it.Broken = s.broken
		return s
	}
	after := s.dossier
	if !s.alone {
		after = new(domain.Dossier)
	}
	if err := evolve(after, s.dossier, it.Fact()); err != nil {
		s.broken = fmt.Errorf("revision %d: %w", it.Revision, err)
		it.Broken = s.broken
		return s
	}
	it.After, it.Redacted, it.Obligations = after, after.Redacted, after.Obligations
	s.dossier, s.revision, s.hash = after, eventlog.Expected(it.Revision), it.Meta.Hash
	if begins(it.Type) {
		s.open = Step{Type: it.Type, Revision: it.Revision, At: it.Meta.At()}
	}
	return s
}

// follows tells why an event cannot follow what is folded so far, nil if it can.
func (s folded) follows(it *Item) error {
	if s.revision+1 != eventlog.Expected(it.Revision) {
		return fmt.Errorf("revision %d follows revision %d", it.Revision, s.revision)
	}
	if _, err := codec.Check(s.hash, it.Recorded); err != nil {
		return err
	}
	return it.Broken // it could not be decoded
}

// evolve is domain.Evolve, with a defect of ours turned into one dossier set
// aside instead of a program that starts and dies at the same event for ever.
func evolve(after, before *domain.Dossier, fact domain.Fact) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("folding %s panicked: %v", fact.Event.EventType(), p)
		}
	}()
	*after = domain.Evolve(*before, fact)
	return nil
}
