package calendar_test

import (
	"testing"
	"time"

	"hoso/domain/calendar"
)

// A standard day is 07:00–11:30 (270 minutes) and 13:30–17:00 (210): 480 in all.
func TestAddWorkingTime(t *testing.T) {
	c := vietnam(t)
	days := func(n int) calendar.Duration { return calendar.Duration{Quantity: n, Unit: calendar.WorkingDay} }
	hours := func(n int) calendar.Duration { return calendar.Duration{Quantity: n, Unit: calendar.WorkingHour} }
	for _, tc := range []struct {
		name, start string
		d           calendar.Duration
		want        string
	}{
		{"one day, same clock", "2026-04-20 09:00", days(1), "2026-04-21 09:00:00"},
		{"a full day ends at its end, not next morning", "2026-04-20 07:00", days(1), "2026-04-20 17:00:00"},
		{"from the end of a day to the end of the next", "2026-04-20 17:00", days(1), "2026-04-21 17:00:00"},
		// 270 minutes end with the morning: 11:30, not 13:30. In hours: 07:30 + 4 h = 11:30.
		{"a morning ends at 11:30", "2026-04-20 07:30", hours(4), "2026-04-20 11:30:00"},
		// 11:00–11:30 is 30, so 30 remain of 60: 13:30 + 30.
		{"over lunch", "2026-04-20 11:00", hours(1), "2026-04-20 14:00:00"},
		{"from lunch", "2026-04-20 12:15", hours(1), "2026-04-20 14:30:00"},
		{"from the end of the morning", "2026-04-20 11:30", hours(1), "2026-04-20 14:30:00"},
		{"before opening", "2026-04-20 05:59:59", hours(2), "2026-04-20 09:00:00"},
		{"after closing, over the weekend", "2026-04-17 17:30", hours(1), "2026-04-20 08:00:00"},
		{"from a Saturday", "2026-04-18 10:00", days(1), "2026-04-20 17:00:00"},
		// Fri 16:59:30 leaves 30 s; 59 min 30 s remain: Mon 07:59:30.
		{"seconds are kept", "2026-04-17 16:59:30", hours(1), "2026-04-20 07:59:30"},
		// Intake: Fri 16:00 leaves 60, 420 remain: Mon morning 270, 150 remain, 13:30 + 150.
		{"eight hours of intake", "2026-04-17 16:00", hours(8), "2026-04-20 16:00:00"},
		// Thu 14 h: Giỗ Tổ Sun 26 with Mon 27 off, so Fri 24 = 1, Tue 28 = 2, Wed 29 = 3; Thu 30 and Fri 1 off, Mon 4 = 4.
		{"Giỗ Tổ and 30 April", "2026-04-23 14:00", days(4), "2026-05-04 14:00:00"},
		// Fri 24 Jan 15:00–17:00 = 120, 1320 remain of 1440. 25–26 weekend, 27–31 Tết, 1–2 weekend. Mon 3 Feb 480: 840;
		// Tue 4: 360; Wed 5 morning 270: 90; 13:30 + 90.
		{"Tết 2025", "2025-01-24 15:00", days(3), "2025-02-05 15:00:00"},
		// Fri 13 = 1; 14–15 weekend, 16–20 Tết, 21–22 weekend; Mon 23 = 2, Tue 24 = 3, Wed 25 = 4, Thu 26 = 5.
		{"Tết 2026", "2026-02-12 10:15:30", days(5), "2026-02-26 10:15:30"},
		// Fri 16:00 leaves 60; 180 remain on Sat 4 May: 07:00 + 180.
		{"make-up Saturday 2024-05-04", "2024-05-03 16:00", hours(4), "2024-05-04 10:00:00"},
		// Sat 26 = 1, Mon 28 = 2, Tue 29 = 3; 30 Apr, 1 and 2 May off, 3–4 weekend; Mon 5 = 4.
		{"make-up Saturday 2025-04-26", "2025-04-25 08:00", days(4), "2025-05-05 08:00:00"},
		// Wed 31 Dec 16:30 leaves 30; 1 and 2 Jan off, 3–4 weekend; Mon 5: 07:30.
		{"bridge day 2026-01-02", "2025-12-31 16:30", hours(1), "2026-01-05 07:30:00"},
		// Fri 9 = 1, Sat 10 = 2.
		{"make-up Saturday 2026-01-10", "2026-01-08 14:00", days(2), "2026-01-10 14:00:00"},
		{"all of make-up Saturday 2026-08-22", "2026-08-21 17:00", days(1), "2026-08-22 17:00:00"},
		// Mon 23 Nov 11:00; Tue 24 off; Wed 25 11:00.
		{"24 November 2026", "2026-11-23 11:00", days(1), "2026-11-25 11:00:00"},
		{"24 November 2025 was a working day", "2025-11-21 11:00", days(1), "2025-11-24 11:00:00"},
		// 1 Jan 2028 is a Saturday; Fri 31 Dec 2027 = 1, Mon 3 = 2.
		{"beyond the table", "2027-12-30 09:00", days(2), "2028-01-03 09:00:00"},
		{"zero is the start itself", "2026-04-18 10:00", days(0), "2026-04-18 10:00:00"},
	} {
		due, why := c.Add(at(t, tc.start), tc.d)
		if civil(due) != tc.want {
			t.Errorf("%s: %s + %v = %s, want %s", tc.name, tc.start, tc.d, civil(due), tc.want)
		}
		if !why.Due.Equal(due) || why.Calendar != "vn" || why.CalendarVersion != c.Version() || due.Location() != time.UTC {
			t.Errorf("%s: explanation %v does not go with %v", tc.name, why, due)
		}
	}
}

