package xes

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"hoso/domain"
)

// told gives a case's facts in words: time (day and hour), event, officer and
// what it tells; and the rules the telling remarks on.
func told(t *testing.T, m *Mapping, trace string) (facts, odd []string) {
	t.Helper()
	traces, err := readAll(strings.NewReader("<log>" + trace + "</log>"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := m.tell(traces[0], "calendar-version")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range c.facts {
		s := fmt.Sprintf("%s %s %s", f.At.Format("02T15"), strings.TrimPrefix(f.Event.EventType(), "dossier."), f.By.ID)
		switch e := f.Event.(type) {
		case domain.Progressed:
			s += " " + e.Title + e.Unit
		case domain.PaymentRequested:
			s += fmt.Sprintf(" %d %s", e.Amount, e.SourceText)
		case domain.Routed:
			s += fmt.Sprintf(" %s>%s/%s", e.From, e.Agency, e.Unit)
		case domain.ReturnedForSupplement:
			s += " " + string(e.Stage)
		case domain.Decided:
			s += " " + string(e.Outcome)
		case domain.Submitted:
			s += " " + string(e.Channel)
		}
		facts = append(facts, s)
	}
	for _, f := range c.findings(nil) {
		odd = append(odd, strings.TrimPrefix(f.Event, "dossier.")+" "+f.Rule)
	}
	return facts, odd
}

func expect(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Errorf("%s, at %d:\n got %s\nwant %s", what, i, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
			return
		}
	}
}

// event writes an event of day and hour.
func event(name, at string, more ...string) string {
	s := `<event><string key="concept:name" value="` + name + `"/>`
	if at != "" {
		s += `<date key="time:timestamp" value="2012-03-` + at + `:00:00Z"/>`
	}
	for i := 0; i+1 < len(more); i += 2 {
		s += `<string key="` + more[i] + `" value="` + more[i+1] + `"/>`
	}
	return s + "</event>"
}

func trace(id, attributes string, events ...string) string {
	return `<trace><string key="concept:name" value="` + id + `"/>` + attributes + strings.Join(events, "") + "</trace>"
}

const start = `<date key="start" value="2012-03-05T08:00:00Z"/>`

// TestOrder: submitted first, then payments, then all by time; equal times
// keep the log's order, with attributes behind events and the delivery last.
func TestOrder(t *testing.T) {
	m := mustParse(t, `"rules": [], "from_case": [
		{"becomes": "dossier.delivered", "attribute": "end"},
		{"becomes": "dossier.decided", "attribute": "decided", "outcome": {"text": "granted"}},
		{"becomes": "dossier.payment_requested", "attribute": "fee", "payment": {"kind": "fee", "currency": "EUR", "decimals": 2, "due_point": 1}}]`)
	facts, odd := told(t, m, trace("1", start+`<date key="end" value="2012-03-07T09:00:00Z"/><date key="decided" value="2012-03-07T09:00:00Z"/><float key="fee" value="10.005"/><string key="channel" value="Web"/>`,
		event("c", "07T09", "who", "x"), event("late", "08T09"), event("early", "04T01"), event("d", "07T09"), event("b", "05T08")))
	expect(t, "facts", facts, "05T08 submitted  online", "05T08 payment_requested  1001 10.005", "04T01 progressed  early", "05T08 progressed  b",
		"07T09 progressed x c", "07T09 progressed  d", "07T09 decided  granted", "07T09 delivered ", "08T09 progressed  late")
	expect(t, "oddities", odd)
}

func TestRules(t *testing.T) {
	m := mustParse(t, `"rules": [
		{"becomes": "dossier.accepted", "when": [{"attribute": "concept:name", "is": ["accept"]}, {"attribute": "ok", "is": ["yes"]}], "first": true},
		{"becomes": "dossier.returned_for_supplement", "when": [{"attribute": "concept:name", "starts_with": ["ret", "ask"]}], "first": true, "again_after": "dossier.supplemented"},
		{"becomes": "dossier.supplemented", "when": [{"attribute": "concept:name", "is": ["supp"]}], "after": "dossier.returned_for_supplement", "first": true, "again_after": "dossier.returned_for_supplement"},
		{"becomes": "dossier.routed", "when": [{"attribute": "concept:name", "is": ["route"]}], "unit": {"attribute": "to"}, "agency": {"attribute": "office", "values": {"B": "X90.10"}}},
		{"becomes": "dossier.decided", "when": [{"attribute": "concept:name", "is": ["maybe"]}], "unless_case_has": [{"attribute": "concept:name", "is": ["surely"]}]},
		{"becomes": "dossier.decided", "when": [{"attribute": "concept:name", "is": ["surely"]}], "outcome": {"attribute": "result", "values": {"+": "granted"}, "text": "refused"}}]`)
	facts, odd := told(t, m, trace("1", start,
		event("supp", "05T09"), event("return", "05T10"), event("ask", "05T11"), event("accept", "05T12", "ok", "no"), event("accept", "05T13", "ok", "yes"),
		event("supp", "05T14"), event("supp", "05T15"), event("ask", "05T16"), event("supp", "05T17"), event("accept", "05T18", "ok", "yes"),
		event("route", "06T09", "to", "U", "office", "B"), event("route", "06T10", "to", "EMPTY"), event("maybe", "06T11"), event("surely", "06T12", "result", "+"), event("surely", "06T13")))
	expect(t, "facts", facts, "05T08 submitted  post", "05T09 progressed  supp", "05T10 returned_for_supplement  intake", "05T11 progressed  ask",
		"05T12 progressed  accept", "05T13 accepted ", "05T14 supplemented ", "05T15 progressed  supp", "05T16 returned_for_supplement  appraisal", "05T17 supplemented ",
		"05T18 progressed  accept", "06T09 routed  X90.09>X90.10/U", "06T10 routed  X90.10>X90.10/", "06T11 progressed  maybe", "06T12 decided  granted", "06T13 decided  refused")
	expect(t, "oddities", odd)
	facts, _ = told(t, m, trace("2", start, event("maybe", "06T11")))
	expect(t, "without surely", facts, "05T08 submitted  post", "06T11 decided  unknown")
}

// TestOddLogs: what a log lacks or has wrong is imported as far as it goes, and reported.
func TestOddLogs(t *testing.T) {
	m := mustParse(t, `"rules": [], "from_case": [{"becomes": "dossier.delivered", "attribute": "end"},
		{"becomes": "dossier.payment_requested", "attribute": "fee", "payment": {"kind": "fee", "currency": "EUR", "decimals": 2, "due_point": 1}}]`)
	for name, c := range map[string]struct {
		trace      string
		facts, odd []string
	}{
		"no start": {trace("1", "", event("a", ""), event("b", "06T09")), []string{"06T09 submitted  post", "06T09 progressed  a", "06T09 progressed  b"}, []string{"submitted start_missing", "progressed time_missing"}},
		"no times": {trace("1", start, event("a", "07T09"), event("b", ""), event("c", "06T09")), []string{"05T08 submitted  post", "06T09 progressed  c", "07T09 progressed  a", "07T09 progressed  b"}, []string{"progressed time_missing"}},
		"bad due":  {trace("1", start+`<date key="due" value="soon"/>`), []string{"05T08 submitted  post"}, []string{"submitted due_unreadable"}},
		"bad end":  {trace("1", start+`<date key="end" value="later"/>`, event("a", "06T09")), []string{"05T08 submitted  post", "06T09 progressed  a", "06T09 progressed  end later"}, []string{"progressed time_missing"}},
		"no name":  {trace("1", start, "<event/>"), []string{"05T08 submitted  post", "05T08 progressed  " + noTitle}, []string{"progressed time_missing", "progressed name_missing"}},
		"negative": {trace("1", start+`<float key="fee" value="-3.5"/>`), []string{"05T08 submitted  post", "05T08 progressed  fee -3.5"}, []string{"progressed amount_not_positive"}},
		"zero":     {trace("1", start+`<float key="fee" value="0.0"/>`), []string{"05T08 submitted  post"}, nil},
		"no fee":   {trace("1", start+`<string key="fee" value="free"/>`), []string{"05T08 submitted  post", "05T08 progressed  fee free"}, []string{"progressed amount_unreadable"}},
		"long":     {trace("1", start, event(strings.Repeat("ô", 400), "06T09")), []string{"05T08 submitted  post", "06T09 progressed  " + strings.Repeat("ô", 299) + "…"}, []string{"progressed field_too_long"}},
		"local":    {trace("1", `<date key="start" value="2012-03-05T08:00:00"/>`), []string{"05T01 submitted  post"}, nil},
	} {
		facts, odd := told(t, m, c.trace)
		expect(t, name, facts, c.facts...)
		expect(t, name+", oddities", odd, c.odd...)
	}
}

// TestNoPersonalData: an import brings no value about a person, and pins the calendar.
func TestNoPersonalData(t *testing.T) {
	traces, err := readAll(strings.NewReader("<log>" + trace("1", start+`<date key="due" value="2012-03-09T01:00:00+01:00"/>`) + "</log>"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := mustParse(t, `"rules": []`).tell(traces[0], "v1")
	if err != nil {
		t.Fatal(err)
	}
	got, ok := c.facts[0].Event.(domain.Submitted)
	due := time.Date(2012, 3, 9, 0, 0, 0, 0, time.UTC)
	if !ok || got.Owner != (domain.Person{Kind: domain.Citizen}) || got.Submitter != got.Owner || !got.Summary.IsZero() ||
		got.SourceID != "1" || got.CalendarVersion != "v1" || got.ImportedDue == nil || !got.ImportedDue.Equal(due) || got.Intake != nil {
		t.Errorf("submitted: %+v", got)
	}
}
