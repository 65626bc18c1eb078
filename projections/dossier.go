package projections

import (
	"slices"
	"strings"
	"time"

	"hoso/domain"
	"hoso/domain/calendar"
)

// Proofs make the keyed hashes that a look-up's proof is held against. Whoever
// checks a proof must give them the same form of value.
type Proofs struct {
	ID    func(number string) string     // gets an ID number as submitted, without blanks around it
	Phone func(lastDigits string) string // gets the last four digits of a phone number
}

// ViewOf is the dossier's document after an event. Of personal values it
// holds the names, and keyed hashes of the ID numbers and phone numbers.
func ViewOf(it *Item, proofs Proofs) DossierView {
	d := it.After
	v := DossierView{
		ID: it.Dossier, Code: d.Code, SourceID: d.SourceID,
		Revision: it.Revision, Position: it.Position.String(), UpdatedAt: it.Meta.RecordedAt,
		Status: d.Status(), Procedure: d.Procedure,
		Agency: d.ReceivedBy, Competent: d.Competent, Current: d.Current, Place: d.Receiving.Place, Unit: d.Unit, Assignee: d.Assignee,
		Channel: d.Channel, Parent: d.Parent,
		SubmittedAt: d.SubmittedAt, AcceptedAt: d.AcceptedAt, DueAt: d.Clock.Due, Paused: d.Paused(),
		DecidedAt: d.DecidedAt, DecidedLate: d.DecidedLate, DeliveredAt: d.DeliveredAt, EndedAt: d.EndedAt,
		Outcome: d.Outcome, DecisionNumber: d.DecisionNumber, ResultCancelled: d.ResultCancelled, ResultPlace: d.ResultPlace,
		OwnerSubject: d.Owner.Subject, SubmitterSubject: d.Submitter.Subject, SubmittedBy: d.SubmittedBy,
		OwnerName: d.Owner.Name.Text, SubmitterName: d.Submitter.Name.Text,
		Erased: d.Erased || d.Owner.Name.Erased || d.Submitter.Name.Erased,
	}
	p := it.procedure()
	v.ProcedureName, v.ProcedureEN = p.Name, p.NameEN
	if d.Supplement != nil {
		v.SupplementUntil, v.Missing = d.Supplement.Until, d.Supplement.Missing
	}
	for _, o := range d.Obligations {
		if !o.Settled() {
			v.Unpaid += o.Amount
			v.Currency = o.Currency
		}
	}
	v.Clock = Clock(d.Clock)
	v.IDProofs, v.PhoneProofs = proofs.of(d.Owner, d.Submitter)
	return v
}

// procedure is the version that the dossier pinned, else the one in force when
// it was submitted, in the catalogue of the event's position; the zero one where
// there is none.
func (it *Item) procedure() domain.Procedure {
	if p, ok := it.Catalogue.ProcedureVersion(it.After.ProcedureVersion); ok {
		return p.Procedure
	}
	return inForce(it.Catalogue, it.After.Procedure, it.After.SubmittedAt)
}

func inForce(c *domain.Catalogue, procedure string, at time.Time) domain.Procedure {
	p, ok := c.Procedure(procedure, calendar.DateOf(at))
	if !ok {
		return domain.Procedure{}
	}
	return p.Procedure
}

func (p Proofs) of(people ...domain.Person) (ids, phones []string) {
	for _, one := range people {
		for _, number := range []string{one.IDNumber.Text, one.OtherID.Text} {
			if number = strings.TrimSpace(number); number != "" && p.ID != nil {
				ids = append(ids, p.ID(number))
			}
		}
		if last, ok := lastDigits(one.Phone.Text); ok && p.Phone != nil {
			phones = append(phones, p.Phone(last))
		}
	}
	slices.Sort(ids)
	slices.Sort(phones)
	return slices.Compact(ids), slices.Compact(phones)
}

// lastDigits are the last four digits of a phone number, whatever stands between them.
func lastDigits(phone string) (string, bool) {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, phone)
	if len(digits) < 4 {
		return "", false
	}
	return digits[len(digits)-4:], true
}

// dueOf is the due date that lateness is measured by: also one that an import
// brought and the clock does not carry.
func dueOf(d *domain.Dossier) time.Time {
	if d.Clock.Due.IsZero() {
		return d.ImportedDue
	}
	return d.Clock.Due
}
