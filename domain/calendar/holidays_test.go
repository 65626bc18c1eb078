package calendar_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"hoso/domain/calendar"
)

const header = "date,type,name_vi,source_confidence\n"

func TestParseHolidays(t *testing.T) {
	const text = "\ufeff# a remark\r\n\r\nDate, type ,name_vi,source_confidence\r\n" +
		"2027-09-03,expected, Quốc khánh  (liền kề) ,model\r\n\r\n" +
		"2026-08-31,swap_off,\"Hoán đổi, làm bù 22/08\",reported; date unverified\r\n,,,\r\n" +
		"2026-08-22,swap_work,Làm bù,Unverified (TB 9441)\r\n" +
		"2026-09-02,off,Quo\u0302\u0301c khánh,vacanza" // decomposed, and no line end
	got, err := calendar.ParseHolidays(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	want := []calendar.Day{
		{Date: date(t, "2026-08-22"), Kind: calendar.MakeUp, Name: "Làm bù", Unconfirmed: true},
		{Date: date(t, "2026-08-31"), Kind: calendar.Off, Name: "Hoán đổi, làm bù 22/08"},
		{Date: date(t, "2026-09-02"), Kind: calendar.Off, Name: "Quốc khánh"},
		{Date: date(t, "2027-09-03"), Kind: calendar.Off, Name: "Quốc khánh (liền kề)", Unconfirmed: true},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestParseHolidaysRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ text, says string }{
		"nothing":        {"", "empty; begin with the line date,type"},
		"no header":      {"2026-01-01,off,Tết,x\n", "line 1: the first line must be date,type,name_vi,source_confidence"},
		"semicolons":     {"date;type;name_vi;source_confidence\n", "line 1: the first line must be"},
		"only a header":  {header, "no days; write one a line"},
		"date":           {header + "\n24/11/2026,off,x,y\n", `line 3: "24/11/2026" is not a date; write year-month-day as in 2026-11-24`},
		"no such date":   {header + "2026-02-29,off,x,y\n", "line 2: \"2026-02-29\" is not a date"},
		"type":           {header + "2026-02-28,holiday,x,y\n", `line 2: unknown type "holiday"; write off, swap_off, expected or swap_work`},
		"no name":        {header + "2026-02-28,off, ,y\n", "line 2: name_vi is empty; say what"},
		"columns":        {header + "2026-02-28,off,a, b, c\n", "line 2: 5 columns instead of 4; put a text that holds commas in double quotes"},
		"missing column": {header + "2026-02-28,off,a\n", "line 2: 3 columns instead of 4"},
		"twice":          {header + "2026-02-28,off,a,b\n# x\n2026-02-28,swap_work,a,b\n", "line 4: 2026-02-28 is already on line 2; keep one of them"},
		"quote":          {header + "2026-02-28,off,a\"b,c\n", "line 2: bare \""},
		"encoding":       {header + "2026-02-28,off,T\xeat,y\n", "line 2: not UTF-8; save the file as CSV UTF-8"},
		"large":          {header + strings.Repeat("#\n", 1<<19), "larger than 1 MiB"},
	} {
		_, err := calendar.ParseHolidays(strings.NewReader(tc.text))
		if err == nil || !strings.Contains(err.Error(), tc.says) || !strings.HasPrefix(err.Error(), "holidays: ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one line that says %q", name, err, tc.says)
		}
	}
	broken := errors.New("broken disk")
	if _, err := calendar.ParseHolidays(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a failing reader gives %v", err)
	}
}

func TestCoverYears(t *testing.T) {
	days := func(dates ...string) (all []calendar.Day) {
		for _, s := range dates {
			all = append(all, calendar.Day{Date: date(t, s)})
		}
		return all
	}
	from, to, err := calendar.CoverYears(days("2025-05-01", "2024-09-02"))
	if err != nil || from != date(t, "2024-01-01") || to != date(t, "2025-12-31") {
		t.Errorf("covers %s to %s, %v", from, to, err)
	}
	if _, _, err := calendar.CoverYears(days("2024-09-02", "2026-09-02")); err == nil || !strings.Contains(err.Error(), "no day in 2025") {
		t.Errorf("a gap of a year gives %v", err)
	}
	if _, _, err := calendar.CoverYears(nil); err == nil {
		t.Error("no days cover something")
	}
}

// Whatever is read makes a calendar, and every row is off, or worked where it says so.
func FuzzParseHolidays(f *testing.F) {
	real, err := os.ReadFile("testdata/holidays.csv")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(real))
	f.Add("\ufeff" + header + "2026-08-22,swap_work,\"a, \"\"b\"\"\",unverified\r\n\r\n2026-11-24,expected,x,\n")
	f.Add(header + "2026-02-28,off,a\"b,c\n")
	f.Add(header + "0001-01-01,off,a,b\n9999-12-31,off,a,b\n")
	f.Fuzz(func(t *testing.T, text string) {
		days, err := calendar.ParseHolidays(strings.NewReader(text))
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("more than one line: %q", err)
			}
			return
		}
		c, err := calendar.New(calendar.Definition{
			ID: "read", Week: calendar.StandardWeek(), Days: days,
			CoversFrom: days[0].Date, CoversTo: days[len(days)-1].Date,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, day := range days {
			if c.IsWorkingDay(day.Date) != (day.Kind == calendar.MakeUp) || day.Name == "" {
				t.Fatalf("%+v read", day)
			}
		}
	})
}
