package xes

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hoso/domain"
	"hoso/domain/calendar"
)

// The logs are the public ones that data/README.md beside the project
// describes; the numbers expected here are counted by a second, line-wise
// reading of the same files, and named there.

const dataDir = "../../../shared/data/eventlogs"

func realLog(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(dataDir, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("needs %s, which stands beside the project and not in it: %v", path, err)
	}
	return path
}

func importReal(t *testing.T, d *desk, path, mapping string) Report {
	t.Helper()
	m, err := Load(mapping)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := Import(t.Context(), Options{Reader: f, Handler: d.handler, Mapping: m})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// importTwice imports a log and checks the counts that must hold for any, then
// again, which must change nothing.
func importTwice(t *testing.T, path, mapping string, raw []rawCase) (map[string]history, Report) {
	t.Helper()
	d := openDesk(t)
	first := importReal(t, d, path, mapping)
	events := 0
	for _, c := range raw {
		events += len(c.events)
	}
	if first.Cases != len(raw) || first.SourceEvents != events || first.AlreadyThere != 0 {
		t.Errorf("the file has %d cases and %d events; the report says %+v", len(raw), events, first)
	}
	histories := d.histories()
	appended, codes := 0, map[string]string{}
	for id, h := range histories {
		appended += len(h.facts)
		if _, ok := h.facts[0].Event.(domain.Submitted); !ok {
			t.Errorf("case %s begins with %s", id, h.facts[0].Event.EventType())
		}
		if other, double := codes[h.dossier.Code]; double || h.dossier.Code == "" {
			t.Errorf("case %s has code %q, like %q", id, h.dossier.Code, other)
		}
		codes[h.dossier.Code] = id
	}
	if len(histories) != len(raw) || appended != first.Appended {
		t.Errorf("the log has %d dossiers with %d events; the report says %+v", len(histories), appended, first)
	}
	head := d.head()
	second := importReal(t, reopen(t, d.log), path, mapping)
	if second.Appended != 0 || second.AlreadyThere != first.Appended || d.head() != head {
		t.Errorf("importing again: %+v after %+v; head %s after %s", second, first, d.head(), head)
	}
	if !maps.Equal(first.Violations, second.Violations) {
		t.Errorf("importing again finds %v instead of %v", second.Violations, first.Violations)
	}
	return histories, first
}

// TestReceiptReal: the whole receipt log is imported, each case as it was, and once.
func TestReceiptReal(t *testing.T) {
	path := realLog(t, "receipt.xes.gz")
	raw := readRaw(t, path)
	histories, report := importTwice(t, path, "receipt", raw)
	if report.Cases != 1434 || report.SourceEvents != 8577 {
		t.Errorf("cases and events: %+v", report)
	}
	var delivered, deliveredLate, decided, decidedLate, decidedLateInstants, afterEnd int
	for _, c := range raw {
		id := c.attributes["concept:name"]
		h, ok := histories[id]
		if !ok {
			t.Fatalf("case %s is not in the log", id)
		}
		checkReceipt(t, c, h)
		d := h.dossier
		if !d.DeliveredAt.IsZero() {
			delivered++
			if d.DeliveredAt.After(d.ImportedDue) {
				deliveredLate++
			}
			if last := h.facts[len(h.facts)-1]; last.At.After(d.DeliveredAt) {
				if _, code := last.Event.(domain.Numbered); !code {
					afterEnd++
				}
			}
			if d.Status() != domain.StatusDelivered {
				t.Errorf("case %s was delivered and is %s", id, d.Status().Key())
			}
		}
		if !d.DecidedAt.IsZero() {
			decided++
			if d.DecidedLate {
				decidedLate++
			}
			if d.DecidedAt.After(d.ImportedDue) {
				decidedLateInstants++
			}
		}
	}
	got := [...]int{delivered, deliveredLate, decided, decidedLate, decidedLateInstants, afterEnd}
	// 1,329, 377, 1,283, 56 and 60 are the oracle of data/README.md, 145 its cases with events after the end.
	if want := [...]int{1329, 377, 1283, 56, 60, 145}; got != want {
		t.Errorf("delivered, late, decided, late by dates, late by instants, with events after the end: %v, want %v", got, want)
	}
}

// checkReceipt holds one dossier against the table of data/README.md.
func checkReceipt(t *testing.T, c rawCase, h history) {
	t.Helper()
	id, d := c.attributes["concept:name"], h.dossier
	want := map[string]int{"dossier.submitted": 1}
	if c.first("T05 ") != nil {
		want["dossier.accepted"] = 1
		if at := rawTime(t, c.first("T05 ")["time:timestamp"]); !d.AcceptedAt.Equal(at) {
			t.Errorf("case %s: accepted %s, want %s", id, d.AcceptedAt, at)
		}
	}
	if c.first("T20 ") != nil {
		want["dossier.returned_for_supplement"] = 1
	}
	if c.attributes["enddate"] != "" {
		want["dossier.delivered"] = 1
		if at := rawTime(t, c.attributes["enddate"]); !d.DeliveredAt.Equal(at) {
			t.Errorf("case %s: delivered %s, want %s", id, d.DeliveredAt, at)
		}
	}
	decision, outcome := c.first("T10 "), domain.UnknownOutcome
	if e := c.first("T15 "); e != nil {
		decision, outcome = e, domain.NotRequired
	}
	if decision != nil {
		want["dossier.decided"] = 1
		if at := rawTime(t, decision["time:timestamp"]); !d.DecidedAt.Equal(at) || d.Outcome != outcome {
			t.Errorf("case %s: decided %s at %s, want %s at %s", id, d.Outcome, d.DecidedAt, outcome, at)
		}
	}
	for _, e := range c.events {
		if strings.HasPrefix(e["concept:name"], "T06 ") {
			want["dossier.routed"]++
		}
	}
	want["dossier.progressed"] = len(c.events) - want["dossier.accepted"] - want["dossier.returned_for_supplement"] - want["dossier.decided"] - want["dossier.routed"]
	if want["dossier.progressed"] == 0 {
		delete(want, "dossier.progressed")
	}
	if got := h.kinds(); !maps.Equal(got, want) {
		t.Errorf("case %s: %v, want %v", id, got, want)
	}
	channel := map[string]domain.Channel{"Internet": domain.Online, "e-mail": domain.Online, "Desk": domain.Direct, "Intern": domain.Direct, "Post": domain.Post}
	if start, due := rawTime(t, c.attributes["startdate"]), rawTime(t, c.attributes["deadline"]); !d.SubmittedAt.Equal(start) || !d.ImportedDue.Equal(due) || !d.Clock.Due.Equal(due) || d.Channel != channel[c.attributes["channel"]] {
		t.Errorf("case %s: submitted %s by %s, due %s", id, d.SubmittedAt, d.Channel, d.ImportedDue)
	}
	checkOrder(t, c, h)
}

// checkOrder sees that every event of the source is there, in its order, with
// its time and officer, and named where it has no meaning of its own.
func checkOrder(t *testing.T, c rawCase, h history) {
	t.Helper()
	id, next := c.attributes["concept:name"], 0
	for i, f := range h.facts {
		if i > 2 && h.facts[i-1].By.Role != domain.System && f.At.Before(h.facts[i-1].At) { // behind submitted, code and payment
			t.Errorf("case %s: event %d stands before its time", id, i)
		}
		if f.By.ID == "" { // made from an attribute of the case, or the code
			continue
		}
		e := c.events[next]
		next++
		title := strings.TrimSpace(e["concept:name"] + " " + e["activityNameEN"])
		if p, ok := f.Event.(domain.Progressed); ok && p.Title != title || !f.At.Equal(rawTime(t, e["time:timestamp"])) || f.By.ID != e["org:resource"] {
			t.Errorf("case %s: event %d is %+v by %+v at %s, want %v", id, i, f.Event, f.By, f.At, e)
		}
	}
	if next != len(c.events) {
		t.Errorf("case %s: %d of %d events are there", id, next, len(c.events))
	}
}

// TestReceiptByDates counts the deliveries late by dates, which data/README.md
// names beside those by instants.
func TestReceiptByDates(t *testing.T) {
	path := realLog(t, "receipt.xes.gz")
	d := openDesk(t)
	importReal(t, d, path, "receipt")
	late := 0
	for _, h := range d.histories() {
		if !h.dossier.DeliveredAt.IsZero() && calendar.DateOf(h.dossier.DeliveredAt).After(calendar.DateOf(h.dossier.ImportedDue)) {
			late++
		}
	}
	if late != 309 {
		t.Errorf("%d deliveries are late by dates, want 309", late)
	}
}
