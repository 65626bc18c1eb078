package domain

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

func TestParseCode(t *testing.T) {
	for s, want := range map[string]DossierCode{
		"000.00.06.H56-231027-0361": {"000.00.06.H56", "231027", 361},
		"H56.14-240823-0001":        {"H56.14", "240823", 1},
		"G09.20-20260609-0092637":   {"G09.20", "20260609", 92637},
		" h99.14 – 261122 – 0001 ":  {"H99.14", "261122", 1},
		"H99.14.122-261122-12345":   {"H99.14.122", "261122", 12345},
		"Ｈ９９．１４－２６１１２２－０００１":        {"H99.14", "261122", 1},
	} {
		if got, ok := ParseCode(s); !ok || got != want {
			t.Errorf("%q: %+v %v", s, got, ok)
		}
	}
	for _, foreign := range []string{"", "case-10011", "10009138", "H56.14-241323-0001", "H56.14-240823-1", "H56.14-240823-0000", "56.14-240823-0001", "H56.14-240823-0001-2"} {
		if got, ok := ParseCode(foreign); ok {
			t.Errorf("%q read as %+v", foreign, got)
		}
	}
	if got := (DossierCode{"H99.14", "261122", 1}).String(); got != "H99.14-261122-0001" {
		t.Error(got)
	}
	if got := (DossierCode{"H99.14", "261122", 12345}).String(); got != "H99.14-261122-12345" {
		t.Error(got)
	}
}

func TestFoldCode(t *testing.T) {
	for code, typed := range map[string][]string{
		"H56.14-240823-0001": {
			"h56.14-240823-0001", "H56.14 240823 0001", "H56.142408230001", "h5614-240823-0001", "H56.14—240823–0001", "H56-14-240823-0001",
			"H56.14_240823_0001", "H56.14-24O823-OOO1", "H56.14-240823-00001", " H56.14 - 240823 - 0001\u200b", "h56,14-240823-0001", "H56.14-2408230001",
		},
		"000.00.06.H56-231027-0361": {"OOO.OO.O6.H56-231027-0361", "000 00 06 h56 231027 0361", "0000006H562310270361"},
		"G09.20-20260609-0092637":   {"g09.20 20260609 0092637", "G09.20-20260609-92637"},
		"case-10011":                {"CASE-10011", " Case – 10011 "},
	} {
		for _, s := range typed {
			if FoldCode(s) != FoldCode(code) {
				t.Errorf("%q gives %q, %q gives %q", s, FoldCode(s), code, FoldCode(code))
			}
		}
	}
	for a, b := range map[string]string{
		"H56.14-240823-0001": "H56.14-240823-0010", "1-23": "12-3", "case-10011": "case-1001-1", "HO-1": "H0-1",
		"G09.20-20260609-0001": "G09.20-260609-0001",
	} {
		if FoldCode(a) == FoldCode(b) {
			t.Errorf("%q and %q have one key %q", a, b, FoldCode(a))
		}
	}
}

// TestEveryCodeIsFoundHoweverDashed: any code of ours, over all its days and
// with four-digit numbers, has one key with its dashes, dots and blanks or without.
func TestEveryCodeIsFoundHoweverDashed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := time.Date(2024, 1, 1, 5, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 3650).Draw(t, "day"))
		code := DossierCode{
			Agency: rapid.StringMatching(`[A-NP-Z][0-9]{2}(\.[0-9]{2}){0,2}`).Draw(t, "agency"),
			Day:    CodeDay(day), Number: rapid.IntRange(1, 9999).Draw(t, "number"),
		}
		if back, ok := ParseCode(code.String()); !ok || back != code {
			t.Fatalf("%s read as %+v", code, back)
		}
		key := FoldCode(code.String())
		for _, typed := range []string{strings.ToLower(code.String()), strings.ReplaceAll(code.String(), "-", " - "), strings.ReplaceAll(code.String(), ".", "")} {
			if FoldCode(typed) != key {
				t.Fatalf("%q gives %q, not %q", typed, FoldCode(typed), key)
			}
		}
		// Without dashes another reading may be possible; then it is found under none, never under another's.
		solid := strings.ReplaceAll(code.String(), "-", "")
		if got := FoldCode(solid); got != key && strings.Contains(got, "-") {
			t.Fatalf("%q gives %q, not %q", solid, got, key)
		}
	})
}

func FuzzFoldCode(f *testing.F) {
	for _, s := range []string{"H56.14-240823-0001", "000.00.06.H56-231027-0361", "G09.20-20260609-0092637", "h５６․14 ‐ 24O823\u00ad0001", "ŉ-ß", "\xff", "case-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if isTidy(s) && tidied(s) != s {
			t.Fatalf("%q is no tidy code: %q", s, tidied(s))
		}
		key := FoldCode(s)
		if FoldCode(key) != key {
			t.Fatalf("%q gives %q, then %q", s, key, FoldCode(key))
		}
		if !utf8.ValidString(key) {
			t.Fatalf("%q gives %q", s, key)
		}
		if c, ok := ParseCode(s); ok && FoldCode(c.String()) != key {
			t.Fatalf("%q is %s, and their keys differ: %q", s, c, key)
		}
	})
}

func TestStreams(t *testing.T) {
	id := uuid.MustParse("0190c6e0-0000-7000-8000-00000000000a")
	if got, ok := DossierIDOf(DossierStream(id)); !ok || got != id {
		t.Error(got, ok)
	}
	for _, other := range []string{RootStream, SubjectStream(id), CounterStream("H99.14", "261122"), "dossier-", "dossier-x", "dossier-" + strings.ToUpper(id.String()), "dossier-{" + id.String() + "}", id.String()} {
		if _, ok := DossierIDOf(other); ok {
			t.Errorf("%s is taken for a dossier's", other)
		}
	}
	if got := CounterStream("H99.14", CodeDay(time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC))); got != "codes-H99.14-261123" {
		t.Error(got) // 18:00 UTC is the next day in Viet Nam
	}
	if SubjectStream(id) != "subject-"+id.String() || ProcedureStream("2.000635") != "procedure-2.000635" || AgencyStream("H99") != "agency-H99" || CalendarStream("vn") != "calendar-vn" {
		t.Error("a stream has another name")
	}
}
