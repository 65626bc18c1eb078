package domain

import (
	"slices"
)

func (d Dossier) evolvePayment(e Event, f Fact) Dossier {
	was := d.Paused()
	var dl *Deadline
	switch e := e.(type) {
	case PaymentRequested:
		d = d.owing(e.Obligation, func(o Obligation) Obligation {
			o.Name, o.Kind, o.Amount, o.Currency, o.DuePoint, o.Waits = e.Name, e.Kind, e.Amount, e.Currency, e.DuePoint, e.Waits
			return o
		})
		if o := d.Obligations[d.obligation(e.Obligation)]; o.Waits && !o.Settled() && !d.base.Ended() {
			d.Clock = d.Clock.pause(f.At, e.Remaining, "payment")
		}
	case Paid:
		dl = e.Deadline
		d = d.owing(e.Obligation, func(o Obligation) Obligation { return o.paid(e, f) })
	case PaymentCancelled:
		dl = e.Deadline
		d = d.owing(e.Obligation, func(o Obligation) Obligation { o.Cancelled = true; return o })
	case PaymentReconciled:
		d = d.owing(e.Obligation, func(o Obligation) Obligation {
			o.Reconciled, o.Statement = true, e.Statement
			return o
		})
	case PaymentRefunded:
		d = d.owing(e.Obligation, func(o Obligation) Obligation {
			o.Refunded += e.Amount
			o.Refunds = append(slices.Clip(o.Refunds), Refund{e.Transaction, e.Amount})
			return o
		})
	}
	if was && !d.Paused() {
		d.Clock = d.Clock.resume(f.At, dl)
	}
	return d
}

// owing changes an obligation; one that no request announced begins here.
func (d Dossier) owing(code string, change func(Obligation) Obligation) Dossier {
	d.Obligations = slices.Clone(d.Obligations)
	i := d.obligation(code)
	if i < 0 {
		i, d.Obligations = len(d.Obligations), append(d.Obligations, Obligation{Code: code})
	}
	d.Obligations[i] = change(d.Obligations[i])
	return d
}

// paid records a payment; a second one by another transaction adds up, so that
// it can be refunded.
func (o Obligation) paid(e Paid, f Fact) Obligation {
	switch {
	case o.PaidAt.IsZero():
		o.Paid, o.PaidAt, o.Transaction, o.Receipt = e.Amount, f.At, e.Transaction, e.Receipt
	case o.Transaction != e.Transaction:
		o.Paid += e.Amount
	}
	return o
}
