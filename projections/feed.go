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
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// Sizes of what the feed keeps in memory.
const (
	maxBatch   = 4096     // events of one that lags; at the head a batch is all that waits: see maxAhead
	lagBatch   = 3500     // events that a projection that lags takes in at once, unless there are fewer,
	lagBytes   = 16 << 20 // or these bytes of them come first
	hotLive    = 8192     // folded dossiers shared by the live projections
	hotCatchUp = 8192     // folded dossiers of one projection that lags
	hotRebuild = 32_768   // folded dossiers of a rebuild
)

// A live projection rests after each batch: events then gather, and a dossier
// that changed several times is written once. The rest follows what the batch
// cost, so that the views leave most of a busy machine to those who wait.
const (
	restPerWork = 10
	maxRest     = 750 * time.Millisecond
)

// Feed reads the log for projections: it decodes and folds each event once for
// all projections that are at the head, and checks each dossier's hash chain.
// Safe for concurrent use.
type Feed struct {
	log       eventlog.Log
	codec     codec.Codec
	catalogue *history
	logger    *slog.Logger

	mu     sync.Mutex // guards live, and who may start it
	live   *live      // nil while nobody follows
	shared *folder    // belongs to live
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
	return f
}

// Batches yields everything after a position, first what is there, then what
// comes. It ends with the error of the log, the key store or the context; to
// go on, call it again with the End of the last batch.
func (f *Feed) Batches(ctx context.Context, after eventlog.Position) iter.Seq2[*Batch, error] {
	return func(yield func(*Batch, error) bool) {
		for {
			m, err := f.catchUp(ctx, after, func(b *Batch) bool {
				after = b.End
				return yield(b, nil)
			})
			if err != nil {
				yield(nil, err)
			}
			if m == nil {
				return
			}
			err = m.each(ctx, func(b *Batch) bool {
				after = b.End
				return yield(b, nil)
			})
			f.leave(m)
			if err != nil && !errors.Is(err, errLeftBehind) {
				if !errors.Is(err, errEnough) {
					yield(nil, err)
				}
				return
			}
		}
	}
}

// catchUp reads on its own until it can follow with the others; it gives nil
// after an error, and when yield wants no more.
func (f *Feed) catchUp(ctx context.Context, after eventlog.Position, yield func(*Batch) bool) (*member, error) {
	if err := f.catalogue.reach(ctx, after); err != nil {
		return nil, err
	}
	own, before := f.newFolder(hotCatchUp), after
	for raw, err := range gathered(f.log.Subscribe(ctx, after, eventlog.Filter{})) {
		if err != nil {
			return nil, err
		}
		for _, part := range split(raw) {
			b, err := f.batch(ctx, part, own)
			if err != nil {
				return nil, err
			}
			b.After, before = before, b.End
			if !yield(b) {
				return nil, nil
			}
		}
		if raw.Live {
			if m, ok := f.join(raw.End); ok {
				return m, nil
			}
		}
	}
	return nil, ctx.Err()
}

// gathered joins the small pages that a log is read in: each batch costs a
// projection a transaction, or two requests.
func gathered(pages iter.Seq2[eventlog.Batch, error]) iter.Seq2[eventlog.Batch, error] {
	return func(yield func(eventlog.Batch, error) bool) {
		var all eventlog.Batch
		size := 0
		for page, err := range pages {
			if err == nil {
				all.Events = append(all.Events, page.Events...)
				all.End, all.Live = page.End, page.Live
				for _, e := range page.Events {
					size += len(e.Data) + len(e.Meta)
				}
			}
			if !all.Live && len(all.Events) < lagBatch && size < lagBytes && err == nil {
				continue
			}
			if (err == nil || len(all.Events) > 0) && !yield(all, nil) {
				return
			}
			if err != nil {
				yield(eventlog.Batch{}, err)
				return
			}
			all, size = eventlog.Batch{}, 0
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

// batch decodes and folds.
func (f *Feed) batch(ctx context.Context, raw eventlog.Batch, own *folder) (*Batch, error) {
	f.catalogue.note(raw.Events, raw.End)
	b := &Batch{End: raw.End, Live: raw.Live, Items: make([]*Item, 0, len(raw.Events))}
	for _, r := range raw.Events {
		id, ok := domain.DossierIDOf(r.Stream)
		if !ok {
			continue
		}
		it, err := f.open(r, id)
		if err != nil {
			return nil, err
		}
		if _, err := own.fold(ctx, it); err != nil {
			return nil, err
		}
		b.Items = append(b.Items, it)
	}
	b.Last = markOf(raw.Events)
	return b, nil
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
	it := new(Item)
	if err := f.openAs(it, r, id); err != nil {
		return nil, err
	}
	return it, nil
}

func (f *Feed) openAs(it *Item, r eventlog.Recorded, id uuid.UUID) error {
	d, passing, err := f.Decode(r)
	if passing {
		return err
	}
	it.Decoded, it.Dossier, it.Broken = d, id, err
	return nil
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
