package commands

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// counters draws dossier codes from the log: an agency's day is a stream, and
// appending to it at its expected revision is drawing a number (revision + 1).
// Draws of one counter queue here and go out several in one append.
type counters struct {
	h    *Handler
	mu   sync.Mutex
	open *lru.Cache[string, *counter]
}

// counter is one agency's day.
type counter struct {
	stream string

	mu      sync.Mutex // guards waiting and drawing
	waiting []*draw
	drawing bool

	// Only the drawing goroutine touches these.
	tip   codec.Tip
	drawn map[uuid.UUID]int // number by dossier
}

// draw is one caller's wish for a number.
type draw struct {
	dossier uuid.UUID
	done    chan struct{}
	number  int
	err     error
}

// maxDraws bounds the draws in one append, far below the append's size limit.
const maxDraws = 500

func newCounters(h *Handler) *counters {
	open, _ := lru.New[string, *counter](1000)
	return &counters{h: h, open: open}
}

// draw gives the dossier's code, drawing it unless the counter holds it already.
func (c *counters) draw(ctx context.Context, d domain.Dossier) (domain.DossierCode, error) {
	code := domain.DossierCode{Agency: d.ReceivedBy, Day: domain.CodeDay(d.SubmittedAt)}
	k := c.counter(domain.CounterStream(code.Agency, code.Day))
	w := &draw{dossier: d.ID, done: make(chan struct{})}
	k.mu.Lock()
	k.waiting = append(k.waiting, w)
	if !k.drawing {
		k.drawing = true
		go c.serve(context.Background(), k) // for others as well: not within one caller's trace
	}
	k.mu.Unlock()
	select {
	case <-w.done:
		code.Number = w.number
		return code, w.err
	case <-ctx.Done():
		return code, ctx.Err()
	}
}

func (c *counters) counter(stream string) *counter {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.open.Get(stream)
	if !ok {
		k = &counter{stream: stream, tip: codec.EmptyTip, drawn: map[uuid.UUID]int{}}
		c.open.Add(stream, k)
	}
	return k
}

// serve draws for all who wait, until nobody does.
func (c *counters) serve(ctx context.Context, k *counter) {
	for {
		k.mu.Lock()
		group := k.waiting[:min(len(k.waiting), maxDraws)]
		k.waiting = k.waiting[len(group):]
		if len(group) == 0 {
			k.drawing = false
			k.mu.Unlock()
			return
		}
		k.mu.Unlock()
		err := c.drawGroup(ctx, k, group)
		for _, w := range group {
			w.number, w.err = k.drawn[w.dossier], err
			close(w.done)
		}
	}
}

// drawGroup appends one event for each dossier that has no number yet. A
// conflict means that somebody else drew: read on, and draw again.
func (c *counters) drawGroup(ctx context.Context, k *counter, group []*draw) error {
	for {
		if err := c.readOn(ctx, k); err != nil {
			return err
		}
		var drafts []codec.Draft
		drawn := map[uuid.UUID]int{}
		for _, w := range group {
			if k.drawn[w.dossier] != 0 || drawn[w.dossier] != 0 {
				continue
			}
			number := int(k.tip.Revision) + 1 + len(drafts) + 1
			drawn[w.dossier] = number
			drafts = append(drafts, codec.Draft{
				Event: domain.CodeDrawn{Dossier: w.dossier.String(), Number: number},
				Meta: codec.Meta{Command: uuid.NewSHA1(w.dossier, []byte("draw")), Causation: w.dossier,
					Actor: domain.Actor{Role: domain.System}, RecordedAt: c.h.clock(k.tip)},
			})
		}
		if len(drafts) == 0 {
			return nil
		}
		events, tip, err := c.h.Codec.Encode(k.stream, k.tip, drafts)
		if err != nil {
			return err
		}
		_, err = appendUntilClear(ctx, c.h.Log, k.stream, k.tip.Revision, events, nil)
		var conflict *eventlog.ConflictError
		if errors.As(err, &conflict) {
			k.drawn = nil // read the stream before the next attempt
			continue
		}
		if err != nil {
			k.drawn = nil
			return err
		}
		k.tip = tip
		for dossier, number := range drawn {
			k.drawn[dossier] = number
		}
		return nil
	}
}

// readOn folds the counter stream where it is not at hand: at first use, so
// that a draw from before a crash is found, and after a conflict.
func (c *counters) readOn(ctx context.Context, k *counter) error {
	if k.drawn != nil && k.tip.Revision != eventlog.NoStream {
		return nil
	}
	if k.drawn == nil {
		k.drawn = map[uuid.UUID]int{}
		k.tip = codec.EmptyTip
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for r, err := range c.h.Log.ReadStream(ctx, k.stream, uint64(k.tip.Revision+1)) {
		if err != nil {
			return err
		}
		d, err := c.h.Codec.Read(k.tip.Hash, r)
		if err != nil {
			return err
		}
		if e, ok := d.Event.(domain.CodeDrawn); ok {
			if id, err := uuid.Parse(e.Dossier); err == nil {
				k.drawn[id] = int(d.Revision) + 1
			}
		}
		k.tip = d.Tip()
	}
	return nil
}