func TestAddMinutes(t *testing.T) {
	c := vietnam(t)
	for _, tc := range []struct {
		start   string
		minutes int
		want    string
	}{
		{"2026-04-20 09:00", 1, "2026-04-20 09:01:00"},
		{"2026-04-20 12:00", 210, "2026-04-20 17:00:00"},
		{"2026-04-20 12:00", 211, "2026-04-21 07:01:00"},
		{"2026-04-20 19:00", 0, "2026-04-20 19:00:00"},
		// Backwards: Tue 08:00 − 60 has as much work before it as Mon 17:00.
		{"2026-04-21 08:00", -60, "2026-04-20 17:00:00"},
		{"2026-04-21 08:00", -61, "2026-04-20 16:59:00"},
		// One working day before the due date, over Tết: Mon 23 Feb 09:00 → Fri 13 Feb 09:00.
		{"2026-02-23 09:00", -480, "2026-02-13 09:00:00"},
		{"2026-02-23 09:00:20", -480, "2026-02-13 09:00:20"},
	} {
		due, why := c.AddMinutes(at(t, tc.start), tc.minutes)
		if civil(due) != tc.want || !why.Due.Equal(due) {
			t.Errorf("%s + %d = %s, want %s", tc.start, tc.minutes, civil(due), tc.want)
		}
	}
}

func TestFractionsOfASecondAreKept(t *testing.T) {
	c := vietnam(t)
	half := 500 * time.Millisecond
	// 11:29:00.5 + 1 minute would be half a second past the morning's end: it goes on after lunch.
	due, _ := c.AddMinutes(at(t, "2026-04-20 11:29").Add(half), 1)
	if want := at(t, "2026-04-20 13:30").Add(half); !due.Equal(want) {
		t.Errorf("over lunch: %s, want %s", due, want)
	}
	// 16:00:00.5 + 1 hour: the last half second is done next morning.
	due, _ = c.AddMinutes(at(t, "2026-04-20 16:00").Add(half), 60)
	if want := at(t, "2026-04-21 07:00").Add(half); !due.Equal(want) {
		t.Errorf("over night: %s, want %s", due, want)
	}
}

func TestAddOnTheCalendar(t *testing.T) {
	c := vietnam(t)
	for _, tc := range []struct {
		name, start string
		quantity    int
		unit        calendar.Unit
		want        string
	}{
		{"a working day", "2026-04-13 09:00", 10, calendar.CalendarDay, "2026-04-23 17:00:00"},
		{"a due date rolls from Saturday over Sunday and the substitute", "2026-04-15 09:00", 10, calendar.CalendarDay, "2026-04-28 17:00:00"},
		{"onto a make-up Saturday it stays", "2026-08-12 09:00", 10, calendar.CalendarDay, "2026-08-22 17:00:00"},
		// 26 Jan + 21 = 16 Feb, the eve of Tết; 16–20 off, 21–22 weekend.
		{"into Tết 2026", "2026-01-26 16:00", 21, calendar.CalendarDay, "2026-02-23 17:00:00"},
		{"24 November 2026", "2026-11-14 08:00", 10, calendar.CalendarDay, "2026-11-25 17:00:00"},
		{"zero days", "2026-11-14 08:00", 0, calendar.CalendarDay, "2026-11-14 08:00:00"},
		{"received in the evening counts as that day", "2026-04-13 23:59", 1, calendar.CalendarDay, "2026-04-14 17:00:00"},
		{"a month", "2026-03-10 09:00", 1, calendar.Month, "2026-04-10 17:00:00"},
		// 31 Jan + 1 month: 28 Feb 2026 is a Saturday, so Mon 2 March.
		{"a month clamped, then rolled", "2026-01-31 09:00", 1, calendar.Month, "2026-03-02 17:00:00"},
		// 31 May + 1 = 30 June, a Tuesday.
		{"a month clamped", "2026-05-31 09:00", 1, calendar.Month, "2026-06-30 17:00:00"},
		// Leap year: 29 Feb 2024 is a Thursday.
		{"clamped to 29 February", "2024-01-31 09:00", 1, calendar.Month, "2024-02-29 17:00:00"},
		// 24 months from 29 Feb 2024: 28 Feb 2026, a Saturday; Mon 2 March.
		{"two years from a leap day", "2024-02-29 09:00", 24, calendar.Month, "2026-03-02 17:00:00"},
		{"over the year's end", "2026-11-30 09:00", 2, calendar.Month, "2027-02-01 17:00:00"}, // 30 Jan 2027 is a Saturday
	} {
		due, why := c.Add(at(t, tc.start), calendar.Duration{Quantity: tc.quantity, Unit: tc.unit})
		if civil(due) != tc.want || !why.Due.Equal(due) {
			t.Errorf("%s: %s + %d %s = %s, want %s", tc.name, tc.start, tc.quantity, tc.unit, civil(due), tc.want)
		}
	}
	// 2026-04-12 23:30 UTC is 06:30 on the 13th in Viet Nam.
	due, _ := c.Add(time.Date(2026, 4, 12, 23, 30, 0, 0, time.UTC), calendar.Duration{Quantity: 1, Unit: calendar.CalendarDay})
	if civil(due) != "2026-04-14 17:00:00" {
		t.Errorf("the day of receipt was not taken in Viet Nam: %s", civil(due))
	}
}

