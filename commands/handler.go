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

// Keys is what commands need of the key store: persons and keyed digests.
type Keys interface {
	// Resolve gives the person who has one of the ID numbers (normalised), or
	// makes candidate a person with a key and these numbers, durably.
	Resolve(ctx context.Context, candidate domain.SubjectID, ids ...string) (domain.SubjectID, error)
	// Digest is a digest of a request keyed with a person's key; codec.ErrErased
	// where there is none.
	Digest(subject domain.SubjectID, body []byte) (string, error)
	// Destroy destroys a person's key and what leads to it.
	Destroy(ctx context.Context, subject domain.SubjectID) error
}

// Config is what a Handler works with.
type Config struct {
	Log       eventlog.Log
	Codec     *codec.Codec
	Keys      Keys
	Catalogue *Catalogue
	Now       func() time.Time
	// Observe, where set, hears of every command done: for metrics and traces.
	Observe func(command string, took time.Duration, err error)
	// Hot is how many folded dossiers are kept at hand; 0 means 20,000.
	Hot int
}

// Handler does commands. It is safe for concurrent use.
type Handler struct {
	Config
	hot         *lru.Cache[uuid.UUID, *loaded]
	counters    *counters
	remembering sync.Mutex // makes looking at hot and adding to it one step
	// erasing is held for reading while a person's data is being written, and
	// for writing while a person is erased: no event is sealed for a person
	// between the check that nothing is open and the end of the key.
	erasing sync.RWMutex
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
	h := &Handler{Config: c, hot: hot}
	h.counters = newCounters(h)
	return h
}

// Do loads the dossier, lets the command decide, and appends what comes of it.
// On a conflict it loads and decides again, at most three times; with IfMatch
// not at all. Errors: *domain.Error (not_found, forbidden, revision_mismatch,
// key_reused, conflict, or a guard's own), eventlog errors, the context's.
func (h *Handler) Do(ctx context.Context, req Request, dossier uuid.UUID, cmd domain.Command) (r Receipt, err error) {
	if h.Observe != nil {
		defer func(start time.Time) { h.Observe(cmd.CommandName(), time.Since(start), err) }(time.Now())
	}
	h.erasing.RLock()
	defer h.erasing.RUnlock()
	return h.do(ctx, req, dossier, cmd)
}

// do is Do for callers that hold the erasure gate already.
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
		case !fresh && (nothing || domain.CodeOf(err) != ""):
			// Refused, or found done, on what we had at hand: another instance may have written since.
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
	drafts, err := h.drafts(req, l.dossier.Owner.Subject, now, events)
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
func (h *Handler) drafts(req Request, subject domain.SubjectID, now time.Time, events []domain.Event) ([]codec.Draft, error) {
	digest, err := h.digest(subject, req.Body)
	if err != nil {
		return nil, err
	}
	out := make([]codec.Draft, len(events))
	for i, e := range events {
		out[i] = codec.Draft{Event: e, Meta: codec.Meta{
			Command: req.ID, Digest: digest, Correlation: req.Correlation, Causation: req.Causation,
			Actor: req.Actor, RecordedAt: now,
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
