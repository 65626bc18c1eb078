// Package calendar is the arithmetic of working time: when something is due
// and why, and how much work lies between two instants. A calendar is a weekly
// pattern and dated days that differ from it; it is data, versioned by the
// hash of its content, and never read from a clock or a file here.
//
// Everything rests on one scale: the working time since a fixed past (see
// Calendar.worked). Measuring is a difference on it, adding is going back from
// it to an instant, and so the two always agree.
package calendar

import (
	"slices"
	"time"
)

// Calendar is a compiled Definition, safe for concurrent use. Make one with
// New; the zero Calendar has no working time and must not be used.
type Calendar struct {
	def     Definition // canonical
	version string

	week          [7]hours
	perWeek       int64    // working seconds of a week without dated days
	beforeWeekday [7]int64 // working seconds of the week, from Sunday, before the weekday

	dates []Date  // of def.Days
	hours []hours // of def.Days
	shift []int64 // shift[i]: working seconds that the first i dated days add to the weekly pattern
}

// hours are the working spans of one day.
type hours struct {
	spans   []Span
	seconds int64
}

func hoursOf(spans []Span) hours {
	h := hours{spans: spans}
	for _, s := range spans {
		h.seconds += int64(s.To-s.From) * 60
	}
	return h
}

// New compiles a definition. The error names the first thing wrong in it: no
// id, spans out of order, less than an hour of work a week, a date twice, an
// unknown kind, a day outside CoversFrom to CoversTo.
func New(def Definition) (*Calendar, error) {
	def = def.canonical()
	if err := def.validate(); err != nil {
		return nil, err
	}
	c := &Calendar{def: def, version: def.version(), shift: []int64{0}}
	for w, spans := range def.Week {
		c.week[w] = hoursOf(spans)
		c.beforeWeekday[w] = c.perWeek
		c.perWeek += c.week[w].seconds
	}
	for i, day := range def.Days {
		pattern, h := c.week[day.Date.Weekday()], hours{}
		switch {
		case day.Kind == Working && pattern.seconds > 0:
			h = pattern
		case day.Kind != Off:
			h = c.fullDay()
		}
		c.dates = append(c.dates, day.Date)
		c.hours = append(c.hours, h)
		c.shift = append(c.shift, c.shift[i]+h.seconds-pattern.seconds)
	}
	return c, nil
}

// fullDay gives the hours of the first working day of the week, Monday first.
func (c *Calendar) fullDay() hours {
	for i := range 7 {
		if h := c.week[(int(time.Monday)+i)%7]; h.seconds > 0 {
			return h
		}
	}
	return hours{}
}

// ID is the calendar's name in the log.
func (c *Calendar) ID() string { return c.def.ID }

// Version is the hash of the definition's content: the first 16 bytes of a
// SHA-256, 32 hexadecimal digits. The order of the days plays no part.
func (c *Calendar) Version() string { return c.version }

// Definition gives a copy of what the calendar was made from, days by date.
func (c *Calendar) Definition() Definition { return c.def.canonical() }

// Covers reports whether the table of days reaches d; where it does not, the
// weekly pattern alone was used.
func (c *Calendar) Covers(d Date) bool { return c.def.covers(d) }

// IsWorkingDay reports whether any work is done on d.
func (c *Calendar) IsWorkingDay(d Date) bool {
	_, h, _ := c.on(d)
	return h.seconds > 0
}

// NextWorkingDay is the first working day strictly after d.
func (c *Calendar) NextWorkingDay(d Date) Date {
	for d = d.AddDays(1); !c.IsWorkingDay(d); {
		d = d.AddDays(1)
	}
	return d
}

// on gives the working seconds before d (on the scale of worked), the hours of
// d, and the dated day that d is, if any.
func (c *Calendar) on(d Date) (before int64, h *hours, dated *Day) {
	weeks, weekday := floorDiv(int64(d.n), 7)
	i, found := slices.BinarySearchFunc(c.dates, d, Date.Compare)
	before = weeks*c.perWeek + c.beforeWeekday[weekday] + c.shift[i]
	if found {
		return before, &c.hours[i], &c.def.Days[i]
	}
	return before, &c.week[weekday], nil
}
