package domain

// ReconcilePayment records that the bank's statement agrees with a payment.
type ReconcilePayment struct {
	Obligation string `json:"obligation"`
	Statement  string `json:"statement"`
}

// CommandName names the command.
func (ReconcilePayment) CommandName() string { return "reconcile_payment" }

// Decide answers payment_reconciled, nothing when this statement did so already.
func (c ReconcilePayment) Decide(d Dossier, _ Env) ([]Event, error) {
	f := formOn(d)
	e := PaymentReconciled{Obligation: f.required("obligation", c.Obligation, MaxCode), Statement: f.required("statement", c.Statement, MaxCode)}
	if i := d.obligation(e.Obligation); i >= 0 && d.Obligations[i].Reconciled && d.Obligations[i].Statement == e.Statement {
		return nil, nil
	}
	return f.answer(d, e)
}
