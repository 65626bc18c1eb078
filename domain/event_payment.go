package domain

// DuePoint is when an obligation must be settled.
type DuePoint int

// The due points as the national portal numbers them.
const (
	DueAtReceipt    DuePoint = 1
	DueAtSupplement DuePoint = 2
	DueAtReturn     DuePoint = 4
)

// PaymentRequested creates one obligation (nghĩa vụ tài chính).
type PaymentRequested struct {
	Obligation string   `json:"obligation" doc:"public: the obligation's code, unique in the dossier"`
	Name       string   `json:"name,omitempty" doc:"public: what it is for"`
	Kind       string   `json:"kind" doc:"public: fee (lệ phí) or charge (phí)"`
	Amount     int64    `json:"amount" doc:"public: in the currency's smallest unit; đồng for VND"`
	Currency   string   `json:"currency" doc:"public: ISO 4217 code"`
	SourceText string   `json:"source_text,omitempty" doc:"public: the amount as an import wrote it"`
	DuePoint   DuePoint `json:"due_point" doc:"public: 1 at receipt, 2 at supplement, 4 at return"`
	Waits      bool     `json:"waits,omitempty" doc:"public: processing waits until it is settled (status 6)"`
	Remaining  int      `json:"remaining_minutes,omitempty" doc:"public: working minutes left on the clock, where it waits"`
}

// Paid settles one obligation.
type Paid struct {
	Obligation  string    `json:"obligation" doc:"public: which obligation"`
	Amount      int64     `json:"amount" doc:"public: in the currency's smallest unit"`
	Transaction string    `json:"transaction" doc:"public: the gateway's or the receipt book's id; makes it idempotent"`
	Method      string    `json:"method,omitempty" doc:"public: online, counter or transfer"`
	Receipt     string    `json:"receipt,omitempty" doc:"public: number of the fee receipt"`
	Deadline    *Deadline `json:"deadline,omitempty" doc:"the clock that runs again, where this ended the last pause"`
}

// PaymentCancelled: an obligation falls away.
type PaymentCancelled struct {
	Obligation string    `json:"obligation" doc:"public: which obligation"`
	Reason     Personal  `json:"reason,omitzero" doc:"sealed: why"`
	Deadline   *Deadline `json:"deadline,omitempty" doc:"the clock that runs again, where this ended the last pause"`
}

// PaymentReconciled: the bank's statement agrees.
type PaymentReconciled struct {
	Obligation string `json:"obligation" doc:"public: which obligation"`
	Statement  string `json:"statement" doc:"public: reference of the statement"`
}

// PaymentRefunded gives back all or a part.
type PaymentRefunded struct {
	Obligation  string   `json:"obligation" doc:"public: which obligation"`
	Amount      int64    `json:"amount" doc:"public: in the currency's smallest unit"`
	Transaction string   `json:"transaction" doc:"public: id of the refund; makes it idempotent"`
	Reason      Personal `json:"reason,omitzero" doc:"sealed: why"`
}

func (PaymentRequested) EventType() string  { return "dossier.payment_requested" }
func (Paid) EventType() string              { return "dossier.paid" }
func (PaymentCancelled) EventType() string  { return "dossier.payment_cancelled" }
func (PaymentReconciled) EventType() string { return "dossier.payment_reconciled" }
func (PaymentRefunded) EventType() string   { return "dossier.payment_refunded" }
