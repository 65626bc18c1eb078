package domain

// Rate is the applicant's opinion, once, after the end.
type Rate struct {
	Score   int    `json:"score"` // 1 to 5
	Comment string `json:"comment,omitempty"`
}

// CommandName names the command.
func (Rate) CommandName() string { return "rate" }

// Decide answers rated.
func (c Rate) Decide(d Dossier, _ Env) ([]Event, error) {
	f := formOn(d)
	return f.answer(d, Rated{Score: c.Score, Comment: f.personal("comment", c.Comment)})
}