func TestSameDay(t *testing.T) {
	def := vietnam(t).Definition()
	standard := compile(t, def)
	def.Week[time.Saturday] = []calendar.Span{{From: 420, To: 690}}
	halfSaturday := compile(t, def)
	for _, tc := range []struct {
		cal         *calendar.Calendar
		start, want string
		late        bool
	}{
		{standard, "2026-04-20 09:00", "2026-04-20 17:00:00", false},
		{standard, "2026-04-20 05:00", "2026-04-20 17:00:00", false},
		{standard, "2026-04-20 14:59:59", "2026-04-20 17:00:00", false},
		{standard, "2026-04-20 15:00", "2026-04-21 17:00:00", true},
		{standard, "2026-04-20 23:00", "2026-04-21 17:00:00", true},
		{standard, "2026-04-24 15:00", "2026-04-28 17:00:00", true},  // Friday; weekend; Monday 27 off
		{standard, "2026-04-25 16:00", "2026-04-28 17:00:00", false}, // Saturday: received on a day off
		{standard, "2026-08-21 15:30", "2026-08-22 17:00:00", true},  // into the make-up Saturday
		{halfSaturday, "2026-03-14 10:00", "2026-03-14 11:30:00", false},
		{halfSaturday, "2026-03-14 11:30", "2026-03-16 17:00:00", true}, // the day's work is over
		{halfSaturday, "2026-03-14 14:00", "2026-03-16 17:00:00", true},
	} {
		due, why := tc.cal.Add(at(t, tc.start), calendar.Duration{Unit: calendar.SameDay})
		if civil(due) != tc.want {
			t.Errorf("same day from %s: %s, want %s", tc.start, civil(due), tc.want)
		}
		if got := len(lines(why, calendar.KindAfter15h)) == 1; got != tc.late {
			t.Errorf("same day from %s: told as late: %t", tc.start, got)
		}
	}
}

func TestRefusedDurations(t *testing.T) {
	c := vietnam(t)
	start := at(t, "2026-04-20 09:00")
	for _, d := range []calendar.Duration{
		{Quantity: 1}, {Quantity: 1, Unit: "week"}, {Quantity: -1, Unit: calendar.WorkingDay},
		{Quantity: calendar.MaxQuantity + 1, Unit: calendar.Month},
	} {
		if d.Validate() == nil {
			t.Errorf("%v is valid", d)
		}
		if due, why := c.Add(start, d); !due.IsZero() || len(why.Lines) != 0 {
			t.Errorf("%v gives %v", d, due)
		}
	}
	for _, n := range []int{calendar.MaxQuantity*480 + 1, -calendar.MaxQuantity*480 - 1} {
		if due, _ := c.AddMinutes(start, n); !due.IsZero() {
			t.Errorf("%d minutes give %v", n, due)
		}
	}
	longest := compile(t, calendar.Definition{ID: "hour", Week: [7][]calendar.Span{{{From: 0, To: 60}}}})
	due, _ := longest.Add(start, calendar.Duration{Quantity: calendar.MaxQuantity, Unit: calendar.WorkingDay})
	// 10,000 days × 480 minutes at 60 a week: 80,000 weeks, about 1,533 years.
	if due.Year() != 3559 {
		t.Errorf("the longest duration in the thinnest week ends in %d", due.Year())
	}
}

func TestDurationIsZero(t *testing.T) {
	for d, want := range map[calendar.Duration]bool{
		{}: true, {Note: "theo từng trường hợp"}: true, {Unit: calendar.Month}: true,
		{Unit: calendar.SameDay}: false, {Quantity: 1, Unit: calendar.WorkingHour}: false,
	} {
		if d.IsZero() != want || d.Validate() != nil {
			t.Errorf("%+v: IsZero %t, Validate %v", d, d.IsZero(), d.Validate())
		}
	}
}
