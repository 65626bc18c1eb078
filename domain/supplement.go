package domain

import "time"

// Supplement is the applicant's answer to the guide.
type Supplement struct {
	Papers []Paper `json:"papers,omitempty"`
	Note   string  `json:"note,omitempty"`
}

// CommandName names the command.
func (Supplement) CommandName() string { return "supplement" }

// Decide answers supplemented: at intake with a new intake clock, after
// acceptance with what remained of the processing time.
func (c Supplement) Decide(d Dossier, env Env) ([]Event, error) {
	f := formOn(d)
	e := Supplemented{Papers: f.papers(c.Papers, d.supplementNames(env.Rules.Procedure)), Note: f.personal("note", c.Note)}
	if len(e.Papers) == 0 && e.Note.IsZero() {
		f.missing("papers")
	}
	if open := d.Supplement; open != nil {
		if expired(open.Until, env.Now) {
			return nil, ErrSupplementExpired
		}
		e.Deadline, e.Remaining = d.afterSupplement(env)
	}
	return f.answer(d, e)
}

// afterSupplement is the clock once the guide is answered, or the minutes it
// will run with when the payment still waited for is settled.
func (d Dossier) afterSupplement(env Env) (*Deadline, int) {
	newIntake := d.AcceptedAt.IsZero() && !d.importedClock()
	switch {
	case d.waitsForPayment() && newIntake:
		return nil, env.Rules.intake().Quantity * 60
	case d.waitsForPayment():
		return nil, 0
	case newIntake:
		return intakeDeadline(env), 0
	}
	return d.resumed(env), 0
}

// expired reports whether a limit, if there is one, has passed.
func expired(until, now time.Time) bool { return !until.IsZero() && now.After(until) }

// LapseSupplement ends a dossier whose guide was not answered in time.
type LapseSupplement struct{}

// CommandName names the command.
func (LapseSupplement) CommandName() string { return "lapse_supplement" }

// Decide answers supplement_lapsed once the time to answer has passed.
func (LapseSupplement) Decide(d Dossier, env Env) ([]Event, error) {
	f, e := formOn(d), SupplementLapsed{}
	if open := d.Supplement; open != nil {
		e.Until = open.Until
		if !expired(open.Until, env.Now) {
			f.fail(ErrSupplementNotDue)
		}
	}
	return f.answer(d, e)
}
