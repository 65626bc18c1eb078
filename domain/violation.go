package domain

import "slices"

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
		return first(when(e.Subject != d.Owner.Subject && e.Subject != d.Submitter.Subject, ErrNotParty), when(!d.base.Ended(), ErrStillOpen))
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

func (d Dossier) open() *Error     { return when(d.base.Ended(), ErrEnded) }
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
		return first(d.open(), d.accepted())
	case DueDateExtended:
		return first(d.open(), d.accepted(), d.running(), when(d.Extended, ErrAlreadyExtended), when(d.Clock.Due.IsZero(), ErrNoDueDate),
			when(e.Deadline != nil && !e.Deadline.Due.After(d.Clock.Due), ErrDueNotLater))
	case Stopped:
		return first(d.open(), d.accepted(), based(e.LegalBasis))
	case Withdrawn:
		return first(when(!d.DecidedAt.IsZero(), ErrAlreadyDecided), d.open())
	case Decided:
		return first(when(!d.DecidedAt.IsZero(), ErrAlreadyDecided), d.open(), d.accepted(), d.running())
	}
	return nil
}

// atCashier guards payments; they go on after the end.
func (d Dossier) atCashier(e Event) *Error {
	switch e := e.(type) {
	case PaymentRequested:
		return first(when(d.obligation(e.Obligation) >= 0, ErrObligationExists), when(e.Amount <= 0, ErrAmount), when(e.Waits && d.base.Ended(), ErrWaitsAfterEnd))
	case Paid:
		o, missing := d.owed(e.Obligation)
		return first(missing, when(o.Cancelled, ErrObligationCancelled), when(d.usedElsewhere(e.Transaction, e.Obligation), ErrTransactionUsed),
			when(!o.PaidAt.IsZero() && o.Transaction == e.Transaction, ErrTransactionUsed), when(!o.PaidAt.IsZero(), ErrAlreadyPaid),
			when(e.Amount != o.Amount, ErrAmountDiffers), d.collectable(o))
	case PaymentCancelled:
		o, missing := d.owed(e.Obligation)
		return first(missing, when(!o.PaidAt.IsZero(), ErrAlreadyPaid), when(o.Cancelled, ErrObligationCancelled))
	case PaymentReconciled:
		o, missing := d.owed(e.Obligation)
		return first(missing, when(o.PaidAt.IsZero(), ErrNotPaid), when(o.Reconciled, ErrAlreadyReconciled))
	case PaymentRefunded:
		o, missing := d.owed(e.Obligation)
		return first(missing, when(o.PaidAt.IsZero(), ErrNotPaid), when(e.Amount <= 0, ErrAmount), when(d.refundUsed(e.Transaction), ErrTransactionUsed),
			when(e.Amount > o.Paid-o.Refunded, ErrRefundTooLarge))
	}
	return nil
}

// owed finds an obligation, or says that there is none.
func (d Dossier) owed(code string) (Obligation, *Error) {
	if i := d.obligation(code); i >= 0 {
		return d.Obligations[i], nil
	}
	return Obligation{}, ErrNoObligation
}

func (d Dossier) usedElsewhere(transaction, obligation string) bool {
	return slices.ContainsFunc(d.Obligations, func(o Obligation) bool {
		return o.Code != obligation && !o.PaidAt.IsZero() && o.Transaction == transaction
	})
}

func (o Obligation) refundedBy(transaction string, amount int64) bool {
	return slices.Contains(o.Refunds, Refund{transaction, amount})
}

func (d Dossier) refundUsed(transaction string) bool {
	return slices.ContainsFunc(d.Obligations, func(o Obligation) bool {
		return slices.ContainsFunc(o.Refunds, func(r Refund) bool { return r.Transaction == transaction })
	})
}

// collectable: nothing due at return is collected before the originals match,
// where comparing is the default.
func (d Dossier) collectable(o Obligation) *Error {
	if o.DuePoint != DueAtReturn {
		return nil
	}
	return d.matched(d.Receiving.Way)
}

// matched guards a hand-over in one of the ways: a mismatch bars every one;
// an online dossier collected at the counter is compared first.
func (d Dossier) matched(way ReceivingWay) *Error {
	return first(when(d.Compared != nil && !*d.Compared, ErrMismatch),
		when(d.Compared == nil && d.Channel == Online && way == AtCounter, ErrNotCompared))
}

// atReturn guards what happens to the result.
func (d Dossier) atReturn(e Event) *Error {
	mismatch := d.Compared != nil && !*d.Compared
	switch e := e.(type) {
	case ResultReceived:
		return d.resultAtHand()
	case OriginalsCompared:
		return first(when(d.base == StatusDelivered, ErrAlreadyDelivered), when(d.base.Ended() && d.base != StatusDecided, ErrEnded), when(d.ResultCancelled, ErrResultCancelled))
	case CancellationProposed:
		return first(d.resultAtHand(), when(!mismatch, ErrNoMismatch), when(d.CancelProposed, ErrAlreadyProposed))
	case ResultCancelled:
		return first(d.resultAtHand(), when(!d.CancelProposed, ErrNotProposed), based(e.LegalBasis))
	case ViolationReported:
		return when(!mismatch && d.Violations == 0, ErrNoMismatch)
	case Delivered:
		return first(d.resultAtHand(), d.matched(e.Way), when(d.unsettledAtReturn(), ErrUnsettled))
	}
	return nil
}

// resultAtHand: there is a valid result that was not handed over yet.
func (d Dossier) resultAtHand() *Error {
	return first(when(d.base == StatusDelivered, ErrAlreadyDelivered), when(d.base.Ended() && d.base != StatusDecided, ErrEnded),
		when(d.base != StatusDecided, ErrNotDecided), when(d.ResultCancelled, ErrResultCancelled))
}

func (d Dossier) unsettledAtReturn() bool {
	return slices.ContainsFunc(d.Obligations, func(o Obligation) bool { return o.DuePoint == DueAtReturn && !o.Settled() })
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
