package domain

import "slices"

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
