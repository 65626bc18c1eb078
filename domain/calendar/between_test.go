package calendar_test

import (
	"testing"
	"time"
)

func TestBetween(t *testing.T) {
	c := vietnam(t)
	for _, tc := range []struct {
		name, a, b string
		want       int
	}{
		{"a day", "2026-04-20 09:00", "2026-04-21 09:00", 480},
		{"lunch", "2026-04-20 11:00", "2026-04-20 14:00", 60},
		{"within lunch", "2026-04-20 11:30", "2026-04-20 13:30", 0},
		{"a night", "2026-04-20 17:00", "2026-04-21 07:00", 0},
		{"rounded down", "2026-04-20 09:00:01", "2026-04-20 09:01", 0},
		// 30 s on Friday and 30 s on Monday make one minute together.
		{"rounded on the total", "2026-04-17 16:59:30", "2026-04-20 07:00:30", 1},
		{"over Tết 2025", "2025-01-24 16:00", "2025-02-03 08:00", 120},
		{"over Tết 2026", "2026-02-13 16:00", "2026-02-23 08:00", 120},
		// Mon 17 Aug 07:00 to Mon 24 Aug 07:00 with the make-up Saturday: 6 × 480.
		{"a week of six days", "2026-08-17 07:00", "2026-08-24 07:00", 2880},
		// 2026 has 261 weekdays (it begins on a Thursday). Off: 1–2 Jan, 16–20 Feb, 27 and 30 Apr, 1 May, 31 Aug, 1–2 Sep,
		// 24 Nov = 14 of them (26 Apr is a Sunday); worked besides: 10 Jan, 22 Aug. 249 × 480.
		{"the year 2026", "2026-01-01 00:00", "2027-01-01 00:00", 119520},
		// 2011 lies outside the table: 260 weekdays (Saturday to Saturday) × 480.
		{"an uncovered year", "2011-01-01 00:00", "2012-01-01 00:00", 124800},
		// 400 Gregorian years are 20,871 weeks × 2,400.
		{"four centuries", "1400-01-01 00:00", "1800-01-01 00:00", 50090400},
	} {
		a, b := at(t, tc.a), at(t, tc.b)
		if got := c.Between(a, b); got != tc.want {
			t.Errorf("%s: %d minutes, want %d", tc.name, got, tc.want)
		}
		if got := c.Between(b, a); got != -tc.want {
			t.Errorf("%s backwards: %d minutes, want %d", tc.name, got, -tc.want)
		}
	}
	// Half a second short of a minute.
	if a, b := at(t, "2026-04-20 09:00").Add(500*time.Millisecond), at(t, "2026-04-20 09:01"); c.Between(a, b) != 0 || c.Between(b, a) != 0 {
		t.Error("half a second short of a minute counts as one")
	}
	// What lies past the end of a span is no work, be it a nanosecond: 11:30:00.9 to 13:31:00.5 is 60.5 s.
	if a, b := at(t, "2026-04-20 11:30").Add(900*time.Millisecond), at(t, "2026-04-20 13:31").Add(500*time.Millisecond); c.Between(a, b) != 1 {
		t.Errorf("the fraction after the end of work is counted: %d minutes", c.Between(a, b))
	}
	if got := c.Between(time.Time{}, time.Time{}.AddDate(0, 0, 7)); got != 2400 {
		t.Errorf("a week from the zero time: %d minutes", got)
	}
}

func TestBetweenDoesNotAllocate(t *testing.T) {
	c := vietnam(t)
	a, b := at(t, "2020-03-02 09:00"), at(t, "2030-03-04 10:00")
	if n := testing.AllocsPerRun(100, func() { c.Between(a, b) }); n != 0 {
		t.Errorf("%.0f allocations over ten years", n)
	}
}

func BenchmarkBetween(b *testing.B) {
	c := vietnam(b)
	for name, end := range map[string]string{"month": "2026-05-20 14:00", "decade": "2036-04-20 14:00"} {
		b.Run(name, func(b *testing.B) {
			from, to := at(b, "2026-04-20 09:00"), at(b, end)
			b.ReportAllocs()
			for b.Loop() {
				c.Between(from, to)
			}
		})
	}
}
