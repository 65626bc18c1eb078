package domain

import (
	"fmt"
	"time"

	"hoso/domain/calendar"
)

// IntakeHours are the working hours the desk has to answer a submission, by
// the portals' practice, unless Rules say otherwise.
const IntakeHours = 8

// Late compares the dates on which two instants fall in Viet Nam, as the legal
// tables do. Without a due date nothing is late.
func Late(at, due time.Time) bool {
	return !due.IsZero() && calendar.DateOf(at).After(calendar.DateOf(due))
}

// intake is the time to answer a submission: the rules' own, else the usual.
func (r Rules) intake() calendar.Duration {
	if r.IntakeHours > 0 {
		return calendar.Duration{Quantity: r.IntakeHours, Unit: calendar.WorkingHour}
	}
	return calendar.Duration{Quantity: IntakeHours, Unit: calendar.WorkingHour}
}

// intakeDeadline starts the intake clock now.
func intakeDeadline(env Env) *Deadline {
	hours := env.Rules.intake()
	return &Deadline{Due: env.Rules.Reception.Due(env.Now, hours), Remaining: hours.Quantity * 60, Calendar: env.Rules.Reception.Version(), Basis: basisOf(hours)}
}

// appointment starts the processing clock now; nil where the procedure sets no time.
func appointment(env Env) *Deadline {
	d := env.Rules.Procedure.Duration
	if d.IsZero() || d.Validate() != nil {
		return nil
	}
	due := env.Rules.Processing.Due(env.Now, d)
	return &Deadline{
		Due: due, Remaining: env.Rules.Processing.Between(env.Now, due),
		Procedure: env.Rules.ProcedureVersion, Calendar: env.Rules.Processing.Version(),
		Basis: basisOf(d),
	}
}

// basisOf writes a duration as Deadline.Basis keeps it; parseBasis reads it.
func basisOf(d calendar.Duration) string { return fmt.Sprintf("%d %s", d.Quantity, d.Unit) }

func parseBasis(s string) (d calendar.Duration, ok bool) {
	n, err := fmt.Sscanf(s, "%d %s", &d.Quantity, &d.Unit)
	return d, n == 2 && err == nil && !d.IsZero() && d.Validate() == nil
}

// movedDeadline is a due date that a person set.
func movedDeadline(d Dossier, env Env, due time.Time, basis string) *Deadline {
	cal := d.hours(env.Rules)
	return &Deadline{
		Due: due.UTC(), Remaining: max(0, cal.Between(env.Now, due)),
		Procedure: d.ProcedureVersion, Calendar: cal.Version(), Basis: basis,
	}
}

// tooFar reports whether a due date lies so far ahead that a pause could not
// keep its remaining time: a slip in the year.
func (d *Deadline) tooFar() bool { return d.Remaining > calendar.MaxQuantity*calendar.DayMinutes }

// hours is the calendar that the running clock goes by: the desk's until acceptance.
func (d Dossier) hours(r Rules) *calendar.Calendar {
	if d.AcceptedAt.IsZero() {
		return r.Reception
	}
	return r.Processing
}

// Paused reports whether a supplement or a payment is waited for.
func (d Dossier) Paused() bool {
	return !d.base.Ended() && (d.Supplement != nil || d.waitsForPayment())
}

// importedClock reports whether the due date is a fact brought by an import,
// which no pause moves.
func (d Dossier) importedClock() bool {
	return !d.ImportedDue.IsZero() && d.Clock.Due.Equal(d.ImportedDue)
}

// remaining are the working minutes that a pause beginning now keeps.
func (d Dossier) remaining(env Env) int {
	switch {
	case d.Clock.Paused:
		return d.Clock.Remaining
	case d.Clock.Due.IsZero():
		return 0
	}
	return max(0, d.hours(env.Rules).Between(env.Now, d.Clock.Due))
}

// resumed is the clock that runs again now with what remained; nil where there
// is none, or it is a fact of the case.
func (d Dossier) resumed(env Env) *Deadline {
	switch {
	case d.Clock.Due.IsZero() || d.importedClock():
		return nil
	case d.Clock.Overdue:
		return &Deadline{Due: d.Clock.Due, Procedure: d.ProcedureVersion, Calendar: d.Clock.Calendar, Basis: "overdue at the pause"}
	}
	cal := d.hours(env.Rules)
	due, _ := cal.AddMinutes(env.Now, d.Clock.Remaining)
	return &Deadline{
		Due: due, Remaining: d.Clock.Remaining,
		Procedure: d.ProcedureVersion, Calendar: cal.Version(), Basis: "resumed",
	}
}

// resumedAfter is the clock that settling an obligation sets going again: nil
// unless that ends the last pause.
func (d Dossier) resumedAfter(obligation string, env Env) *Deadline {
	if !d.Paused() || d.Supplement != nil {
		return nil
	}
	for _, o := range d.Obligations {
		if o.Code != obligation && o.Waits && !o.Settled() {
			return nil
		}
	}
	return d.resumed(env)
}
