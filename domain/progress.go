package domain

// Progress tells a step of the processing.
type Progress struct {
	Title string `json:"title"`
	Unit  string `json:"unit,omitempty"`
	Text  string `json:"text,omitempty"`
}

// CommandName names the command.
func (Progress) CommandName() string { return "progress" }

// Decide answers progressed.
func (c Progress) Decide(d Dossier, _ Env) ([]Event, error) {
	f := formOn(d)
	return f.answer(d, Progressed{
		Title: f.required("title", c.Title, MaxName), Unit: f.text("unit", c.Unit, MaxName), Text: f.personal("text", c.Text),
	})
}
