package projections

import (
	"context"
	"crypto/cipher"
	"crypto/sha256"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"sync"

	"github.com/google/uuid"
	"github.com/hashicorp/golang-lru/v2/simplelru"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// Sizes of what the feed keeps in memory.
const (
	maxBatch    = 500    // events
	hotLive     = 8192   // folded dossiers shared by the live projections
	hotCatchUp  = 8192   // folded dossiers of one projection that lags
	hotRebuild  = 65_536 // folded dossiers of a rebuild
	recentItems = 4096   // decoded and folded events that live projections share
)

// Feed reads the log for projections: it decodes and folds each event once for
// all projections that are at the head, and checks each dossier's hash chain.
// Safe for concurrent use.
type Feed struct {
	log       eventlog.Log
	codec     codec.Codec
	catalogue *history
	logger    *slog.Logger

	mu     sync.Mutex // guards shared and recent
	shared *folder
	recent *simplelru.LRU[eventlog.Position, *Item]
}

// NewFeed makes the feed of a log. The codec's Keys may fail for a while: the
// projections then wait, and nothing is set aside for it.
func NewFeed(log eventlog.Log, c codec.Codec, logger *slog.Logger) *Feed {
	keys := c.Keys
	c.Keys = func(s domain.SubjectID) (cipher.AEAD, error) {
		key, err := keys(s)
		if err != nil && !errors.Is(err, codec.ErrErased) {
			err = &keyFault{err}
		}
		return key, err
	}
	f := &Feed{log: log, codec: c, logger: logger}
	f.catalogue = &history{
		log: log, decode: f.codec.Decode, logger: logger,
		tips: map[string]codec.Hash{}, folded: map[int]*domain.Catalogue{},
	}
	f.shared = f.newFolder(hotLive)
	recent, err := simplelru.NewLRU[eventlog.Position, *Item](recentItems, nil)
	if err != nil {
		panic(err) // the size is a constant
	}
	f.recent = recent
	return f
}

// Batches yields everything after a position, first what is there, then what
// comes. It ends with the error of the log, the key store or the context; to
// go on, call it again with the End of the last batch.
func (f *Feed) Batches(ctx context.Context, after eventlog.Position) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		if err := f.catalogue.reach(ctx, after); err != nil {
			yield(nil, err)
			return
		}
		own := f.newFolder(hotCatchUp)
		for raw, err := range f.log.Subscribe(ctx, after, eventlog.Filter{}) {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, part := range split(raw) {
				b, err := f.batch(ctx, part, own)
				if !yield(b, err) || err != nil {
					return
				}
			}
			if raw.Live {
				own = nil // from here on with the others
			}
		}
	}
}

// split keeps batches within maxBatch events.
func split(raw eventlog.Batch) []eventlog.Batch {
	if len(raw.Events) <= maxBatch {
		return []eventlog.Batch{raw}
	}
	var parts []eventlog.Batch
	for events := range slices.Chunk(raw.Events, maxBatch) {
		parts = append(parts, eventlog.Batch{Events: events, End: events[len(events)-1].Position})
	}
	last := &parts[len(parts)-1]
	last.End, last.Live = raw.End, raw.Live
	return parts
}

// batch decodes and folds; with own nil it shares the work with the others at the head.
func (f *Feed) batch(ctx context.Context, raw eventlog.Batch, own *folder) (*Batch, error) {
	f.catalogue.note(raw.Events, raw.End)
	b := &Batch{End: raw.End, Live: raw.Live, Items: make([]*Item, 0, len(raw.Events))}
	for _, r := range raw.Events {
		id, ok := domain.DossierIDOf(r.Stream)
		if !ok {
			continue
		}
		it, err := f.item(ctx, r, id, own)
		if err != nil {
			return nil, err
		}
		b.Items = append(b.Items, it)
	}
	b.Last = markOf(raw.Events)
	return b, nil
}

func (f *Feed) item(ctx context.Context, r eventlog.Recorded, id uuid.UUID, own *folder) (*Item, error) {
	if own == nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		if it, ok := f.recent.Get(r.Position); ok {
			return it, nil
		}
		own = f.shared
	}
	it, err := f.open(r, id)
	if err != nil {
		return nil, err
	}
	if err := own.fold(ctx, it); err != nil {
		return nil, err
	}
	if own == f.shared {
		f.recent.Add(r.Position, it)
	}
	return it, nil
}

// Decode opens and decodes an event, without its hash chain. An error that is
// passing is the key store's: trying again may succeed.
func (f *Feed) Decode(r eventlog.Recorded) (d codec.Decoded, passing bool, err error) {
	d, err = f.codec.Decode(r)
	return d, err != nil && mayPass(err), err
}

// open decodes an event of a dossier, which is then to be folded. The error is
// one that may pass; a lasting one goes along in the item.
func (f *Feed) open(r eventlog.Recorded, id uuid.UUID) (*Item, error) {
	d, passing, err := f.Decode(r)
	if passing {
		return nil, err
	}
	return &Item{Decoded: d, Dossier: id, Broken: err}, nil
}

// Replay folds a dossier from its first event up to a position. Where the
// stream cannot be folded the last item is the one that is Broken.
func (f *Feed) Replay(ctx context.Context, dossier uuid.UUID, until eventlog.Position) ([]*Item, error) {
	if err := f.catalogue.reach(ctx, until); err != nil {
		return nil, err
	}
	var items []*Item
	state, _ := f.foldUntil(ctx, dossier, 0)
	for r, err := range f.log.ReadStream(ctx, domain.DossierStream(dossier), 0) {
		if err != nil {
			return nil, err
		}
		if until.Before(r.Position) || state.broken != nil {
			break
		}
		it, err := f.open(r, dossier)
		if err != nil {
			return nil, err
		}
		state = state.next(it)
		it.Catalogue = f.catalogue.at(r.Position)
		items = append(items, it)
	}
	for _, it := range items {
		it.Redacted = state.dossier.Redacted
	}
	return items, nil
}

func markOf(events []eventlog.Recorded) Mark {
	if len(events) == 0 {
		return Mark{}
	}
	return MarkOf(events[len(events)-1])
}

// MarkOf names a stored event.
func MarkOf(r eventlog.Recorded) Mark {
	return Mark{Stream: r.Stream, Revision: r.Revision, Position: r.Position, Hash: hashOf(r)}
}

// hashOf tells events apart also where the stored hash is unreadable.
func hashOf(r eventlog.Recorded) codec.Hash {
	h, err := codec.HashOf(r)
	if err != nil {
		return sha256.Sum256(r.Meta)
	}
	return h
}
