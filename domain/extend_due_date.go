package domain

import (
	"time"

	"hoso/domain/calendar"
)

// ExtendDueDate apologises and gives a new date (form 04), once, at the latest
// one working day before the due date.
type ExtendDueDate struct {
	DueAt  time.Time `json:"due_at"`
	Reason string    `json:"reason"`
}

// CommandName names the command.
func (ExtendDueDate) CommandName() string { return "extend_due_date" }

// Decide answers due_date_extended.
func (c ExtendDueDate) Decide(d Dossier, env Env) ([]Event, error) {
	f := formOn(d)
	e := DueDateExtended{Reason: f.requiredPersonal("reason", c.Reason)}
	if c.DueAt.IsZero() {
		f.missing("due_at")
	} else {
		e.Deadline = movedDeadline(d, env, c.DueAt, "extended")
		f.near("due_at", e.Deadline)
	}
	if !d.Clock.Due.IsZero() && !workingDayBefore(d.hours(env.Rules), env.Now, d.Clock.Due) {
		f.fail(ErrExtendedTooLate)
	}
	return f.answer(d, e)
}

// near refuses a due date that is too far away.
func (f *form) near(field string, dl *Deadline) {
	if dl.tooFar() {
		f.invalid(field, "quá xa", "lies too far ahead")
	}
}

// workingDayBefore reports whether a working day begins today or later and
// ends before the day of due.
func workingDayBefore(cal *calendar.Calendar, now, due time.Time) bool {
	last := calendar.DateOf(due)
	today := calendar.DateOf(now)
	return today.Before(last) && (cal.IsWorkingDay(today) || cal.NextWorkingDay(today).Before(last))
}
