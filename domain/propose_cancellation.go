package domain

// ProposeCancellation asks the leader to cancel the result after a mismatch.
type ProposeCancellation struct {
	Reason string `json:"reason"`
}

// CommandName names the command.
func (ProposeCancellation) CommandName() string { return "propose_cancellation" }

// Decide answers cancellation_proposed.
func (c ProposeCancellation) Decide(d Dossier, _ Env) ([]Event, error) {
	f := formOn(d)
	return f.answer(d, CancellationProposed{Reason: f.requiredPersonal("reason", c.Reason)})
}
