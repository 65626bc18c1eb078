package domain

// Withdraw takes the dossier back before a decision.
type Withdraw struct {
	Reason string `json:"reason,omitempty"`
}

// CommandName names the command.
func (Withdraw) CommandName() string { return "withdraw" }

// Decide answers withdrawn; only for an applicant.
func (c Withdraw) Decide(d Dossier, env Env) ([]Event, error) {
	f := formOn(d)
	if env.Actor.Role != Applicant {
		f.fail(ErrNotApplicant)
	}
	return f.answer(d, Withdrawn{Reason: f.personal("reason", c.Reason)})
}
