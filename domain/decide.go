package domain

import "hoso/domain/calendar"

// DecideDossier is the leader's decision. Early, on time or late is settled
// here, by dates.
type DecideDossier struct {
	Outcome  Outcome `json:"outcome"` // granted, refused or not_required
	Number   string  `json:"number,omitempty"`
	Date     string  `json:"date,omitempty"` // yyyy-mm-dd; empty: today in Viet Nam
	Signer   string  `json:"signer,omitempty"`
	Document string  `json:"document,omitempty"` // keyed content hash
	Reason   string  `json:"reason,omitempty"`   // required where refused
}

// CommandName names the command.
func (DecideDossier) CommandName() string { return "decide" }

// Decide answers decided.
func (c DecideDossier) Decide(d Dossier, env Env) ([]Event, error) {
	f := formOn(d)
	today := calendar.DateOf(env.Now)
	e := Decided{
		Outcome:  pick(f, "outcome", c.Outcome, Granted, RefusedOutcome, NotRequired),
		Number:   f.text("number", c.Number, MaxCode),
		Date:     f.text("date", c.Date, MaxCode),
		Signer:   f.text("signer", c.Signer, MaxCode),
		Document: f.text("document", c.Document, MaxName),
		Reason:   f.personal("reason", c.Reason),
		Late:     Late(env.Now, d.Clock.Due),
	}
	if e.Outcome == RefusedOutcome && e.Reason.IsZero() {
		f.missing("reason")
	}
	if e.Signer == "" {
		e.Signer = env.Actor.ID
	}
	if e.Date == "" {
		e.Date = today.String()
	} else if on, err := calendar.ParseDate(e.Date); err != nil || on.After(today) {
		f.invalid("date", "phải là ngày đến hôm nay, dạng 2026-11-24", "must be a date up to today, as in 2026-11-24")
	}
	return f.answer(d, e)
}
