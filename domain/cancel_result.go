package domain

// CancelResult makes the result void (hủy kết quả đã giải quyết). The status stays 9.
type CancelResult struct {
	Reason     string `json:"reason"`
	LegalBasis string `json:"legal_basis"`
}

// CommandName names the command.
func (CancelResult) CommandName() string { return "cancel_result" }

// Decide answers result_cancelled; only after a proposal.
func (c CancelResult) Decide(d Dossier, _ Env) ([]Event, error) {
	f := formOn(d)
	return f.answer(d, ResultCancelled{
		Reason:     f.requiredPersonal("reason", c.Reason),
		LegalBasis: f.text("legal_basis", c.LegalBasis, MaxName),
	})
}
