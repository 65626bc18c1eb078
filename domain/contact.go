package domain

// Contact records guidance by phone or message, and what was agreed.
type Contact struct {
	Means string `json:"means"` // phone, message, email or counter
	Text  string `json:"text"`
}

// CommandName names the command.
func (Contact) CommandName() string { return "contact" }

// Decide answers contacted.
func (c Contact) Decide(d Dossier, _ Env) ([]Event, error) {
	f := formOn(d)
	return f.answer(d, Contacted{
		Means: pick(f, "means", c.Means, "phone", "message", "email", "counter"),
		Text:  f.requiredPersonal("text", c.Text),
	})
}
