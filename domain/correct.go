package domain

import (
	"strconv"
	"strings"
	"time"
)

// RequestCorrection asks to correct what was recorded; a second person decides.
type RequestCorrection struct {
	Field      CorrectedField `json:"field"`             // note, decided_at, due_at, outcome or owner_name
	Time       *time.Time     `json:"time,omitempty"`    // for decided_at and due_at
	Outcome    Outcome        `json:"outcome,omitempty"` // for outcome
	Text       string         `json:"text,omitempty"`    // for owner_name and note
	Reason     string         `json:"reason"`
	LegalBasis string         `json:"legal_basis,omitempty"`
}

// CommandName names the command.
func (RequestCorrection) CommandName() string { return "request_correction" }

// Decide answers correction_requested under the dossier's next request number.
func (c RequestCorrection) Decide(d Dossier, env Env) ([]Event, error) {
	f := formOn(d)
	return f.answer(d, CorrectionRequested{
		Request:    strconv.Itoa(d.CorrectionsAsked + 1),
		Correction: c.correction(f, d, env),
		Reason:     f.requiredPersonal("reason", c.Reason),
		LegalBasis: f.text("legal_basis", c.LegalBasis, MaxName),
	})
}

// correction keeps only what the field needs.
func (c RequestCorrection) correction(f *form, d Dossier, env Env) Correction {
	out := Correction{Field: pick(f, "field", c.Field, CorrectNote, CorrectDecidedAt, CorrectDueAt, CorrectOutcome, CorrectOwnerName)}
	switch out.Field {
	case CorrectNote, CorrectOwnerName:
		if out.Text = f.personal("text", c.Text); out.Text.IsZero() {
			f.missing("text")
		}
	case CorrectOutcome:
		out.Outcome = pick(f, "outcome", c.Outcome, Granted, RefusedOutcome, NotRequired)
	case CorrectDueAt, CorrectDecidedAt:
		if c.Time == nil || c.Time.IsZero() {
			f.missing("time")
			break
		}
		t := c.Time.UTC()
		out.Time = &t
		f.orderly(out, d, env)
	}
	return out
}

// orderly refuses instants that cannot be: a decision in the future or before
// the dossier was accepted, a due date before it was submitted or far away.
func (f *form) orderly(c Correction, d Dossier, env Env) {
	begin := d.SubmittedAt
	if c.Field == CorrectDecidedAt && d.AcceptedAt.After(begin) {
		begin = d.AcceptedAt
	}
	switch {
	case c.Time.Before(begin):
		f.invalid("time", "nằm trước khi hồ sơ được nộp hoặc tiếp nhận", "lies before the dossier was submitted or accepted")
	case c.Field == CorrectDecidedAt && c.Time.After(env.Now):
		f.invalid("time", "nằm trong tương lai", "lies in the future")
	case c.Field == CorrectDueAt:
		f.near("time", movedDeadline(d, env, *c.Time, "corrected"))
	}
}

// ApproveCorrection makes a requested correction hold. Another person than the
// one who asked approves.
type ApproveCorrection struct {
	Request    string `json:"request"`
	LegalBasis string `json:"legal_basis,omitempty"` // empty: the request's
}

// CommandName names the command.
func (ApproveCorrection) CommandName() string { return "approve_correction" }

// Decide answers corrected.
func (c ApproveCorrection) Decide(d Dossier, env Env) ([]Event, error) {
	f := formOn(d)
	e := Corrected{Request: f.required("request", c.Request, MaxCode), LegalBasis: f.text("legal_basis", c.LegalBasis, MaxName)}
	if open, ok := d.correction(e.Request); ok {
		e.Correction = open.Correction
		if e.LegalBasis == "" {
			e.LegalBasis = open.LegalBasis
		}
		if e.Correction.Field == CorrectDueAt && e.Correction.Time != nil {
			e.Deadline = movedDeadline(d, env, *e.Correction.Time, "corrected")
		}
		if e.Correction.Text.Erased { // what it said is gone, and would replace what is there
			f.fail(ErrPersonErased)
		}
		f.second(open, env.Actor)
	}
	return f.answer(d, e)
}

// DeclineCorrection says no to a requested correction.
type DeclineCorrection struct {
	Request string `json:"request"`
	Reason  string `json:"reason"`
}

// CommandName names the command.
func (DeclineCorrection) CommandName() string { return "decline_correction" }

// Decide answers correction_declined.
func (c DeclineCorrection) Decide(d Dossier, env Env) ([]Event, error) {
	f := formOn(d)
	e := CorrectionDeclined{Request: f.required("request", c.Request, MaxCode), Reason: f.requiredPersonal("reason", c.Reason)}
	if open, ok := d.correction(e.Request); ok {
		f.second(open, env.Actor)
	}
	return f.answer(d, e)
}

// second refuses who asked; two people without an id count as one.
func (f *form) second(open OpenCorrection, by Actor) {
	if strings.TrimSpace(by.ID) == "" || by.ID == open.By.ID {
		f.fail(ErrSamePerson)
	}
}

// correction finds an open request.
func (d Dossier) correction(request string) (OpenCorrection, bool) {
	for _, open := range d.Corrections {
		if open.Request == request {
			return open, true
		}
	}
	return OpenCorrection{}, false
}
