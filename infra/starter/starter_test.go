package starter

import (
	"strings"
	"testing"
	"time"

	"hoso/domain"
	"hoso/domain/calendar"
)

func load(t *testing.T) Set {
	t.Helper()
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestProceduresAreWhole(t *testing.T) {
	seen := map[string]bool{}
	fields := map[string]int{}
	for _, p := range load(t).Procedures {
		if seen[p.Code] {
			t.Errorf("%s stands twice", p.Code)
		}
		seen[p.Code] = true
		fields[p.Field]++
		switch {
		case p.Name == "" || p.NameEN == "" || p.Decision == "" || len(p.LegalBasis) == 0:
			t.Errorf("%s lacks a name, its decision or its legal basis", p.Code)
		case len(p.Components) == 0:
			t.Errorf("%s asks for no papers", p.Code)
		case p.Level != domain.Information && p.Level != domain.Partly && p.Level != domain.Wholly:
			t.Errorf("%s has service level %q", p.Code, p.Level)
		case p.EffectiveFrom.IsZero():
			t.Errorf("%s has no first day", p.Code)
		}
		if err := p.Duration.Validate(); err != nil || p.Duration.IsZero() {
			t.Errorf("%s: duration %v: %v", p.Code, p.Duration, err)
		}
		required := 0
		for _, c := range p.Components {
			if c.Required {
				required++
			}
			if n := len([]rune(c.Name)); n < 8 || n > 160 || strings.TrimSpace(c.Name) != c.Name {
				t.Errorf("%s: component name %q", p.Code, c.Name)
			}
		}
		if required == 0 {
			t.Errorf("%s requires no paper at all", p.Code)
		}
		for _, f := range p.Fees {
			if f.Amount <= 0 || f.Kind != "fee" && f.Kind != "charge" || f.DuePoint != domain.DueAtReceipt && f.DuePoint != domain.DueAtReturn {
				t.Errorf("%s: fee %+v", p.Code, f)
			}
		}
	}
	if len(seen) != 45 || len(fields) != 4 {
		t.Errorf("%d procedures in the fields %v, want 45 in 4", len(seen), fields)
	}
}

func TestProvincesAndAgencies(t *testing.T) {
	s := load(t)
	procedures := map[string]bool{}
	for _, p := range s.Procedures {
		procedures[p.Code] = true
	}
	offered := map[string]bool{}
	byCode := map[string]domain.Agency{}
	provinces := map[string]bool{}
	for _, a := range s.Agencies {
		if _, twice := byCode[a.Code]; twice {
			t.Errorf("agency %s stands twice", a.Code)
		}
		byCode[a.Code] = a
		demo := strings.HasPrefix(a.Code, DemoPrefix)
		if demo != strings.Contains(a.Name, "(minh họa)") {
			t.Errorf("%s %s: demo agencies, and only they, say so in their name", a.Code, a.Name)
		}
		if !demo {
			provinces[a.Province] = true
		}
		for _, o := range a.Offers {
			offered[o.Procedure] = true
			if !procedures[o.Procedure] {
				t.Errorf("%s offers %s, which the set does not have", a.Code, o.Procedure)
			}
		}
	}
	if len(provinces) != 34 {
		t.Errorf("%d provinces, want the 34 since 1 July 2025", len(provinces))
	}
	for code, a := range byCode {
		if _, ok := byCode[a.Parent]; a.Parent != "" && !ok {
			t.Errorf("%s: parent %s is missing", code, a.Parent)
		}
		for _, old := range a.Predecessors {
			if d := byCode[old]; d.Level != "district" || d.EffectiveTo != calendar.NewDate(2025, time.June, 30) {
				t.Errorf("%s: predecessor %s is no district that ended on 30 June 2025", code, old)
			}
		}
	}
	for code := range procedures {
		if !offered[code] {
			t.Errorf("nobody offers %s", code)
		}
	}
}

func TestCalendarsCover2024To2027(t *testing.T) {
	for _, def := range load(t).Calendars {
		cal, err := calendar.New(def)
		if err != nil {
			t.Fatal(err)
		}
		if def.CoversFrom != calendar.NewDate(2024, time.January, 1) || def.CoversTo != calendar.NewDate(2027, time.December, 31) {
			t.Errorf("%s covers %s to %s", def.ID, def.CoversFrom, def.CoversTo)
		}
		for day, working := range map[string]bool{
			"2026-11-24": false, // Viet Nam Culture Day, from 2026 on
			"2025-11-24": true,
			"2026-02-17": false, // first day of Tết Bính Ngọ
			"2025-01-29": false, // first day of Tết Ất Tỵ
			"2026-01-10": true,  // Saturday worked for 2 January
			"2026-11-22": false, // Sunday
		} {
			date, err := calendar.ParseDate(day)
			if err != nil {
				t.Fatal(err)
			}
			if cal.IsWorkingDay(date) != working {
				t.Errorf("%s: %s working: %t, want %t", def.ID, day, !working, working)
			}
		}
		saturday := calendar.NewDate(2026, time.November, 21)
		if got := cal.IsWorkingDay(saturday); got != (def.ID == SaturdayMorning) {
			t.Errorf("%s: an ordinary Saturday is worked: %t", def.ID, got)
		}
	}
}
