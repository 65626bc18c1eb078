package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// importSpace is the name space of imported dossiers' ids.
var importSpace = uuid.MustParse("0b6f2a7e-54c1-5b0d-8d56-7c3f9d1e2a48")

// Case is a dossier brought from another system: facts in the order they
// shall be folded, the first a domain.Submitted.
type Case struct {
	Source string // names the log or system; with ID it names the dossier
	ID     string // the case's id there
	Facts  []ImportedFact
}

// ImportedFact is one event of a case, when and by whom.
type ImportedFact struct {
	Event domain.Event
	At    time.Time
	By    domain.Actor
}

// Imported is what an import of a case did.
type Imported struct {
	Dossier      uuid.UUID
	Code         string
	Appended     int // events appended now
	AlreadyThere int // events found from an earlier run
	Violations   []Violated
}

// Violated is a rule that an imported fact breaks. The fact stands all the same.
type Violated struct {
	Fact int // index in Case.Facts
	Rule *domain.Error
}

// ImportCase records a case's facts: it does not argue with them, and reports
// which rules they break. Running it again appends only what is missing.
func (h *Handler) ImportCase(ctx context.Context, req Request, c Case) (Imported, error) {
	if len(c.Facts) == 0 {
		return Imported{}, errNoFacts
	}
	out := Imported{Dossier: uuid.NewSHA1(importSpace, []byte(c.Source+"\x00"+c.ID))}
	req.ID = out.Dossier
	l, err := h.load(ctx, out.Dossier, true)
	if err != nil {
		return out, err
	}
	events, violations, err := settle(c.Facts, h.clock(l.tip))
	if err != nil {
		return out, err
	}
	out.Violations = violations
	// The code is drawn right behind the submission, at revision 1: a crash
	// between the two leaves a submission to number, never a number without one.
	out.AlreadyThere = imported(l, req.ID)
	events[0] = withSomebody(events[0], out.Dossier)
	if l, err = h.importFacts(ctx, req, l, c.Facts, events, 1); err != nil {
		return out, err
	}
	if l.dossier.Code == "" {
		if _, err := h.number(ctx, l); err != nil {
			return out, err
		}
		if l, err = h.load(ctx, out.Dossier, true); err != nil {
			return out, err
		}
	}
	if l, err = h.importFacts(ctx, req, l, c.Facts, events, len(events)); err != nil {
		return out, err
	}
	out.Code = l.dossier.Code
	out.Appended = imported(l, req.ID) - out.AlreadyThere
	return out, nil
}

var errNoFacts = errors.New("commands: a case needs facts, the first a submission")

// imported counts the events that imports of the case wrote, its code among
// them; what people did to the dossier since is not theirs.
func imported(l *loaded, command uuid.UUID) int {
	n := l.count(command)
	if l.dossier.Code != "" {
		n++
	}
	return n
}

// withSomebody gives a submission that tells no person one of the dossier's
// own, so that what officers write about the case later can be sealed.
func withSomebody(e domain.Event, dossier uuid.UUID) domain.Event {
	s, ok := e.(domain.Submitted)
	if !ok {
		return e
	}
	if s.Owner.Subject == uuid.Nil {
		s.Owner.Subject = importedOwner(dossier)
	}
	if s.Submitter.Subject == uuid.Nil {
		s.Submitter.Subject = s.Owner.Subject
	}
	return s
}

// importedOwner is the unnamed owner of an imported dossier.
func importedOwner(dossier uuid.UUID) domain.SubjectID {
	return uuid.NewSHA1(dossier, []byte("owner"))
}

// keyForImported makes the key of an imported dossier's unnamed owner when
// somebody first works on it: most are never touched again.
func (h *Handler) keyForImported(ctx context.Context, cmd domain.Command, d domain.Dossier) error {
	switch cmd.(type) {
	case domain.Number, domain.LapseSupplement, domain.Redact: // no words in these
		return nil
	}
	owner := importedOwner(d.ID)
	if d.Owner.Subject != owner || slices.Contains(d.Redacted, owner) {
		return nil
	}
	_, err := h.Keys.Resolve(ctx, owner)
	return err
}

// settle folds a case from its beginning: what a fact settles (a late
// decision) is computed, and the rules that facts break are found, the same on
// every run.
func settle(facts []ImportedFact, now time.Time) ([]domain.Event, []Violated, error) {
	d := domain.NewDossier(uuid.Nil)
	var violations []Violated
	events := make([]domain.Event, len(facts))
	for i, f := range facts {
		if f.At.After(now) {
			return nil, nil, &domain.Error{Code: "occurred_in_future",
				VI: fmt.Sprintf("Sự kiện %s ghi thời điểm %s ở tương lai.", f.Event.EventType(), f.At.Format(time.RFC3339)),
				EN: fmt.Sprintf("Event %s is dated %s, in the future.", f.Event.EventType(), f.At.Format(time.RFC3339))}
		}
		e := f.Event
		if decided, ok := e.(domain.Decided); ok {
			decided.Late = domain.Late(f.At, d.Clock.Due)
			e = decided
		}
		if v := domain.Violation(d, e); v != nil {
			violations = append(violations, Violated{i, v})
		}
		d = domain.Evolve(d, domain.Fact{Event: e, At: f.At, Recorded: now, By: f.By, Revision: uint64(i)})
		events[i] = e
	}
	return events, violations, nil
}

// importEvents bounds one append of imported events, usually far below its size limit.
const importEvents = 200

// importFacts appends the facts before to that imports have not written yet.
func (h *Handler) importFacts(ctx context.Context, req Request, l *loaded, facts []ImportedFact, events []domain.Event, to int) (*loaded, error) {
	now := h.clock(l.tip)
	size := importEvents
	for from := l.count(req.ID); from < to; from = l.count(req.ID) {
		var drafts []codec.Draft
		for i := from; i < min(to, from+size); i++ {
			drafts = append(drafts, codec.Draft{Event: events[i], Meta: codec.Meta{
				Command: req.ID, Correlation: req.Correlation, Actor: facts[i].By, RecordedAt: now, OccurredAt: facts[i].At,
			}})
		}
		next, err := h.append(ctx, l, drafts)
		if errors.Is(err, eventlog.ErrTooLarge) && len(drafts) > 1 {
			size = len(drafts) / 2
			continue
		}
		if err != nil {
			return l, err
		}
		l = next
	}
	return l, nil
}
