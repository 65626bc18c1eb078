package domain

// Withdraw takes the dossier back before a decision.
type Withdraw struct {
	Reason  string `json:"reason,omitempty"`
	AskedBy Asker  `json:"asked_by,omitempty"` // required of an officer, who records what another asked for
	Paper   string `json:"paper,omitempty"`    // the paper they asked with; an officer names it or tells the reason
}

// CommandName names the command.
func (Withdraw) CommandName() string { return "withdraw" }

// Decide answers withdrawn: for an applicant, or for an officer who records
// what the applicant of a paper dossier asked for at the desk or by post. Who
// submitted online withdraws online, where nobody else can say it was asked.
func (c Withdraw) Decide(d Dossier, env Env) ([]Event, error) {
	f := formOn(d)
	e := Withdrawn{Reason: f.personal("reason", c.Reason)}
	switch {
	case env.Actor.Role == Applicant:
		if c.AskedBy != "" || c.Paper != "" {
			f.invalid("asked_by", "chỉ cán bộ ghi nhận thay mới điền", "is for officers who record it")
		}
	case env.Actor.Role == IntakeOfficer && d.Channel != Online:
		e.AskedBy = pick(f, "asked_by", c.AskedBy, AskedByOwner, AskedBySubmitter)
		if e.Paper = f.own("paper", c.Paper, MaxName); e.Paper.IsZero() && e.Reason.IsZero() {
			f.missing("paper")
		}
	default:
		f.fail(ErrNotApplicant)
	}
	return f.answer(d, e)
}
