package domain

import "slices"

// Redact marks the dossier after a person of it was erased.
type Redact struct {
	Subject SubjectID `json:"subject"`
}

// CommandName names the command.
func (Redact) CommandName() string { return "redact" }

// Decide answers redacted, nothing when that was marked already; refused while
// the dossier is open.
func (c Redact) Decide(d Dossier, _ Env) ([]Event, error) {
	if slices.Contains(d.Redacted, c.Subject) {
		return nil, nil
	}
	return formOn(d).answer(d, Redacted(c))
}
