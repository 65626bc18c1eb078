package commands

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// errUnsure: the key store has not answered for a while, and somebody may be
// erasing whom we would write for.
var errUnsure = fmt.Errorf("commands: it is not known for the moment who is being erased: %w", eventlog.ErrUnavailable)

// gate knows for whom events are being written, from before their values are
// sealed until it is clear that the events are in the log. Erasing a person
// waits for these; whoever comes later is refused until the erasure has ended.
//
// An instance that answers the key store is waited for, however long its append
// takes, or there is no erasure. What the gate cannot hold back: a process that
// stands still, or is cut off from the key store, between the last question
// whether it may write and the log's taking of the events, for longer than the
// key store waits for a silent instance; and an append whose caller has gone,
// which the log's server carries out later. In a dossier that was there the
// marker of the erasure makes such an append a conflict. A submission that
// arrives before the key goes is seen there, and ends the erasure; one that
// arrives while the key goes is marked after, so that no view keeps what it
// could still read; a later one is a dossier whose values nobody could ever read.
type gate struct {
	keys Keys

	mu      sync.Mutex
	writing map[domain.SubjectID]*writers
	gone    map[domain.SubjectID]bool // whose keys were destroyed while we run
}

// writers are the commands that write for a person.
type writers struct {
	n    int
	left chan struct{} // closed by the last
}

// entry is one command's leave to write.
type entry struct {
	gate     *gate
	subjects []domain.SubjectID
}

func newGate(k Keys) *gate {
	return &gate{keys: k, writing: map[domain.SubjectID]*writers{}, gone: map[domain.SubjectID]bool{}}
}

// enter lets in who is about to seal drafts for a dossier. Errors:
// domain.ErrBeingErased; errUnsure.
func (g *gate) enter(d domain.Dossier, drafts []codec.Draft) (*entry, error) {
	e := &entry{gate: g}
	if g.keys == nil || quiet(drafts) {
		return e, nil
	}
	// In this order: who is current now knows every bar that stood before now.
	if !g.keys.Current() {
		return nil, errUnsure
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range concerned(d, drafts) {
		switch {
		case slices.Contains(e.subjects, s):
		case g.keys.Barred(s):
			return nil, domain.ErrBeingErased
		case !g.gone[s]:
			e.subjects = append(e.subjects, s)
		case !d.Exists: // resolved, and erased since: the next attempt makes a new person
			return nil, domain.ErrBeingErased
		}
	}
	for _, s := range e.subjects {
		w := g.writing[s]
		if w == nil {
			w = &writers{left: make(chan struct{})}
			g.writing[s] = w
		}
		w.n++
	}
	return e, nil
}

// concerned are the persons of a dossier, and those of its submission where it
// is among the drafts.
func concerned(d domain.Dossier, drafts []codec.Draft) (out []domain.SubjectID) {
	out = append(out, d.Owner.Subject, d.Submitter.Subject)
	for _, one := range drafts {
		if s, ok := one.Event.(domain.Submitted); ok {
			out = append(out, s.Owner.Subject, s.Submitter.Subject)
		}
	}
	return slices.DeleteFunc(out, func(s domain.SubjectID) bool { return s == uuid.Nil })
}

// quiet tells drafts without a word about anybody: they are written for whoever
// is being erased too, the erasure's own marker above all.
func quiet(drafts []codec.Draft) bool {
	return !slices.ContainsFunc(drafts, func(d codec.Draft) bool {
		switch d.Event.(type) {
		case domain.Numbered, domain.Redacted:
			return false
		}
		return true
	})
}

// still tells, before each attempt, why it must not be made any more: an
// erasure may have ceased to wait for this one.
func (e *entry) still() error {
	if e.gate.keys == nil {
		return nil
	}
	if !e.gate.keys.Current() { // asked first, as in enter
		return errUnsure
	}
	if slices.ContainsFunc(e.subjects, e.gate.isGone) {
		return domain.ErrBeingErased
	}
	return nil
}

func (e *entry) leave() {
	e.gate.mu.Lock()
	defer e.gate.mu.Unlock()
	for _, s := range e.subjects {
		if w := e.gate.writing[s]; w.n > 1 {
			w.n--
		} else {
			delete(e.gate.writing, s)
			close(w.left)
		}
	}
}

// drained waits until nobody writes for a person who is barred.
func (g *gate) drained(ctx context.Context, subject domain.SubjectID) error {
	g.mu.Lock()
	w := g.writing[subject]
	g.mu.Unlock()
	if w == nil {
		return nil
	}
	select {
	case <-w.left:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lose notes that a person's key is destroyed; 16 bytes and a little each stay.
func (g *gate) lose(subject domain.SubjectID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gone[subject] = true
}

func (g *gate) isGone(subject domain.SubjectID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.gone[subject]
}
