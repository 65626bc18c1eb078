package xes

import (
	"math/big"
	"testing"

	"hoso/domain"
)

// TestBPIC15Real: so is the whole BPIC 2015 log.
func TestBPIC15Real(t *testing.T) {
	path := realLog(t, "BPIC15_1.xes.gz")
	raw := readRaw(t, path)
	histories, report := importTwice(t, path, "bpic15", raw)
	if report.Cases != 1199 || report.SourceEvents != 52217 {
		t.Errorf("cases and events: %+v", report)
	}
	cases := map[string]int{} // that have an event of a kind
	noWhole := 0
	for _, c := range raw {
		id := c.attributes["concept:name"]
		h, ok := histories[id]
		if !ok {
			t.Fatalf("case %s is not in the log", id)
		}
		checkOrder(t, c, h)
		for kind, n := range h.kinds() {
			cases[kind]++
			if n > 1 && (kind == "dossier.accepted" || kind == "dossier.decided" || kind == "dossier.delivered" || kind == "dossier.payment_requested") {
				t.Errorf("case %s has %d of %s", id, n, kind)
			}
		}
		noWhole += checkFee(t, c, h)
		checkSupplements(t, c, h)
	}
	// The counts that data/README.md names; 895 of 906 fees are no whole numbers.
	want := map[string]int{
		"dossier.accepted": 545, "dossier.due_date_extended": 145, "dossier.stopped": 45, "dossier.withdrawn": 71,
		"dossier.decided": 911, "dossier.delivered": 899, "dossier.routed": 5 + 3, "dossier.payment_requested": 906 - 5 - 11,
	}
	for kind, n := range want {
		if cases[kind] != n {
			t.Errorf("%d cases have %s, want %d", cases[kind], kind, n)
		}
	}
	if noWhole != 895 || report.Violations[domain.ErrAmount.Code] != 5 {
		t.Errorf("%d fees are no whole numbers, want 895; %d are negative, want 5", noWhole, report.Violations[domain.ErrAmount.Code])
	}
}

// checkFee holds the fee of a case against its text; 1 if that is no whole number.
func checkFee(t *testing.T, c rawCase, h history) (noWhole int) {
	t.Helper()
	id, text := c.attributes["concept:name"], c.attributes["SUMleges"]
	fee, requested := h.facts[2].Event.(domain.PaymentRequested) // behind submitted and numbered
	if text == "" {
		if requested {
			t.Errorf("case %s has a fee of nothing", id)
		}
		return 0
	}
	euros, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("case %s: fee %q", id, text)
	}
	if !euros.IsInt() {
		noWhole = 1
	}
	if euros.Sign() <= 0 {
		step, kept := h.facts[2].Event.(domain.Progressed)
		if requested || (euros.Sign() < 0) != (kept && step.Title == "SUMleges "+text) {
			t.Errorf("case %s: a fee of %s became %+v", id, text, h.facts[2].Event)
		}
		return noWhole
	}
	// Half up: the amount lies at most half a cent above, and less than half a cent below.
	off := new(big.Rat).Sub(big.NewRat(fee.Amount, 100), euros)
	half := big.NewRat(1, 200)
	if !requested || fee.SourceText != text || fee.Currency != "EUR" || off.Cmp(half) > 0 || off.Cmp(new(big.Rat).Neg(half)) <= 0 {
		t.Errorf("case %s: a fee of %s became %+v", id, text, h.facts[2].Event)
	}
	return noWhole
}

// checkSupplements: returns and supplements take turns, and each is the first
// of the source's since the other.
func checkSupplements(t *testing.T, c rawCase, h history) {
	t.Helper()
	open, next := false, 3
	_, code := h.facts[1].Event.(domain.Numbered)
	if !code {
		t.Fatalf("case %s: %s stands second", c.attributes["concept:name"], h.facts[1].Event.EventType())
	}
	if h.facts[2].By.ID != "" { // no payment
		next = 2
	}
	for _, e := range c.events {
		want := ""
		switch name := e["concept:name"]; {
		case (name == "08_AWB45_020_2" || name == "08_AWB45_025") && !open:
			open, want = true, "dossier.returned_for_supplement"
		case (name == "08_AWB45_030" && e["question"] == "True" || name == "08_AWB45_040") && open:
			open, want = false, "dossier.supplemented"
		}
		got := h.facts[next].Event.EventType()
		next++
		if want != "" && got != want || want == "" && (got == "dossier.returned_for_supplement" || got == "dossier.supplemented") {
			t.Errorf("case %s: %s became %s, want %q", c.attributes["concept:name"], e["concept:name"], got, want)
		}
	}
}
