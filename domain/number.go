package domain

// Number records the code that was drawn for the dossier from its agency's day.
type Number struct {
	Code   string `json:"code"`
	Agency string `json:"agency"`
	Day    string `json:"day"` // yymmdd of the submission, Viet Nam time
	Number int    `json:"number"`
}

// CommandName names the command.
func (Number) CommandName() string { return "number" }

// Decide answers numbered, nothing when the dossier has this very code.
func (c Number) Decide(d Dossier, _ Env) ([]Event, error) {
	f := formOn(d)
	e := Numbered{Code: f.required("code", c.Code, MaxCode), Agency: c.Agency, Day: c.Day, Number: c.Number}
	if d.Code != "" && d.Code == e.Code {
		return nil, nil
	}
	if e.Code != (DossierCode{Agency: c.Agency, Day: c.Day, Number: c.Number}).String() {
		f.invalid("code", "không khớp cơ quan, ngày và số", "does not match its agency, day and number")
	}
	return f.answer(d, e)
}
