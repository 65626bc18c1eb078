package domain

// Refuse does not accept the dossier, with reason and legal basis (form 03).
type Refuse struct {
	Reason     string `json:"reason"`
	LegalBasis string `json:"legal_basis"`
}

// CommandName names the command.
func (Refuse) CommandName() string { return "refuse" }

// Decide answers refused; only before acceptance, also while a supplement is waited for.
func (c Refuse) Decide(d Dossier, _ Env) ([]Event, error) {
	f := formOn(d)
	return f.answer(d, Refused{
		Reason:     f.requiredPersonal("reason", c.Reason),
		LegalBasis: f.text("legal_basis", c.LegalBasis, MaxName),
	})
}
