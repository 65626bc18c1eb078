package domain

import "slices"

// Evolve folds one fact into a dossier. It is total and pure: any event in any
// order is taken, for imports bring odd ones, and nothing that d holds or points
// to is written to. An ended status is left by one way only, from
// decided to delivered; what happened is recorded all the same.
func Evolve(d Dossier, f Fact) Dossier {
	if f.Event == nil {
		return d
	}
	if d.Application == nil { // the zero Dossier, which NewDossier did not make
		d.Application = &Application{}
	}
	switch e := f.Event.(type) {
	case Submitted, Numbered, Accepted, Refused, ReturnedForSupplement, Supplemented, SupplementLapsed:
		d = d.evolveDesk(e, f)
	case Routed, Progressed, DueDateExtended, Stopped, Withdrawn, Decided:
		d = d.evolveProcess(e, f)
	case PaymentRequested, Paid, PaymentCancelled, PaymentReconciled, PaymentRefunded:
		d = d.evolvePayment(e, f)
	case ResultReceived, OriginalsCompared, CancellationProposed, ResultCancelled, ViolationReported, Delivered:
		d = d.evolveResult(e, f)
	case CorrectionRequested, Corrected, CorrectionDeclined:
		d = d.evolveCorrection(e, f)
	case Rated:
		if d.Rating == 0 {
			d.Rating = e.Score
		}
	case Redacted:
		d = d.redacted(e.Subject)
	}
	d.LastType, d.LastAt = f.Event.EventType(), f.At
	return d
}

// moveTo changes the status under the pauses. The end of a dossier closes what
// it waited for.
func (d Dossier) moveTo(s Status, f Fact) Dossier {
	if d.base.Ended() && (d.base != StatusDecided || s != StatusDelivered) {
		return d
	}
	if s.Ended() && !d.base.Ended() {
		d.EndedAt = f.At
		d.Supplement = nil
		d.Clock = d.Clock.end(f.At)
	}
	d.base = s
	return d
}

// reapplied changes what was handed in, in a copy: other folds share the old one.
func (d Dossier) reapplied(change func(*Application)) Dossier {
	a := *d.Application
	change(&a)
	d.Application = &a
	return d
}

func (d Dossier) evolveProcess(e Event, f Fact) Dossier {
	switch e := e.(type) {
	case Routed:
		if e.Agency != "" {
			d.Current = e.Agency
		}
		d.Unit, d.Assignee = e.Unit, e.Assignee
		d = d.moveTo(StatusProcessing, f)
	case Progressed:
		d = d.moveTo(StatusProcessing, f)
	case DueDateExtended:
		d.Extended = true
		if e.Deadline != nil {
			d.Clock = d.Clock.set(MarkExtend, f.At, *e.Deadline)
		}
	case Stopped:
		d = d.moveTo(StatusStopped, f)
	case Withdrawn:
		d = d.moveTo(StatusWithdrawn, f)
	case Decided:
		if d.DecidedAt.IsZero() {
			d.DecidedAt, d.DecidedLate, d.Outcome = f.At, e.Late, e.Outcome
			if e.Number != "" {
				d.DecisionNumber = e.Number
			}
		}
		d = d.moveTo(StatusDecided, f)
	}
	return d
}

func (d Dossier) evolveResult(e Event, f Fact) Dossier {
	switch e := e.(type) {
	case ResultReceived:
		d.ResultPlace = e.Place
		if e.Number != "" {
			d.DecisionNumber = e.Number
		}
	case OriginalsCompared:
		match := e.Match
		d.Compared = &match
		d.CancelProposed = d.CancelProposed && !match
	case CancellationProposed:
		d.CancelProposed = true
	case ResultCancelled:
		d.ResultCancelled = true
	case ViolationReported:
		d.Violations++
	case Delivered:
		if d.DeliveredAt.IsZero() {
			d.DeliveredAt = f.At
		}
		d = d.moveTo(StatusDelivered, f)
	}
	return d
}

// redacted empties every personal value of a subject in the state.
func (d Dossier) redacted(s SubjectID) Dossier {
	d.Erased = true
	if !slices.Contains(d.Redacted, s) {
		d.Redacted = append(slices.Clip(d.Redacted), s)
	}
	d = d.reapplied(func(a *Application) {
		a.Submitter, a.Owner = a.Submitter.redacted(s), a.Owner.redacted(s)
		a.Receiving.Address, a.Receiving.WishedTime = a.Receiving.Address.redacted(s), a.Receiving.WishedTime.redacted(s)
		a.Summary = a.Summary.redacted(s)
	})
	if d.Supplement != nil {
		open := *d.Supplement
		open.Guide = open.Guide.redacted(s)
		d.Supplement = &open
	}
	d.Corrections = slices.Clone(d.Corrections)
	for i := range d.Corrections {
		d.Corrections[i].Correction.Text = d.Corrections[i].Correction.Text.redacted(s)
	}
	return d
}

func (p Person) redacted(s SubjectID) Person {
	for _, v := range []*Personal{&p.Name, &p.IDNumber, &p.OtherID, &p.Address, &p.Phone, &p.Email} {
		*v = v.redacted(s)
	}
	return p
}

func (p Personal) redacted(s SubjectID) Personal {
	if p.Subject != s || p.Text == "" {
		return p
	}
	return Personal{Subject: s, Erased: true}
}
