package domain

// Pay settles one obligation. It is idempotent on the transaction.
type Pay struct {
	Obligation  string `json:"obligation"`
	Amount      int64  `json:"amount"` // must equal the obligation's
	Transaction string `json:"transaction"`
	Method      string `json:"method,omitempty"` // online, counter or transfer
	Receipt     string `json:"receipt,omitempty"`
}

// CommandName names the command.
func (Pay) CommandName() string { return "pay" }

// Decide answers paid, nothing when this transaction has settled it already.
func (c Pay) Decide(d Dossier, env Env) ([]Event, error) {
	f := formOn(d)
	e := Paid{
		Obligation: f.required("obligation", c.Obligation, MaxCode), Amount: f.amount(c.Amount),
		Transaction: f.required("transaction", c.Transaction, MaxCode), Receipt: f.text("receipt", c.Receipt, MaxCode),
	}
	if c.Method != "" {
		e.Method = pick(f, "method", c.Method, "online", "counter", "transfer")
	}
	if i := d.obligation(e.Obligation); i >= 0 {
		o := d.Obligations[i]
		if !o.PaidAt.IsZero() && o.Transaction == e.Transaction && o.Paid == e.Amount {
			return nil, nil
		}
		if o.DuePoint == DueAtReturn && env.Rules.Procedure.CompareOriginals && d.Compared == nil {
			f.fail(ErrNotCompared)
		}
		e.Deadline = d.resumedAfter(e.Obligation, env)
	}
	return f.answer(d, e)
}
