// Package commands carries wishes to the log: load, decide, append. Each
// command is done once, however often it is sent, and nothing is acknowledged
// before it is on disk.
package commands

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// maxAttempts bounds how often a command is decided again after a conflict.
const maxAttempts = 4 // once, and three times again

// Config is what a Handler works with.
type Config struct {
	Log       eventlog.Log
	Codec     *codec.Codec
	Keys      Keys // nil only where no event tells of a person
	Catalogue *Catalogue
	Now       func() time.Time
	// Observe, where set, hears of every command, and by the function it gives
	// of its end: for metrics and traces. The command runs in its context.
	Observe func(ctx context.Context, command string) (context.Context, func(error))
	// TraceParent, where set, tells what traces a context as W3C's traceparent,
	// for the metadata of events; "" where nothing does.
	TraceParent func(context.Context) string
	// MayLag says that readers of the log may not see at once what was appended.
	// Then nobody is erased here: an erasure must miss nothing.
	MayLag bool
	// Hot is how many folded dossiers are kept at hand; 0 means 20,000.
	Hot int
}

// Handler does commands. It is safe for concurrent use.
type Handler struct {
	Config
	hot         *lru.Cache[uuid.UUID, *loaded]
	counters    *counters
	remembering sync.Mutex // makes looking at hot and adding to it one step
	gate        *gate
}

// New makes a Handler.
func New(c Config) *Handler {
	if c.Hot == 0 {
		c.Hot = 20_000
	}
	hot, err := lru.New[uuid.UUID, *loaded](c.Hot)
	if err != nil {
		panic(err) // a negative size is a programming error
	}
	h := &Handler{Config: c, hot: hot, gate: newGate(c.Keys)}
	h.counters = newCounters(h)
	if c.Keys != nil {
		c.Keys.Watch(h.gate.drained, h.forget)
	}
	return h
}

// Do loads the dossier, lets the command decide, and appends what comes of it.
// On a conflict it loads and decides again, at most three times; with IfMatch
// not at all. Errors: *domain.Error (not_found, forbidden, revision_mismatch,
// key_reused, conflict, being_erased, or a guard's own), eventlog errors, the context's.
func (h *Handler) Do(ctx context.Context, req Request, dossier uuid.UUID, cmd domain.Command) (r Receipt, err error) {
	if h.Observe != nil {
		var done func(error)
		ctx, done = h.Observe(ctx, cmd.CommandName())
		defer func() { done(err) }()
	}
	return h.do(ctx, req, dossier, cmd)
}

// do is Do, which nobody observes.
func (h *Handler) do(ctx context.Context, req Request, dossier uuid.UUID, cmd domain.Command) (Receipt, error) {
	fresh := false
	for attempt := 1; ; attempt++ {
		l, err := h.load(ctx, dossier, fresh)
		if err != nil {
			return Receipt{}, err
		}
		r, err := h.once(ctx, req, l, cmd)
		nothing := errors.Is(err, errNothingToDo)
		var conflict *eventlog.ConflictError
		switch {
		case err == nil:
			return r, nil
		case errors.As(err, &conflict):
			if req.IfMatch != nil {
				return Receipt{}, errRevision(*req.IfMatch, conflict.Actual)
			}
			if attempt == maxAttempts {
				return Receipt{}, errConflict
			}
			fresh = true
			if err := pause(ctx, attempt); err != nil {
				return Receipt{}, err
			}
		case !fresh && (nothing || domain.CodeOf(err) != "" || errors.Is(err, codec.ErrErased)):
			// Refused, or found done, on what we had at hand: another instance may have
			// written since, or erased the person: then the marker makes it a refusal.
			fresh = true
			newer, loadErr := h.load(ctx, dossier, true)
			switch {
			case loadErr == nil && newer.tip.Revision != l.tip.Revision:
			case nothing:
				return r, loadErr
			default:
				return Receipt{}, err
			}
		case nothing:
			return r, nil
		default:
			return Receipt{}, err
		}
	}
}

// once decides on a loaded dossier and appends; errNothingToDo comes with the
// receipt to answer.
func (h *Handler) once(ctx context.Context, req Request, l *loaded, cmd domain.Command) (Receipt, error) {
	if !l.dossier.Exists {
		return Receipt{}, ErrNotFound
	}
	if r, done, err := h.replay(l, req); done || err != nil {
		return r, err
	}
	if err := Allowed(req, cmd.CommandName(), l.dossier); err != nil {
		return Receipt{}, err
	}
	if req.IfMatch != nil && eventlog.Expected(*req.IfMatch) != l.tip.Revision {
		return Receipt{}, errRevision(*req.IfMatch, l.tip.Revision)
	}
	now := h.clock(l.tip)
	rules, err := h.Catalogue.RulesFor(l.dossier, now)
	if err != nil {
		return Receipt{}, err
	}
	events, err := cmd.Decide(l.dossier, domain.Env{Now: now, Actor: req.Actor, Rules: rules})
	if err != nil {
		return Receipt{}, err
	}
	if len(events) == 0 {
		return l.receipt(), errNothingToDo
	}
	if err := h.Catalogue.known(events); err != nil {
		return Receipt{}, err
	}
	if err := h.keyForImported(ctx, cmd, l.dossier); err != nil {
		return Receipt{}, err
	}
	drafts, err := h.drafts(ctx, req, l.dossier.Owner.Subject, now, events)
	if err != nil {
		return Receipt{}, err
	}
	l, err = h.append(ctx, l, drafts)
	if err != nil {
		return Receipt{}, err
	}
	return l.receipt(), nil
}

// clock is the writer's time, never before the stream's last event.
func (h *Handler) clock(tip codec.Tip) time.Time {
	now := h.Now().UTC()
	if now.Before(tip.RecordedAt) {
		return tip.RecordedAt
	}
	return now
}

// drafts gives each event its metadata.
func (h *Handler) drafts(ctx context.Context, req Request, subject domain.SubjectID, now time.Time, events []domain.Event) ([]codec.Draft, error) {
	digest, err := h.digest(subject, req.Body)
	if err != nil {
		return nil, err
	}
	trace := ""
	if h.TraceParent != nil {
		trace = h.TraceParent(ctx)
	}
	out := make([]codec.Draft, len(events))
	for i, e := range events {
		out[i] = codec.Draft{Event: e, Meta: codec.Meta{
			Command: req.ID, Digest: digest, Correlation: req.Correlation, Causation: req.Causation,
			Actor: req.Actor, RecordedAt: now, Trace: trace,
		}}
	}
	return out, nil
}

// pause waits before the next attempt, a little longer each time.
func pause(ctx context.Context, attempt int) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(attempt) * time.Duration(rand.Int64N(int64(4*time.Millisecond)))):
		return nil
	}
}
