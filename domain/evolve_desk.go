package domain

import (
	"maps"
	"slices"
	"time"
)

func (d Dossier) evolveDesk(e Event, f Fact) Dossier {
	switch e := e.(type) {
	case Submitted:
		if !d.Exists {
			d = d.submitted(e, f)
		}
	case Numbered:
		if d.Code == "" {
			d.Code = e.Code
		}
	case Accepted:
		d = d.acceptedBy(e, f)
	case Refused, SupplementLapsed:
		d = d.moveTo(StatusNotAccepted, f)
	case ReturnedForSupplement:
		d = d.returned(e, f)
	case Supplemented:
		d = d.supplemented(e, f)
	}
	return d
}

func (d Dossier) submitted(e Submitted, f Fact) Dossier {
	d.Exists = true
	d.Application = &Application{
		SourceID: e.SourceID, Procedure: e.Procedure, ReceivedBy: e.Agency, Competent: e.Competent,
		Channel: e.Channel, Submitter: e.Submitter, Owner: e.Owner, SubmittedBy: f.By, SubmittedAt: f.At,
		Papers: slices.Concat(e.Papers, d.Papers), Receiving: e.Receiving, Summary: e.Summary, Parent: e.Parent,
	}
	d.CalendarVersion = e.CalendarVersion
	if d.Current == "" {
		d.Current, d.Unit = e.Agency, e.Unit
	}
	if d.base == StatusNone {
		d = d.moveTo(StatusSubmitted, f)
	}
	if e.ImportedDue != nil {
		d.ImportedDue = *e.ImportedDue
	}
	switch {
	case !d.Clock.Due.IsZero(): // an event that came first set it
	case e.ImportedDue != nil:
		d.Clock = d.Clock.set(MarkImported, f.At, Deadline{Due: *e.ImportedDue})
	case e.Intake != nil && d.AcceptedAt.IsZero():
		d.Clock = d.Clock.set(MarkIntake, f.At, *e.Intake)
	}
	return d
}

func (d Dossier) acceptedBy(e Accepted, f Fact) Dossier {
	if d.AcceptedAt.IsZero() {
		d.AcceptedAt = f.At
		d.ProcedureVersion = e.ProcedureVersion
	}
	if d.base < StatusAccepted {
		d = d.moveTo(StatusAccepted, f)
	}
	switch {
	case e.Deadline != nil:
		d.Clock = d.Clock.set(MarkStart, f.At, *e.Deadline)
	case d.ImportedDue.IsZero() && !d.base.Ended():
		d.Clock = d.Clock.set(MarkStart, f.At, Deadline{}) // from here on no limit
	}
	return d
}

func (d Dossier) returned(e ReturnedForSupplement, f Fact) Dossier {
	d.Guides = maps.Clone(d.Guides)
	if d.Guides == nil {
		d.Guides = map[Stage]int{}
	}
	d.Guides[e.Stage]++
	if d.base.Ended() {
		return d
	}
	open := OpenSupplement{Stage: e.Stage, Missing: slices.Clone(e.Missing), Guide: e.Guide, At: f.At}
	if e.Until != nil {
		open.Until = *e.Until
	}
	d.Supplement = &open
	d.Clock = d.Clock.pause(f.At, e.Remaining, "supplement")
	return d
}

func (d Dossier) supplemented(e Supplemented, f Fact) Dossier {
	d = d.reapplied(func(a *Application) { a.Papers = slices.Concat(a.Papers, e.Papers) })
	if d.base.Ended() || d.Supplement == nil {
		return d
	}
	atIntake := d.Supplement.Stage == AtIntake
	d.Supplement = nil
	if atIntake && d.AcceptedAt.IsZero() {
		d.base = StatusSubmitted
	} else {
		d.base = StatusProcessing
	}
	if d.Paused() {
		d.Clock = d.Clock.keep(e.Remaining)
		return d
	}
	d.Clock = d.Clock.resume(f.At, e.Deadline)
	return d
}

// set makes a deadline the clock's.
func (c Clock) set(kind MarkKind, at time.Time, dl Deadline) Clock {
	c.Due, c.Calendar, c.Overdue = dl.Due, dl.Calendar, false
	return c.mark(Mark{Kind: kind, At: at, Due: dl.Due, Remaining: dl.Remaining, Calendar: dl.Calendar, Procedure: dl.Procedure, Basis: dl.Basis})
}

// pause stops the clock with what remains; in a pause it changes nothing.
func (c Clock) pause(at time.Time, remaining int, basis string) Clock {
	if !c.Paused {
		c.Paused, c.Remaining = true, remaining
		c.Overdue = !c.Due.IsZero() && !c.Due.After(at)
	}
	return c.mark(Mark{Kind: MarkPause, At: at, Due: c.Due, Remaining: c.Remaining, Calendar: c.Calendar, Basis: basis})
}

// keep changes what a paused clock will run with: a new intake clock.
func (c Clock) keep(remaining int) Clock {
	if remaining > 0 {
		c.Remaining, c.Overdue = remaining, false
	}
	return c
}

// resume lets the clock run; without a deadline the due date stays.
func (c Clock) resume(at time.Time, dl *Deadline) Clock {
	c.Paused, c.Remaining = false, 0
	if dl != nil {
		return c.set(MarkResume, at, *dl)
	}
	c.Overdue = false
	return c.mark(Mark{Kind: MarkResume, At: at, Due: c.Due, Calendar: c.Calendar})
}

func (c Clock) end(at time.Time) Clock {
	c.Paused, c.Remaining, c.Overdue = false, 0, false
	return c.mark(Mark{Kind: MarkEnd, At: at, Due: c.Due, Calendar: c.Calendar})
}

func (c Clock) mark(m Mark) Clock {
	c.Marks = append(slices.Clip(c.Marks), m)
	return c
}
