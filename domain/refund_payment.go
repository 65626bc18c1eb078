package domain

// RefundPayment gives back all or a part of a payment. It is idempotent on the
// refund's transaction.
type RefundPayment struct {
	Obligation  string `json:"obligation"`
	Amount      int64  `json:"amount"`
	Transaction string `json:"transaction"`
	Reason      string `json:"reason"`
}

// CommandName names the command.
func (RefundPayment) CommandName() string { return "refund_payment" }

// Decide answers payment_refunded, nothing when this transaction did so already.
func (c RefundPayment) Decide(d Dossier, _ Env) ([]Event, error) {
	f := formOn(d)
	e := PaymentRefunded{
		Obligation: f.required("obligation", c.Obligation, MaxCode), Amount: f.amount(c.Amount),
		Transaction: f.required("transaction", c.Transaction, MaxCode), Reason: f.requiredPersonal("reason", c.Reason),
	}
	if i := d.obligation(e.Obligation); i >= 0 && f.err == nil && d.Obligations[i].refundedBy(e.Transaction, e.Amount) {
		return nil, nil
	}
	return f.answer(d, e)
}
