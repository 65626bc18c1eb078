package calendar_test

import (
	"encoding/json"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"hoso/domain/calendar"
)

func TestDate(t *testing.T) {
	d := calendar.DateOf(time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC)) // midnight in Viet Nam
	if d != calendar.NewDate(2026, time.November, 24) || d.String() != "2026-11-24" || d.Weekday() != time.Tuesday || d.Year() != 2026 {
		t.Errorf("got %s, a %s", d, d.Weekday())
	}
	if before := calendar.DateOf(time.Date(2026, 11, 23, 16, 59, 59, 999, time.UTC)); before != d.AddDays(-1) {
		t.Errorf("a moment earlier is %s", before)
	}
	if !d.Start().Equal(time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC)) {
		t.Errorf("begins at %s", d.Start())
	}
	for _, tc := range []struct {
		from   string
		months int
		want   string
	}{
		{"2026-01-31", 1, "2026-02-28"}, {"2024-01-31", 1, "2024-02-29"}, {"2026-03-31", -1, "2026-02-28"},
		{"2026-10-31", 13, "2027-11-30"}, {"2026-12-15", 1, "2027-01-15"}, {"2024-02-29", 48, "2028-02-29"},
	} {
		if got := date(t, tc.from).AddMonths(tc.months); got != date(t, tc.want) {
			t.Errorf("%s + %d months = %s, want %s", tc.from, tc.months, got, tc.want)
		}
	}
}

// The standard library's civil calendar is the independent witness.
func TestDateAgreesWithTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		moment := time.Unix(int64(uniform(t, "minute of the years 1 to 2040", -1_035_000_000, 36_800_000))*60+int64(uniform(t, "second", 0, 59)), 0)
		n := uniform(t, "days", -100_000, 100_000)
		civil, d := moment.In(time.FixedZone("", 7*3600)), calendar.DateOf(moment)
		if d.String() != civil.Format(time.DateOnly) || d.Weekday() != civil.Weekday() || d.Year() != civil.Year() {
			t.Fatalf("%s is %s, a %s", civil, d, d.Weekday())
		}
		moved := civil.AddDate(0, 0, n)
		if calendar.DateOf(moved) != d.AddDays(n) {
			t.Fatalf("%s + %d days = %s", d, n, d.AddDays(n))
		}
		if n != 0 && (d.Before(d.AddDays(n)) != (n > 0) || d.After(d.AddDays(n)) != (n < 0)) {
			t.Fatalf("%s and %d days later are in the wrong order", d, n)
		}
	})
}

func TestDateText(t *testing.T) {
	for _, bad := range []string{"24/11/2026", "2026-11-31", "2026-1-2", "0000-01-01", "2026-11-24T00:00:00Z", " 2026-11-24"} {
		if d, err := calendar.ParseDate(bad); err == nil {
			t.Errorf("%q is read as %s", bad, d)
		}
		var d calendar.Date
		if err := json.Unmarshal([]byte(`"`+bad+`"`), &d); err == nil {
			t.Errorf("%q in JSON is read as %s", bad, d)
		}
	}
	var none calendar.Date
	if !none.IsZero() || none.String() != "" {
		t.Errorf("no date reads %q", none)
	}
}

// What the event carries comes back as the same version, by either JSON library.
func TestDefinitionAsJSON(t *testing.T) {
	c := vietnam(t)
	for name, lib := range map[string]struct {
		marshal   func(any) ([]byte, error)
		unmarshal func([]byte, any) error
	}{
		"encoding/json": {json.Marshal, json.Unmarshal},
		"v2": {
			func(v any) ([]byte, error) { return jsonv2.Marshal(v) },
			func(b []byte, v any) error { return jsonv2.Unmarshal(b, v, jsonv2.RejectUnknownMembers(true)) },
		},
	} {
		for _, def := range []calendar.Definition{c.Definition(), {ID: "bare", Week: calendar.StandardWeek()}} {
			data, err := lib.marshal(def)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			var back calendar.Definition
			if err := lib.unmarshal(data, &back); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got, want := compile(t, back).Version(), compile(t, def).Version(); got != want {
				t.Errorf("%s: %s comes back as version %s, was %s", name, def.ID, got, want)
			}
		}
	}
}
