package commands

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
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
	h.erasing.RLock()
	defer h.erasing.RUnlock()
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
	out.AlreadyThere = int(l.tip.Revision) + 1
	if l, err = h.importFacts(ctx, req, l, c.Facts, events, 0, 1); err != nil {
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
	from := int(l.tip.Revision) // facts from 1 on stand one revision later than their index
	if l, err = h.importFacts(ctx, req, l, c.Facts, events, from, len(events)); err != nil {
		return out, err
	}
	out.Code = l.dossier.Code
	out.Appended = int(l.tip.Revision) + 1 - out.AlreadyThere
	return out, nil
}

// settle folds a case from its beginning: what a fact settles (a late
// decision) is computed, and the rules that facts break are found, the same on
// every run.
func settle(facts []ImportedFact, now time.Time) ([]domain.Event, []Violated, error) {
	var d domain.Dossier
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

// importEvents bounds one append of imported events, far below its size limit.
const importEvents = 200

// importFacts appends events from … to-1, unless the stream goes beyond them.
func (h *Handler) importFacts(ctx context.Context, req Request, l *loaded, facts []ImportedFact, events []domain.Event, from, to int) (*loaded, error) {
	if from == 0 && l.dossier.Exists {
		return l, nil
	}
	now := h.clock(l.tip)
	for from < to {
		var drafts []codec.Draft
		for ; from < to && len(drafts) < importEvents; from++ {
			drafts = append(drafts, codec.Draft{Event: events[from], Meta: codec.Meta{
				Command: req.ID, Correlation: req.Correlation, Actor: facts[from].By, RecordedAt: now, OccurredAt: facts[from].At,
			}})
		}
		var err error
		if l, err = h.append(ctx, l, drafts); err != nil {
			return l, err
		}
	}
	return l, nil
}
