package domain

// Violation names the guard that an event breaks when it happens to a dossier
// in this state, nil if none. It sees the state alone: what also needs the
// catalogue, the clock or the actor (offers, caps, the time of an extension,
// the second person) the commands check beside it. Imports, which record facts
// whatever the rules say, report it. Total over all events.
func Violation(d Dossier, e Event) *Error {
	switch e.(type) {
	case nil, SubjectErased, CodeDrawn, RootSigned, ProcedurePublished, AgencyEstablished, CalendarPublished:
		return nil
	case Submitted:
		return when(d.Exists, ErrAlreadySubmitted)
	}
	if !d.Exists {
		return ErrNotSubmitted
	}
	switch e := e.(type) {
	case Accepted, Refused, ReturnedForSupplement, Supplemented, SupplementLapsed:
		return d.atDesk(e)
	case Routed, Progressed, DueDateExtended, Stopped, Withdrawn, Decided:
		return d.inProcess(e)
	case PaymentRequested, Paid, PaymentCancelled, PaymentReconciled, PaymentRefunded:
		return d.atCashier(e)
	case ResultReceived, OriginalsCompared, CancellationProposed, ResultCancelled, ViolationReported, Delivered:
		return d.atReturn(e)
	case Numbered:
		return when(d.Code != "", ErrAlreadyNumbered)
	case Rated:
		return first(when(!d.base.Ended(), ErrNotEnded), when(d.Rating != 0, ErrAlreadyRated), when(e.Score < 1 || e.Score > 5, ErrScore))
	case CorrectionRequested:
		return d.correctable(e.Correction)
	case Corrected:
		return first(d.asked(e.Request), d.correctable(e.Correction))
	case CorrectionDeclined:
		return d.asked(e.Request)
	case Redacted:
		return first(when(e.Subject != d.Owner.Subject && e.Subject != d.Submitter.Subject, ErrNotParty), when(d.Open(), ErrStillOpen))
	}
	return nil
}

// when gives the error where the condition holds.
func when(broken bool, e *Error) *Error {
	if broken {
		return e
	}
	return nil
}

// first gives the first broken guard.
func first(guards ...*Error) *Error {
	for _, g := range guards {
		if g != nil {
			return g
		}
	}
	return nil
}

func (d Dossier) notEnded() *Error { return when(d.base.Ended(), ErrEnded) }
func (d Dossier) running() *Error  { return when(d.Paused(), ErrPaused) }
func (d Dossier) accepted() *Error { return when(d.AcceptedAt.IsZero(), ErrNotAccepted) }
func (d Dossier) atIntake() *Error { return when(!d.AcceptedAt.IsZero(), ErrAlreadyAccepted) }
func based(legal string) *Error    { return when(legal == "", ErrNoLegalBasis) }

// atDesk guards acceptance and supplements.
func (d Dossier) atDesk(e Event) *Error {
	if d.base.Ended() {
		return ErrEnded
	}
	switch e := e.(type) {
	case Accepted:
		return first(d.atIntake(), d.running())
	case Refused:
		return first(d.atIntake(), based(e.LegalBasis))
	case ReturnedForSupplement:
		if e.Stage == AtAppraisal {
			return first(d.accepted(), when(d.Supplement != nil, ErrSupplementOpen))
		}
		return first(d.atIntake(), when(d.Supplement != nil, ErrSupplementOpen))
	case Supplemented, SupplementLapsed:
		return when(d.Supplement == nil, ErrNoSupplement)
	}
	return nil
}

// inProcess guards what happens between acceptance and the end.
func (d Dossier) inProcess(e Event) *Error {
	switch e := e.(type) {
	case Routed, Progressed:
		return first(d.notEnded(), d.accepted())
	case DueDateExtended:
		return first(d.notEnded(), d.accepted(), d.running(), when(d.Extended, ErrAlreadyExtended), when(d.Clock.Due.IsZero(), ErrNoDueDate),
			when(e.Deadline != nil && !e.Deadline.Due.After(d.Clock.Due), ErrDueNotLater))
	case Stopped:
		return first(d.notEnded(), d.accepted(), based(e.LegalBasis))
	case Withdrawn:
		return first(when(!d.DecidedAt.IsZero(), ErrAlreadyDecided), d.notEnded())
	case Decided:
		return first(when(!d.DecidedAt.IsZero(), ErrAlreadyDecided), d.notEnded(), d.accepted(), d.running())
	}
	return nil
}

// correctable: there is something of the field to correct.
func (d Dossier) correctable(c Correction) *Error {
	switch c.Field {
	case CorrectDecidedAt, CorrectOutcome:
		return when(d.DecidedAt.IsZero(), ErrNothingToCorrect)
	case CorrectDueAt:
		return first(when(d.Clock.Due.IsZero(), ErrNothingToCorrect), d.running())
	}
	return nil
}

func (d Dossier) asked(request string) *Error {
	_, ok := d.correction(request)
	return when(!ok, ErrNoCorrection)
}
