package calendar_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hoso/domain/calendar"
)

// The witness asks of every single minute whether it is worked.
func TestBetweenCountsWorkedMinutes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCalendar(t)
		def := c.Definition()
		a := anyInstant(t, c, "a").Truncate(time.Minute)
		b := a.Add(time.Duration(uniform(t, "length", 0, 12*24*60)) * time.Minute)
		want := 0
		for m := a; m.Before(b); m = m.Add(time.Minute) {
			d := calendar.DateOf(m)
			minute := int(m.Sub(d.Start()) / time.Minute)
			for _, s := range spansOn(def, d) {
				if s.From <= minute && minute < s.To {
					want++
				}
			}
		}
		if got := c.Between(a, b); got != want {
			t.Fatalf("%s to %s: %d minutes, counted %d", a, b, got, want)
		}
	})
}

// What commands decide with and what people are told are the same.
func TestDueIsWhatAddExplains(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCalendar(t)
		start := anyInstant(t, c, "start")
		unit := rapid.SampledFrom(append(slices.Clone(units), "fortnight")).Draw(t, "unit")
		d := calendar.Duration{Quantity: uniform(t, "quantity", -1, 40), Unit: unit}
		due, why := c.Add(start, d)
		if got := c.Due(start, d); got != due || d.Validate() == nil && why.Lines[len(why.Lines)-1].From != due {
			t.Fatalf("%v from %s: due %s, explained %s: %v", d, start, got, due, why.Lines)
		}
	})
}

func TestAddingThenMeasuringGivesBackTheDuration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCalendar(t)
		start := anyInstant(t, c, "start")
		n := anyMinutes(t, c, start, -100_000, 100_000)
		due, _ := c.AddMinutes(start, n)
		if got := c.Between(start, due); got != n {
			t.Fatalf("%s + %d = %s, %d minutes later", start, n, due, got)
		}
	})
}

// Together with the round trip this pins the due instant: no earlier one has
// as much work before it, so it ends a span rather than beginning the next.
func TestDueIsTheEarliestInstant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCalendar(t)
		start := anyInstant(t, c, "start")
		due, _ := c.AddMinutes(start, anyMinutes(t, c, start, 1, 100_000))
		moment := due.Add(-time.Nanosecond)
		d := calendar.DateOf(moment)
		minute := int(moment.Sub(d.Start()) / time.Minute)
		if !slices.ContainsFunc(spansOn(c.Definition(), d), func(s calendar.Span) bool { return s.From <= minute && minute < s.To }) {
			t.Fatalf("%s: no work was done just before the due %s", start, due)
		}
	})
}

func TestMoreTimeIsNeverEarlier(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCalendar(t)
		start := anyInstant(t, c, "start")
		unit := rapid.SampledFrom(units).Draw(t, "unit")
		less, more := anyDuration(t, unit, "less"), anyDuration(t, unit, "more")
		if less.Quantity > more.Quantity {
			less, more = more, less
		}
		first, _ := c.Add(start, less)
		second, _ := c.Add(start, more)
		if first.Before(start) || second.Before(first) {
			t.Fatalf("from %s, %v: %s; %v: %s", start, less, first, more, second)
		}
	})
}

func TestALaterStartIsNeverDueEarlier(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCalendar(t)
		early := anyInstant(t, c, "start")
		late := anyInstant(t, c, "later")
		if rapid.Bool().Draw(t, "a moment later") {
			late = early.Add(time.Duration(uniform(t, "moment", 0, 24*3600)) * time.Second)
		}
		if late.Before(early) {
			early, late = late, early
		}
		d := anyDuration(t, rapid.SampledFrom(units).Draw(t, "unit"), "quantity")
		first, _ := c.Add(early, d)
		second, _ := c.Add(late, d)
		if second.Before(first) {
			t.Fatalf("%v from %s: %s; from %s: %s", d, early, first, late, second)
		}
		n := anyMinutes(t, c, early, -20_000, 20_000)
		first, _ = c.AddMinutes(early, n)
		second, _ = c.AddMinutes(late, n)
		if second.Before(first) {
			t.Fatalf("%d minutes from %s: %s; from %s: %s", n, early, first, late, second)
		}
	})
}

func TestBetweenIsAdditive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCalendar(t)
		instants := []time.Time{anyInstant(t, c, "a"), anyInstant(t, c, "b"), anyInstant(t, c, "c")}
		slices.SortFunc(instants, time.Time.Compare)
		// Each part is rounded down, so the whole can be one minute more.
		parts := c.Between(instants[0], instants[1]) + c.Between(instants[1], instants[2])
		if rest := c.Between(instants[0], instants[2]) - parts; rest < 0 || rest > 1 {
			t.Fatalf("%v: the whole is %d more than its parts", instants, rest)
		}
		for i := range instants {
			instants[i] = instants[i].Truncate(time.Minute)
		}
		a, b, last := instants[0], instants[2], instants[1] // any order, on full minutes: exact
		if c.Between(a, b)+c.Between(b, last) != c.Between(a, last) {
			t.Fatalf("%v: not additive", instants)
		}
	})
}

func TestExplanationAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCalendar(t)
		start := anyInstant(t, c, "start")
		def, n := c.Definition(), anyMinutes(t, c, start, 1, 40_000)
		due, why := c.AddMinutes(start, n)
		sum, skipped, last := 0, 0, start
		for _, l := range why.Lines {
			switch l.Kind {
			case calendar.KindWork:
				sum += l.Minutes
				if l.From.Before(last) || l.To.Before(l.From) || l.Date != calendar.DateOf(l.From) {
					t.Fatalf("a stretch out of order: %+v", l)
				}
				last = l.To
			case calendar.KindSkip:
				skipped++
			}
			if l.VI == "" || l.EN == "" {
				t.Fatalf("a line without words: %+v", l)
			}
		}
		if sum != n || !last.Equal(due) {
			t.Fatalf("the stretches hold %d minutes up to %s, of %d up to %s", sum, last, n, due)
		}
		off := 0
		for d := calendar.DateOf(start); d.Start().Before(due); d = d.AddDays(1) {
			if len(spansOn(def, d)) == 0 {
				off++
			}
		}
		if skipped != off {
			t.Fatalf("%d days off skipped, there are %d", skipped, off)
		}
		if first, end := why.Lines[0], why.Lines[len(why.Lines)-1]; first.Kind != calendar.KindStart || end.Kind != calendar.KindDue || !end.To.Equal(due) {
			t.Fatalf("from %+v to %+v", first, end)
		}
	})
}

func TestSecondsAreKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyCalendar(t)
		start := anyInstant(t, c, "start")
		if c.Between(start, start.Add(time.Minute)) == 0 {
			t.Skip("not within work for the next minute")
		}
		due, _ := c.AddMinutes(start, anyMinutes(t, c, start, 1, 40_000))
		if got, want := due.Sub(due.Truncate(time.Minute)), start.Sub(start.Truncate(time.Minute)); got != want {
			t.Fatalf("begun %s past the minute, due %s past it", want, got)
		}
	})
}
