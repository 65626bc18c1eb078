package domain

// CancelPayment lets an unpaid obligation fall away.
type CancelPayment struct {
	Obligation string `json:"obligation"`
	Reason     string `json:"reason"`
}

// CommandName names the command.
func (CancelPayment) CommandName() string { return "cancel_payment" }

// Decide answers payment_cancelled, nothing when it is cancelled already.
func (c CancelPayment) Decide(d Dossier, env Env) ([]Event, error) {
	f := formOn(d)
	e := PaymentCancelled{Obligation: f.required("obligation", c.Obligation, MaxCode), Reason: f.requiredPersonal("reason", c.Reason)}
	if i := d.obligation(e.Obligation); i >= 0 {
		if d.Obligations[i].Cancelled && f.err == nil {
			return nil, nil
		}
		e.Deadline = d.resumedAfter(e.Obligation, env)
	}
	return f.answer(d, e)
}
