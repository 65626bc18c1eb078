package xes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hoso/domain"
)

// oneRule accepts what is called accept and decides what is called decide.
const oneRule = `"rules": [
	{"becomes": "dossier.accepted", "when": [{"attribute": "concept:name", "is": ["accept"]}]},
	{"becomes": "dossier.decided", "when": [{"attribute": "concept:name", "is": ["decide"]}]}]`

// manyCases writes a log of n cases with three events each; the second event
// of every tenth comes before its acceptance.
func manyCases(n int) string {
	var b strings.Builder
	b.WriteString("<log>\n")
	for i := range n {
		events := []string{event("accept", "05T09", "who", "o1"), event("look", "05T10", "who", "o2"), event("decide", "06T10", "who", "o3")}
		if i%10 == 9 {
			events[0], events[1] = event("look", "05T09"), event("accept", "05T10")
		}
		b.WriteString(trace(fmt.Sprintf("case-%03d", i), start, events...) + "\n")
	}
	b.WriteString("</log>\n")
	return b.String()
}

func (d *desk) importText(m *Mapping, text string) (Report, []string, error) {
	return d.importFrom(d.t.Context(), m, strings.NewReader(text))
}

func (d *desk) importFrom(ctx context.Context, m *Mapping, r io.Reader) (Report, []string, error) {
	var found []string
	report, err := Import(ctx, Options{Reader: r, Handler: d.handler, Mapping: m, Workers: 5, Found: func(f Finding) error {
		found = append(found, fmt.Sprintf("%s %s %s %s", f.Case, f.Event, f.Rule, f.Source))
		return nil
	}})
	return report, found, err
}

func TestImportFindingsInOrder(t *testing.T) {
	d := openDesk(t)
	report, found, err := d.importText(mustParse(t, oneRule), manyCases(50))
	if err != nil {
		t.Fatal(err)
	}
	if report.Cases != 50 || report.SourceEvents != 150 || report.Appended != 50*5 || report.Violations["not_accepted"] != 5 || len(report.Violations) != 1 {
		t.Errorf("%+v", report)
	}
	var want []string
	for i := 9; i < 50; i += 10 {
		want = append(want, fmt.Sprintf("case-%03d dossier.progressed not_accepted look", i))
	}
	expect(t, "findings", found, want...)
}

// TestImportCutOff: everything before the cut is imported, the error names the
// case, and the whole file afterwards appends the rest alone.
func TestImportCutOff(t *testing.T) {
	d, m, whole := openDesk(t), mustParse(t, oneRule), manyCases(40)
	cut := strings.Index(whole, "case-025")
	report, _, err := d.importText(m, whole[:cut])
	var input *InputError
	if !errors.As(err, &input) || input.Case != 26 || input.After != "case-024" || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("cut off: %v", err)
	}
	if report.Cases != 25 || report.Appended != 125 || len(d.histories()) != 25 {
		t.Errorf("before the cut: %+v, %d dossiers", report, len(d.histories()))
	}
	report, _, err = reopen(t, d.log).importText(m, whole)
	if err != nil || report.Cases != 40 || report.Appended != 15*5 || report.AlreadyThere != 125 {
		t.Errorf("the whole file afterwards: %+v, %v", report, err)
	}
}

// TestImportCancelled: the import stops between cases and goes on where it stopped.
func TestImportCancelled(t *testing.T) {
	d, m := openDesk(t), mustParse(t, oneRule)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	report, err := Import(ctx, Options{Reader: strings.NewReader(manyCases(300)), Handler: d.handler, Mapping: m, Workers: 3, Progress: func(cases, _ int) {
		if cases == 20 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || report.Cases < 20 || report.Cases >= 300 {
		t.Fatalf("cancelled after 20 cases: %+v, %v", report, err)
	}
	for id, h := range d.histories() {
		if len(h.facts) != 5 {
			t.Errorf("case %s was left with %d events", id, len(h.facts))
		}
	}
	if n := len(d.histories()); n != report.Cases {
		t.Errorf("%d dossiers, but %d cases counted", n, report.Cases)
	}
	again, _, err := reopen(t, d.log).importText(m, manyCases(300))
	if err != nil || again.Cases != 300 || again.Appended != 300*5-report.Appended || again.AlreadyThere != report.Appended {
		t.Errorf("%+v after %+v: %v", again, report, err)
	}
}

func TestImportRefuses(t *testing.T) {
	future := strings.Replace(manyCases(3), "2012-03-06T10", "2032-03-06T10", 1)
	for name, c := range map[string]struct{ text, says string }{
		"twice":   {strings.Replace(manyCases(3), "case-002", "case-000", 1), `case 3, line 4, byte `},
		"no id":   {"<log>" + trace("EMPTY", start) + "</log>", "needs an id"},
		"no time": {"<log>" + trace("1", "") + "</log>", "has no time"},
		"future":  {future, "in the future"},
	} {
		_, _, err := openDesk(t).importText(mustParse(t, oneRule), c.text)
		var input *InputError
		if !errors.As(err, &input) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestImportKeepsCatalogue: what the log knows already is not published again,
// nor written over by the mapping's words.
func TestImportKeepsCatalogue(t *testing.T) {
	d, m := openDesk(t), mustParse(t, oneRule)
	if _, _, err := d.importText(m, manyCases(1)); err != nil {
		t.Fatal(err)
	}
	head := d.head()
	changed := *m
	changed.Agency.Name = "Another"
	if _, _, err := d.importText(&changed, manyCases(1)); err != nil {
		t.Fatal(err)
	}
	if a, _ := d.handler.Catalogue.Agency("X90.09"); a.Name != "A" || d.head() != head {
		t.Errorf("the agency is now %q", a.Name)
	}
	missing := *m
	missing.Agency.Code, missing.Calendar = "X90.11", nil
	missing.Agency.ReceptionCalendar = "nowhere"
	if _, _, err := d.importText(&missing, manyCases(1)); domain.CodeOf(err) != "unknown_calendar" {
		t.Errorf("a calendar that is nowhere: %v", err)
	}
}

func TestReportFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.tsv")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := CreateReport(path)
	if err != nil {
		t.Fatal(err)
	}
	r.Add(Finding{Case: "a\tb", Event: "dossier.routed", Rule: "not_accepted", At: testNow, Source: "two\nlines"})
	if old, _ := os.ReadFile(path); string(old) != "old" {
		t.Errorf("before the end the report is %q", old)
	}
	if err := r.Finish(); err != nil {
		t.Fatal(err)
	}
	want := "case\tevent\trule\tat\tsource\na b\tdossier.routed\tnot_accepted\t2026-11-23T02:00:00Z\ttwo lines\n"
	if got, _ := os.ReadFile(path); string(got) != want {
		t.Errorf("report %q, want %q", got, want)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}
