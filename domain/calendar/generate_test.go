package calendar_test

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"hoso/domain/calendar"
)

// anyCalendar draws weeks with up to three spans a day and scattered dated
// days of every kind, among them weeks with work at midnight and on Sundays.
func anyCalendar(t *rapid.T) *calendar.Calendar {
	def := calendar.Definition{
		ID:         "drawn",
		CoversFrom: calendar.NewDate(2025, time.July, 1), CoversTo: calendar.NewDate(2026, time.December, 31),
	}
	if rapid.Bool().Draw(t, "standard week") {
		def.Week = calendar.StandardWeek()
	} else {
		for w := range def.Week {
			marks := make([]int, 2*uniform(t, "spans", 0, 3))
			for i := range marks {
				marks[i] = uniform(t, "mark", 0, 1440)
			}
			slices.Sort(marks)
			marks = slices.Compact(marks)
			for i := 0; i+1 < len(marks); i += 2 {
				def.Week[w] = append(def.Week[w], calendar.Span{From: marks[i], To: marks[i+1]})
			}
		}
		def.Week[time.Wednesday] = []calendar.Span{{From: 0, To: 60}, {From: 600, To: 1440}}
	}
	dated := map[calendar.Date]calendar.DayKind{}
	for range uniform(t, "days", 0, 60) {
		dated[def.CoversFrom.AddDays(uniform(t, "day", 0, 540))] = rapid.SampledFrom([]calendar.DayKind{calendar.Off, calendar.Off, calendar.MakeUp, calendar.Working}).Draw(t, "kind")
	}
	for d, kind := range dated {
		def.Days = append(def.Days, calendar.Day{Date: d, Kind: kind, Name: "x"})
	}
	c, err := calendar.New(def)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// uniform draws evenly from lo to hi; rapid's own integers keep close to lo.
func uniform(t *rapid.T, label string, lo, hi int) int {
	n := 0
	for i, bit := range rapid.SliceOfN(rapid.Bool(), 30, 30).Draw(t, label) {
		if bit {
			n |= 1 << i
		}
	}
	return lo + n%(hi-lo+1)
}

// anyInstant draws from a time wider than the table of days, half of the time
// right where a span begins or ends, and a moment off the full minute.
func anyInstant(t *rapid.T, c *calendar.Calendar, label string) time.Time {
	d := calendar.NewDate(2025, time.March, 1).AddDays(uniform(t, label, 0, 730))
	minute := uniform(t, label+" minute", 0, 1439)
	if spans := spansOn(c.Definition(), d); len(spans) > 0 && rapid.Bool().Draw(t, label+" at an edge") {
		s := rapid.SampledFrom(spans).Draw(t, "span")
		minute = rapid.SampledFrom([]int{s.From, s.To}).Draw(t, "edge")
	}
	rest := rapid.SampledFrom([]int64{0, 0, 1, -1, 30e9, 59_999_999_999}).Draw(t, label+" rest")
	return d.Start().Add(time.Duration(minute)*time.Minute + time.Duration(rest))
}

// anyMinutes draws working minutes up to most, half of the time such that they
// end near the edge of a span, negative ones too where least is negative.
func anyMinutes(t *rapid.T, c *calendar.Calendar, start time.Time, least, most int) int {
	if rapid.Bool().Draw(t, "to an edge") {
		if n := c.Between(start, anyInstant(t, c, "end")); least <= n && n <= most {
			return n
		}
	}
	return uniform(t, "minutes", least, most)
}

func anyDuration(t *rapid.T, unit calendar.Unit, label string) calendar.Duration {
	return calendar.Duration{Quantity: uniform(t, label, 0, 60), Unit: unit}
}

var units = []calendar.Unit{calendar.WorkingDay, calendar.WorkingHour, calendar.CalendarDay, calendar.Month, calendar.SameDay}

// spansOn gives the spans of a date straight from the definition.
func spansOn(def calendar.Definition, d calendar.Date) []calendar.Span {
	own := def.Week[d.Weekday()]
	i := slices.IndexFunc(def.Days, func(day calendar.Day) bool { return day.Date == d })
	switch {
	case i < 0 || def.Days[i].Kind == calendar.Working && len(own) > 0:
		return own
	case def.Days[i].Kind == calendar.Off:
		return nil
	}
	for _, w := range []time.Weekday{1, 2, 3, 4, 5, 6, 0} {
		if len(def.Week[w]) > 0 {
			return def.Week[w]
		}
	}
	return nil
}
