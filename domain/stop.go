package domain

// Stop ends processing with its basis (form 05).
type Stop struct {
	Reason     string `json:"reason"`
	LegalBasis string `json:"legal_basis"`
}

// CommandName names the command.
func (Stop) CommandName() string { return "stop" }

// Decide answers stopped; also while the dossier is paused.
func (c Stop) Decide(d Dossier, _ Env) ([]Event, error) {
	f := formOn(d)
	return f.answer(d, Stopped{
		Reason:     f.requiredPersonal("reason", c.Reason),
		LegalBasis: f.text("legal_basis", c.LegalBasis, MaxName),
	})
}
