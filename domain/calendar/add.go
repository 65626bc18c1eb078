package calendar

import "time"

// sameDayLimit is the minute of the day from which on a same-day procedure is
// due the next working day: the rule of the public service portals.
const sameDayLimit = 15 * 60

// maxMinutes bounds AddMinutes as MaxQuantity bounds Add.
const maxMinutes = MaxQuantity * DayMinutes

// Due gives the instant at which d, begun at start, is over, in UTC.
//
//   - working_day, working_hour: start plus 480 or 60 working minutes a unit.
//     Seconds are kept; work that is over as a span ends is due at its end
//     (17:00, not 07:00 next morning); outside working time the clock runs from
//     the next span on.
//   - calendar_day, month: the due date is counted on the calendar, rolls to the
//     next working day where it is a day off, and the instant is the end of work
//     of that day, whatever the clock said at start: such a time limit ends with
//     its last day, or the next working day (Civil Code 2015, art. 148), and the
//     desk closes at 17:00.
//   - same_day: the end of work of the day of start when start is before 15:00
//     and before the end of work, else of the next working day; from a day off,
//     that of the next working day.
//
// Where d.IsZero() the due instant is start itself. A duration that
// d.Validate() refuses gives the zero time.
func (c *Calendar) Due(start time.Time, d Duration) time.Time {
	start = start.Round(0).UTC()
	switch {
	case d.Validate() != nil:
		return time.Time{}
	case d.IsZero():
		return start
	case d.Unit == WorkingDay:
		return c.after(start, d.Quantity*DayMinutes)
	case d.Unit == WorkingHour:
		return c.after(start, d.Quantity*hourMinutes)
	case d.Unit == SameDay:
		return c.closes(c.sameDay(start))
	}
	return c.closes(c.rolled(d.lastDay(start)))
}

// lastDay is the last day of a time limit counted on the calendar.
func (d Duration) lastDay(start time.Time) Date {
	if d.Unit == Month {
		return DateOf(start).AddMonths(d.Quantity)
	}
	return DateOf(start).AddDays(d.Quantity)
}

// rolled is d itself, or the next working day where d is a day off.
func (c *Calendar) rolled(d Date) Date {
	if c.IsWorkingDay(d) {
		return d
	}
	return c.NextWorkingDay(d)
}

// sameDay is the day a same-day procedure begun at start is due.
func (c *Calendar) sameDay(start time.Time) Date {
	day := DateOf(start)
	if c.IsWorkingDay(day) && start.Before(clock(day, sameDayLimit)) && start.Before(c.closes(day)) {
		return day
	}
	return c.NextWorkingDay(day)
}

// Add is Due with how it came about: an empty Explanation where d.Validate()
// refuses.
func (c *Calendar) Add(start time.Time, d Duration) (due time.Time, why Explanation) {
	if d.Validate() != nil {
		return time.Time{}, Explanation{}
	}
	x := c.explain(start)
	vi, en := d.Text()
	switch {
	case d.IsZero():
		x.nothing()
	case d.Unit == WorkingDay:
		x.work(d.Quantity*DayMinutes, "thời hạn: "+vi, "time allowed: "+en)
	case d.Unit == WorkingHour:
		x.work(d.Quantity*hourMinutes, "thời hạn: "+vi, "time allowed: "+en)
	case d.Unit == SameDay:
		x.sameDay(vi, en)
	default:
		x.date(d.lastDay(start), vi, en)
	}
	return x.Due, x.Explanation
}

// AddMinutes gives the instant, in UTC, by which that many working minutes
// have passed since start; it is how a clock resumes after a pause. Negative
// minutes go back (a dossier paused when overdue; "one working day before the
// due date"). It follows the rules of Due for working time. More than
// MaxQuantity working days either way give the zero time and an empty
// Explanation.
func (c *Calendar) AddMinutes(start time.Time, workingMinutes int) (due time.Time, why Explanation) {
	if workingMinutes > maxMinutes || workingMinutes < -maxMinutes {
		return time.Time{}, Explanation{}
	}
	x := c.explain(start)
	switch {
	case workingMinutes < 0:
		x.back(workingMinutes)
	case workingMinutes == 0:
		x.nothing()
	default:
		vi, en := amount(workingMinutes)
		x.work(workingMinutes, "cộng "+vi, "adding "+en)
	}
	return x.Due, x.Explanation
}

// after is the instant that many working minutes after start, before it where
// they are negative; not for zero, which is start itself also outside working time.
func (c *Calendar) after(start time.Time, minutes int) time.Time {
	seconds, nanos := c.worked(start)
	return c.instant(seconds+int64(minutes)*60, nanos, DateOf(start))
}

// nothing reckons no time at all: due at the start.
func (x *reckoning) nothing() {
	x.starts("không có thời gian để cộng", "no time to add")
	x.due(x.Start)
}
