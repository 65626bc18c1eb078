package domain

// Route hands the dossier to an agency, a unit or a person: a row of the
// control slip (form 06).
type Route struct {
	Agency   string `json:"agency,omitempty"` // empty: stays in the agency where it is
	Unit     string `json:"unit,omitempty"`
	Assignee string `json:"assignee,omitempty"` // opaque id of an officer
	Note     string `json:"note,omitempty"`
}

// CommandName names the command.
func (Route) CommandName() string { return "route" }

// Decide answers routed, nothing when it is there already and nothing is remarked.
func (c Route) Decide(d Dossier, _ Env) ([]Event, error) {
	f := formOn(d)
	e := Routed{
		Agency: f.text("agency", c.Agency, MaxCode), Unit: f.text("unit", c.Unit, MaxName),
		Assignee: f.text("assignee", c.Assignee, MaxCode), From: d.Current, Note: f.personal("note", c.Note),
	}
	if e.Agency == "" {
		e.Agency = d.Current
	}
	there := e.Agency == d.Current && e.Unit == d.Unit && e.Assignee == d.Assignee
	if there && d.base == StatusProcessing && e.Note.IsZero() && f.err == nil {
		return nil, nil
	}
	return f.answer(d, e)
}
