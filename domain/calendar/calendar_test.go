package calendar_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"hoso/domain/calendar"
)

// vietnam is the standard week with the holidays of 2024 to 2027.
func vietnam(t testing.TB) *calendar.Calendar {
	t.Helper()
	f, err := os.Open("testdata/holidays.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	days, err := calendar.ParseHolidays(f)
	if err != nil {
		t.Fatal(err)
	}
	from, to, err := calendar.CoverYears(days)
	if err != nil {
		t.Fatal(err)
	}
	return compile(t, calendar.Definition{ID: "vn", Name: "Lịch hành chính", Week: calendar.StandardWeek(), Days: days, CoversFrom: from, CoversTo: to})
}

func compile(t testing.TB, def calendar.Definition) *calendar.Calendar {
	t.Helper()
	c, err := calendar.New(def)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// at reads a civil time in Viet Nam, "2026-04-20 09:00" or with seconds.
func at(t testing.TB, s string) time.Time {
	t.Helper()
	if len(s) == len("2026-04-20 09:00") {
		s += ":00"
	}
	parsed, err := time.ParseInLocation("2006-01-02 15:04:05", s, time.FixedZone("", 7*3600))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func date(t testing.TB, s string) calendar.Date {
	t.Helper()
	d, err := calendar.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func civil(t time.Time) string { return t.In(calendar.Zone).Format("2006-01-02 15:04:05") }

func TestWorkingDaysAroundHolidays(t *testing.T) {
	c := vietnam(t)
	for d, want := range map[string]bool{
		"2026-04-24": true,  // Friday
		"2026-04-25": false, // Saturday
		"2026-04-26": false, // Giỗ Tổ on a Sunday
		"2026-04-27": false, // its substitute
		"2026-08-22": true,  // make-up Saturday
		"2026-08-23": false, // the Sunday after
		"2026-11-24": false, // a Tuesday
		"2025-11-24": true,  // the Monday a year before the holiday existed
	} {
		if got := c.IsWorkingDay(date(t, d)); got != want {
			t.Errorf("IsWorkingDay(%s) = %t", d, got)
		}
	}
	for d, want := range map[string]string{
		"2026-02-13": "2026-02-23", // over Tết
		"2026-02-18": "2026-02-23",
		"2026-08-21": "2026-08-22", // into the make-up Saturday
		"2026-08-22": "2026-08-24",
		"2026-08-28": "2026-09-03", // 29–30 weekend, 31, 1, 2 off
	} {
		if got := c.NextWorkingDay(date(t, d)); got != date(t, want) {
			t.Errorf("NextWorkingDay(%s) = %s, want %s", d, got, want)
		}
	}
}

func TestCovers(t *testing.T) {
	c := vietnam(t)
	for d, want := range map[string]bool{"2023-12-31": false, "2024-01-01": true, "2027-12-31": true, "2028-01-01": false} {
		if got := c.Covers(date(t, d)); got != want {
			t.Errorf("Covers(%s) = %t", d, got)
		}
	}
	bare := compile(t, calendar.Definition{ID: "bare", Week: calendar.StandardWeek()})
	if bare.Covers(date(t, "2026-01-05")) || bare.Covers(calendar.Date{}) {
		t.Error("a calendar without a table of days covers nothing")
	}
}

func TestHoursOfDatedDays(t *testing.T) {
	def := calendar.Definition{
		ID: "half-saturday", Week: calendar.StandardWeek(),
		CoversFrom: date(t, "2026-01-01"), CoversTo: date(t, "2026-12-31"),
		Days: []calendar.Day{
			{Date: date(t, "2026-03-07"), Kind: calendar.MakeUp},  // Saturday
			{Date: date(t, "2026-03-14"), Kind: calendar.Working}, // Saturday
			{Date: date(t, "2026-03-22"), Kind: calendar.Working}, // Sunday
		},
	}
	def.Week[time.Saturday] = []calendar.Span{{From: 420, To: 690}} // 07:00–11:30, 270 minutes
	c := compile(t, def)
	for d, want := range map[string]int{
		"2026-02-28": 270, // a plain Saturday
		"2026-03-07": 480, // make-up: Monday's hours
		"2026-03-14": 270, // working: its own hours
		"2026-03-22": 480, // working without hours of its own: Monday's
		"2026-03-15": 0,
	} {
		day := date(t, d)
		if got := c.Between(day.Start(), day.AddDays(1).Start()); got != want {
			t.Errorf("%s has %d working minutes, want %d", d, got, want)
		}
	}
}

// A week that works a little on Sundays: a make-up Saturday takes Monday's hours all the same.
func TestMakeUpHoursBeginWithMonday(t *testing.T) {
	saturday := date(t, "2026-08-22")
	def := calendar.Definition{
		ID: "sunday", Week: calendar.StandardWeek(), CoversFrom: saturday, CoversTo: saturday,
		Days: []calendar.Day{{Date: saturday, Kind: calendar.MakeUp}},
	}
	def.Week[time.Sunday] = []calendar.Span{{From: 480, To: 540}}
	if got := compile(t, def).Between(saturday.Start(), saturday.AddDays(1).Start()); got != 480 {
		t.Errorf("%d working minutes, want 480", got)
	}
}

func TestVersion(t *testing.T) {
	c := vietnam(t)
	if v := c.Version(); len(v) != 32 || strings.Trim(v, "0123456789abcdef") != "" {
		t.Fatalf("version %q is not 16 bytes in hexadecimal", v)
	}
	def := c.Definition()
	slices.Reverse(def.Days)
	if got := compile(t, def); got.Version() != c.Version() {
		t.Error("the order of days changes the version")
	}
	for name, change := range map[string]func(*calendar.Definition){
		"id":          func(d *calendar.Definition) { d.ID += "x" },
		"name":        func(d *calendar.Definition) { d.Name += "x" },
		"span":        func(d *calendar.Definition) { d.Week[1][0].From++ },
		"moved span":  func(d *calendar.Definition) { d.Week[6], d.Week[5] = d.Week[5], d.Week[6] },
		"day dropped": func(d *calendar.Definition) { d.Days = d.Days[1:] },
		"day's date":  func(d *calendar.Definition) { d.Days[0].Date = date(t, "2024-03-03") },
		"day's kind":  func(d *calendar.Definition) { d.Days[0].Kind = calendar.Working },
		"day's name":  func(d *calendar.Definition) { d.Days[0].Name += "x" },
		"unconfirmed": func(d *calendar.Definition) { d.Days[0].Unconfirmed = !d.Days[0].Unconfirmed },
		"coverage":    func(d *calendar.Definition) { d.CoversTo = d.CoversTo.AddDays(1) },
	} {
		def := c.Definition()
		change(&def)
		if compile(t, def).Version() == c.Version() {
			t.Errorf("%s changes, the version does not", name)
		}
	}
	if c.Version() != vietnam(t).Version() {
		t.Error("changing a copy of the definition reached the calendar")
	}
}

// The log names versions for ever: this value may never change.
func TestVersionIsStable(t *testing.T) {
	c := compile(t, calendar.Definition{
		ID: "vn", Name: "Lịch", Week: calendar.StandardWeek(),
		Days:       []calendar.Day{{Date: date(t, "2026-11-24"), Kind: calendar.Off, Name: "Ngày Văn hóa Việt Nam"}},
		CoversFrom: date(t, "2026-01-01"), CoversTo: date(t, "2026-12-31"),
	})
	if got, want := c.Version(), "262538c5f7ecddd77b4a410332abdae7"; got != want {
		t.Errorf("version %s, want %s", got, want)
	}
}

func TestNewRefuses(t *testing.T) {
	spans := func(s ...calendar.Span) func(*calendar.Definition) {
		return func(d *calendar.Definition) { d.Week[time.Tuesday] = s }
	}
	for name, c := range map[string]struct {
		change func(*calendar.Definition)
		says   string
	}{
		"no id":             {func(d *calendar.Definition) { d.ID = "" }, "no id"},
		"no work":           {func(d *calendar.Definition) { d.Week = [7][]calendar.Span{} }, "0 working minutes"},
		"too little work":   {func(d *calendar.Definition) { d.Week = [7][]calendar.Span{{{From: 0, To: 59}}} }, "59 working minutes"},
		"empty span":        {spans(calendar.Span{From: 420, To: 420}), "Tuesday, span 1"},
		"backward span":     {spans(calendar.Span{From: 690, To: 420}), "Tuesday, span 1"},
		"negative":          {spans(calendar.Span{From: -1, To: 420}), "Tuesday, span 1"},
		"past midnight":     {spans(calendar.Span{From: 420, To: 1441}), "Tuesday, span 1"},
		"overlap":           {spans(calendar.Span{From: 420, To: 690}, calendar.Span{From: 689, To: 700}), "Tuesday, span 2"},
		"out of order":      {spans(calendar.Span{From: 800, To: 900}, calendar.Span{From: 420, To: 690}), "Tuesday, span 2"},
		"twice":             {func(d *calendar.Definition) { d.Days[1].Date = d.Days[0].Date }, "2024-01-01 stands twice"},
		"unknown kind":      {func(d *calendar.Definition) { d.Days[0].Kind = "closed" }, `"closed"`},
		"no date":           {func(d *calendar.Definition) { d.Days[0].Date = calendar.Date{} }, "outside"},
		"before coverage":   {func(d *calendar.Definition) { d.CoversFrom = d.CoversFrom.AddDays(1) }, `"2024-01-01" lies outside`},
		"half a coverage":   {func(d *calendar.Definition) { d.CoversTo = calendar.Date{} }, "covers_to"},
		"coverage reversed": {func(d *calendar.Definition) { d.CoversFrom, d.CoversTo = d.CoversTo, d.CoversFrom }, "covers_to"},
	} {
		def := vietnam(t).Definition()
		c.change(&def)
		if _, err := calendar.New(def); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", name, err, c.says)
		}
	}
}
