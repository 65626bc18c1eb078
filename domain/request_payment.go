package domain

import (
	"strings"
)

// RequestPayment creates an obligation. Where only the code of one of the
// procedure's fees is given, the fee's terms hold.
type RequestPayment struct {
	Obligation string   `json:"obligation"`
	Name       string   `json:"name,omitempty"`
	Kind       string   `json:"kind,omitempty"`     // fee (lệ phí) or charge (phí)
	Amount     int64    `json:"amount,omitempty"`   // in the currency's smallest unit
	Currency   string   `json:"currency,omitempty"` // empty: VND
	DuePoint   DuePoint `json:"due_point,omitempty"`
	Waits      bool     `json:"waits,omitempty"` // processing waits until it is settled
}

// CommandName names the command.
func (RequestPayment) CommandName() string { return "request_payment" }

// Decide answers payment_requested, nothing when the same obligation exists on
// the same terms.
func (c RequestPayment) Decide(d Dossier, env Env) ([]Event, error) {
	f := formOn(d)
	c = c.filledFrom(env.Rules.Procedure.Fees)
	e := PaymentRequested{
		Obligation: f.required("obligation", c.Obligation, MaxCode),
		Name:       f.text("name", c.Name, MaxName),
		Kind:       pick(f, "kind", c.Kind, "fee", "charge"),
		Amount:     f.amount(c.Amount), Currency: strings.ToUpper(f.text("currency", c.Currency, 3)),
		DuePoint: c.DuePoint, Waits: c.Waits,
	}
	if e.Currency == "" {
		e.Currency = "VND"
	}
	if e.DuePoint != DueAtReceipt && e.DuePoint != DueAtSupplement && e.DuePoint != DueAtReturn {
		f.invalid("due_point", "phải là 1, 2 hoặc 4", "must be 1, 2 or 4")
	}
	if e.Waits {
		e.Remaining = d.remaining(env)
	}
	if i := d.obligation(e.Obligation); i >= 0 && d.Obligations[i].sameTerms(e) {
		return nil, nil
	}
	return f.answer(d, e)
}

func (c RequestPayment) filledFrom(fees []Fee) RequestPayment {
	for _, fee := range fees {
		if fee.Code != strings.TrimSpace(c.Obligation) || c.Amount != 0 {
			continue
		}
		c.Name, c.Kind, c.Amount, c.Currency, c.DuePoint = fee.Name, fee.Kind, fee.Amount, "VND", fee.DuePoint
	}
	return c
}

func (o Obligation) sameTerms(e PaymentRequested) bool {
	return o.Name == e.Name && o.Kind == e.Kind && o.Amount == e.Amount && o.Currency == e.Currency &&
		o.DuePoint == e.DuePoint && o.Waits == e.Waits
}

// obligation finds an obligation by its code: its index, or -1.
func (d Dossier) obligation(code string) int {
	for i, o := range d.Obligations {
		if o.Code == code {
			return i
		}
	}
	return -1
}
