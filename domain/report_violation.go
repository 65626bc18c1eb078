package domain

// ReportViolation tells an authority what a mismatch revealed; given again
// with an outcome it records what came of it.
type ReportViolation struct {
	Authority string `json:"authority"`
	Matter    string `json:"matter"`
	Outcome   string `json:"outcome,omitempty"`
}

// CommandName names the command.
func (ReportViolation) CommandName() string { return "report_violation" }

// Decide answers violation_reported.
func (c ReportViolation) Decide(d Dossier, _ Env) ([]Event, error) {
	f := formOn(d)
	return f.answer(d, ViolationReported{
		Authority: f.required("authority", c.Authority, MaxName),
		Matter:    f.requiredPersonal("matter", c.Matter),
		Outcome:   f.personal("outcome", c.Outcome),
	})
}
