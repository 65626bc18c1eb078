package commands

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// loaded is a dossier as folded from its stream, with what a writer needs to
// go on. It is never changed; an append or a reload makes a new one.
type loaded struct {
	stream   string
	dossier  domain.Dossier
	tip      codec.Tip
	position eventlog.Position
	done     *done // the newest of the commands found in the history
}

// done is a command that the history holds, with its receipt. It is never
// changed: the histories that branch off before an append share what is behind.
type done struct {
	before   *done
	command  uuid.UUID
	digest   string
	revision uint64
	position eventlog.Position
	events   int
}

// load gives the dossier from memory, or folds it from the log; fresh reads
// what was appended since it was last at hand.
func (h *Handler) load(ctx context.Context, id uuid.UUID, fresh bool) (*loaded, error) {
	l, ok := h.hot.Get(id)
	if ok && !fresh {
		return l, nil
	}
	if !ok {
		l = unopened(id)
	}
	for r, err := range h.Log.ReadStream(ctx, l.stream, uint64(l.tip.Revision+1)) {
		if err != nil {
			return nil, err
		}
		d, err := h.Codec.Read(l.tip.Hash, r)
		if err != nil {
			return nil, fmt.Errorf("dossier %s: %w", id, err)
		}
		l = l.with(d)
	}
	if l.dossier.Exists {
		h.remember(l)
	}
	return l, nil
}

// unopened is a dossier without any event.
func unopened(id uuid.UUID) *loaded {
	return &loaded{stream: domain.DossierStream(id), dossier: domain.NewDossier(id), tip: codec.EmptyTip}
}

// with folds one more event.
func (l *loaded) with(d codec.Decoded) *loaded {
	n := *l
	n.dossier = domain.Evolve(l.dossier, d.Fact())
	n.tip = d.Tip()
	n.position = d.Position
	n.done = &done{before: l.done, command: d.Meta.Command, digest: d.Meta.Digest, revision: d.Revision, position: d.Position, events: 1}
	if l.done != nil && l.done.command == n.done.command {
		n.done.before, n.done.events = l.done.before, l.done.events+1
	}
	return &n
}

// append writes drafts behind the loaded dossier and gives it with them folded
// in. The bytes are made once: every retry sends the same.
func (h *Handler) append(ctx context.Context, l *loaded, drafts []codec.Draft) (*loaded, error) {
	e, err := h.gate.enter(l.dossier, drafts)
	if err != nil {
		return nil, err
	}
	defer e.leave()
	events, _, err := h.Codec.Encode(l.stream, l.tip, drafts)
	if err != nil {
		return nil, err
	}
	at, err := appendUntilClear(ctx, h.Log, l.stream, l.tip.Revision, events, e.still)
	if err != nil {
		return nil, err
	}
	for i, e := range events {
		r := eventlog.Recorded{ID: e.ID, Stream: l.stream, Revision: uint64(l.tip.Revision + 1), Type: e.Type, Data: e.Data, Meta: e.Meta}
		if i == len(events)-1 {
			r.Position = at.Position
		}
		// As a reader would decode it, without opening the seals that were closed a moment ago.
		l = l.with(codec.Decoded{Recorded: r, Meta: drafts[i].Meta, Event: drafts[i].Event})
	}
	h.remember(l)
	return l, nil
}

// remember keeps the newest fold at hand. A slower reader or writer never puts
// back an older one: whoever then decided on it would meet a conflict that
// nobody else caused, and use up an attempt. Whom the key of was destroyed, their
// dossiers are not kept: the values may have been read before.
func (h *Handler) remember(l *loaded) {
	h.remembering.Lock()
	defer h.remembering.Unlock()
	if h.gate.isGone(l.dossier.Owner.Subject) || h.gate.isGone(l.dossier.Submitter.Subject) {
		return
	}
	if old, ok := h.hot.Peek(l.dossier.ID); ok && old.tip.Revision > l.tip.Revision {
		return
	}
	h.hot.Add(l.dossier.ID, l)
}

// forget leaves nothing of a person in memory, once their key is destroyed.
func (h *Handler) forget(subject domain.SubjectID) {
	h.remembering.Lock()
	defer h.remembering.Unlock()
	h.gate.lose(subject)
	for _, l := range h.hot.Values() {
		if l.dossier.Owner.Subject == subject || l.dossier.Submitter.Subject == subject {
			h.hot.Remove(l.dossier.ID)
		}
	}
}

// receipt answers for the dossier's newest event.
func (l *loaded) receipt() Receipt {
	return Receipt{Dossier: l.dossier.ID, Code: l.dossier.Code, Revision: uint64(l.tip.Revision), Position: l.position}
}

// find gives a command's entry in the history.
func (l *loaded) find(command uuid.UUID) (*done, bool) {
	for d := l.done; d != nil; d = d.before {
		if d.command == command {
			return d, true
		}
	}
	return nil, false
}

// count tells how many events of the history a command caused.
func (l *loaded) count(command uuid.UUID) (n int) {
	for d := l.done; d != nil; d = d.before {
		if d.command == command {
			n += d.events
		}
	}
	return n
}

// replay answers a command that the history holds with its first receipt, and
// refuses the same idempotency key with another body.
func (h *Handler) replay(l *loaded, req Request) (Receipt, bool, error) {
	d, ok := l.find(req.ID)
	if !ok {
		return Receipt{}, false, nil
	}
	digest, err := h.digest(l.dossier.Owner.Subject, req.Body)
	if err != nil {
		return Receipt{}, false, err
	}
	if digest != "" && d.digest != "" && digest != d.digest {
		return Receipt{}, false, ErrKeyReused
	}
	return Receipt{Dossier: l.dossier.ID, Code: l.dossier.Code, Revision: d.revision, Position: d.position, Replayed: true}, true, nil
}

// digest is the keyed digest of a request, "" where there is no body, no
// person, or the person was erased.
func (h *Handler) digest(subject domain.SubjectID, body []byte) (string, error) {
	if len(body) == 0 || subject == uuid.Nil {
		return "", nil
	}
	digest, err := h.Keys.Digest(subject, body)
	if errors.Is(err, codec.ErrErased) {
		return "", nil
	}
	return digest, err
}

// appendUntilClear appends, and after an ambiguous answer sends the same bytes
// at the same revision again until the answer is clear or the context ends.
// Where still is not nil, it is asked before each attempt, and its error ends them.
// After an ambiguous answer only success and a conflict are clear: whatever else
// ends the attempts is told within an eventlog.ErrAmbiguous, never as a refusal.
func appendUntilClear(ctx context.Context, log eventlog.Log, stream string, at eventlog.Expected, events []eventlog.Proposed, still func() error) (eventlog.Appended, error) {
	var unsure error
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		if still != nil {
			if err := still(); err != nil {
				return eventlog.Appended{}, ambiguous(unsure, err)
			}
		}
		done, err := log.Append(ctx, stream, at, events)
		if !errors.Is(err, eventlog.ErrAmbiguous) || errors.Is(err, eventlog.ErrStopped) || ctx.Err() != nil {
			return done, ambiguous(unsure, err)
		}
		unsure = err
		select {
		case <-ctx.Done():
			return done, errors.Join(err, ctx.Err())
		case <-time.After(wait):
		}
	}
}

// ambiguous hides an error behind the ambiguous answer before it, if there was one.
func ambiguous(unsure, err error) error {
	var conflict *eventlog.ConflictError
	if unsure == nil || err == nil || errors.As(err, &conflict) || errors.Is(err, eventlog.ErrAmbiguous) {
		return err
	}
	return fmt.Errorf("%w (not sent again: %v)", unsure, err)
}
