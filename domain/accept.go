package domain

// AcceptDossier issues receipt and appointment (form 01): the procedure's
// version is pinned and the processing clock starts.
type AcceptDossier struct {
	Note string `json:"note,omitempty"`
}

// CommandName names the command.
func (AcceptDossier) CommandName() string { return "accept" }

// Decide answers accepted. A due date that an import brought stays.
func (c AcceptDossier) Decide(d Dossier, env Env) ([]Event, error) {
	f := formOn(d)
	e := Accepted{ReceivedAt: env.Now, ProcedureVersion: env.Rules.ProcedureVersion, Note: f.personal("note", c.Note)}
	if !d.importedClock() {
		e.Deadline = appointment(env)
	}
	return f.answer(d, e)
}
