package calendar

import (
	"sort"
	"time"
)

// worked puts an instant on the scale of working time: the seconds (and, in
// the middle of work, nanoseconds) of work from the Sunday before year 1 to t.
// It costs a binary search among the dated days, however far t is.
func (c *Calendar) worked(t time.Time) (seconds int64, nanos int) {
	civil := t.Unix() + offset
	d := dateOfUnix(civil)
	_, clock := floorDiv(civil, daySeconds)
	seconds, h, _ := c.on(d)
	for _, s := range h.spans {
		from, to := int64(s.From)*60, int64(s.To)*60
		if clock < from {
			break
		}
		if clock < to {
			return seconds + clock - from, t.Nanosecond()
		}
		seconds += to - from
	}
	return seconds, 0
}

// instant is the way back from worked: the earliest instant with that much
// work before it, so that a day's end stays 17:00 and is not 07:00 of the next.
// near is a date to look from.
func (c *Calendar) instant(seconds int64, nanos int, near Date) time.Time {
	need := seconds
	if nanos > 0 {
		need++
	}
	d := c.dayReaching(need, near)
	before, h, _ := c.on(d)
	seconds -= before
	for _, s := range h.spans {
		length := int64(s.To-s.From) * 60
		if seconds < length || seconds == length && nanos == 0 {
			return time.Unix(d.Start().Unix()+int64(s.From)*60+seconds, int64(nanos)).UTC()
		}
		seconds -= length
	}
	panic("calendar: the day found does not hold the working time looked for")
}

// dayReaching is the first day by whose end that many working seconds are done.
func (c *Calendar) dayReaching(seconds int64, near Date) Date {
	reached := func(d Date) bool {
		before, h, _ := c.on(d)
		return before+h.seconds >= seconds
	}
	low, high := near, near
	for step := 8; !reached(high); step *= 2 {
		low, high = high, high.AddDays(step)
	}
	for step := 8; reached(low); step *= 2 {
		low = low.AddDays(-step)
	}
	return low.AddDays(sort.Search(high.n-low.n, func(i int) bool { return reached(low.AddDays(i)) }))
}

// opens is the first instant from t on at which work is being done; the end of
// a span is no such instant.
func (c *Calendar) opens(t time.Time) time.Time {
	for d := DateOf(t); ; d = c.NextWorkingDay(d) {
		_, h, _ := c.on(d)
		for _, s := range h.spans {
			if t.Before(clock(d, s.To)) {
				return later(t, clock(d, s.From))
			}
		}
	}
}

// closes is the end of the last span of a working day.
func (c *Calendar) closes(d Date) time.Time {
	_, h, _ := c.on(d)
	return clock(d, h.spans[len(h.spans)-1].To)
}

// Between measures the work from a to b in whole minutes, rounded down on the
// total. When b is before a it is the negative of the work from b to a.
func (c *Calendar) Between(a, b time.Time) int {
	if b.Before(a) {
		return -c.Between(b, a)
	}
	fromSeconds, fromNanos := c.worked(a)
	toSeconds, toNanos := c.worked(b)
	seconds := toSeconds - fromSeconds
	if toNanos < fromNanos {
		seconds--
	}
	return int(seconds / 60)
}

// clock is the instant at a minute of a date.
func clock(d Date, minute int) time.Time {
	return d.Start().Add(time.Duration(minute) * time.Minute).UTC()
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
