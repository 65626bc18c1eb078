package domain

import (
	"strings"
	"testing"
)

func TestParseIDNumber(t *testing.T) {
	for s, want := range map[string]struct {
		kind   IDKind
		number string
	}{
		"001099000123":       {CCCD, "001099000123"},
		" 079 304 000-123 ":  {CCCD, "079304000123"},
		"０７９３０４０００１２３":       {CCCD, "079304000123"},
		"102099000123":       {CCCD, "102099000123"}, // registered abroad
		"012345678":          {CMND, "012345678"},
		"012 345 678":        {CMND, "012345678"},
		"0100109106":         {BusinessNumber, "0100109106"}, // published tax codes of state enterprises
		"0100686209":         {BusinessNumber, "0100686209"},
		"0100109106-001":     {BranchNumber, "0100109106-001"},
		"0100109106 – 001":   {BranchNumber, "0100109106-001"},
		"0100109106001":      {BranchNumber, "0100109106-001"},
		"01.0010.9106\u00a0": {BusinessNumber, "0100109106"},
	} {
		kind, number, err := ParseIDNumber(s)
		if err != nil || kind != want.kind || number != want.number {
			t.Errorf("%q: %s %q %v", s, kind, number, err)
		}
	}
	for s, says := range map[string]string{
		"":               "12 digits",
		"1234":           "12 digits",
		"00109900012":    "12 digits", // eleven
		"003099000123":   "province",  // no such province
		"097099000123":   "province",
		"000099000123":   "province",
		"499099000123":   "province",
		"001499000123":   "fourth",
		"111111111":      "repeated",
		"111111111111":   "repeated",
		"0100109107":     "check digit",
		"0100109106-000": "branch",
		"0100109107-001": "check digit",
		"00109900012a":   "digits only",
		"001099/000123":  "digits only",
	} {
		kind, number, err := ParseIDNumber(s)
		if err == nil || kind != "" || number != "" {
			t.Errorf("%q passes as %s %q", s, kind, number)
			continue
		}
		if !strings.Contains(err.EN, says) || err.VI == "" || err.Code != "id_number_invalid" {
			t.Errorf("%q: %v", s, err)
		}
	}
	if n := len(strings.Fields(provinces)); n != 63 {
		t.Errorf("%d provinces, 63 were numbered in 2016", n)
	}
}

// TestCheckDigitFindsEverySlip: one digit of a business code changed, or two
// neighbours swapped, never passes.
func TestCheckDigitFindsEverySlip(t *testing.T) {
	const good = "0100109106"
	for i := range good {
		for d := byte('0'); d <= '9'; d++ {
			if d == good[i] {
				continue
			}
			if _, _, err := ParseIDNumber(good[:i] + string(d) + good[i+1:]); err == nil {
				t.Errorf("digit %d changed to %c passes", i, d)
			}
		}
		if i > 0 && good[i] != good[i-1] {
			if _, _, err := ParseIDNumber(good[:i-1] + good[i:i+1] + good[i-1:i] + good[i+1:]); err == nil {
				t.Errorf("digits %d and %d swapped pass", i-1, i)
			}
		}
	}
}
