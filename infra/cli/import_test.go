package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// A log of three cases for the built-in mapping receipt: decided late and
// delivered; decided before it was accepted; nothing but an odd step.
const importLog = `<log>
<trace><string key="concept:name" value="case-1"/><string key="channel" value="Desk"/>
 <date key="startdate" value="2011-10-11T13:42:22+02:00"/><date key="deadline" value="2011-10-13T13:00:00+02:00"/><date key="enddate" value="2011-10-14T10:00:00+02:00"/>
 <event><string key="concept:name" value="T05 Print and send confirmation of receipt"/><date key="time:timestamp" value="2011-10-12T08:00:00+02:00"/></event>
 <event><string key="concept:name" value="T10 Determine necessity to stop indication"/><date key="time:timestamp" value="2011-10-14T09:00:00+02:00"/></event></trace>
<trace><string key="concept:name" value="case-2"/><date key="startdate" value="2011-10-11T13:42:22+02:00"/>
 <event><string key="concept:name" value="T10 Determine necessity to stop indication"/><date key="time:timestamp" value="2011-10-14T09:00:00+02:00"/></event></trace>
<trace><string key="concept:name" value="case-3"/><date key="startdate" value="2011-10-11T13:42:22+02:00"/>
 <event><string key="concept:name" value="odd"/><date key="time:timestamp" value="2011-10-14T09:00:00+02:00"/></event></trace>
</log>`

// runMain runs one command line in a folder of its own environment.
func runMain(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = Main(t.Context(), args, strings.NewReader(""), &out, &err, func(string) string { return "" })
	return code, out.String(), err.String()
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// importDoc is import --json as it is promised.
type importDoc struct {
	Cases        int            `json:"cases"`
	SourceEvents int            `json:"source_events"`
	Appended     int            `json:"appended"`
	AlreadyThere int            `json:"already_there"`
	Violations   map[string]int `json:"violations"`
}

func TestImportCommand(t *testing.T) {
	dir, log := t.TempDir(), write(t, "log.xes", importLog)
	report := filepath.Join(t.TempDir(), "broken.tsv")
	run := func(log string) (doc importDoc, code int, stderr string) {
		code, stdout, stderr := runMain(t, "import", "--data", dir, "--format", "xes", "--mapping", "receipt", "--report", report, "--json", log)
		if code == 0 {
			if err := json.Unmarshal([]byte(stdout), &doc, json.RejectUnknownMembers(true)); err != nil {
				t.Fatalf("%v: %s", err, stdout)
			}
		} else if stdout != "" {
			t.Errorf("exit %d, and an answer: %s", code, stdout)
		}
		return doc, code, stderr
	}

	cut := write(t, "cut.xes", importLog[:strings.Index(importLog, "odd")])
	if _, code, stderr := run(cut); code != 2 || !strings.Contains(stderr, "case 3") || !strings.Contains(stderr, "2 cases are imported") {
		t.Errorf("cut off: exit %d, %s", code, stderr)
	}
	doc, code, stderr := run(log)
	// Each case: submitted, code, its events; case 1 its delivery, too.
	if code != 0 || doc.Cases != 3 || doc.SourceEvents != 4 || doc.Appended != 3 || doc.AlreadyThere != 8 || doc.Violations["not_accepted"] != 2 || len(doc.Violations) != 1 {
		t.Errorf("exit %d, %+v, %s", code, doc, stderr)
	}
	again, code, _ := run(log)
	if code != 0 || again.Appended != 0 || again.AlreadyThere != 11 {
		t.Errorf("again: exit %d, %+v", code, again)
	}
	want := "case\tevent\trule\tat\tsource\n" +
		"case-2\tdossier.decided\tnot_accepted\t2011-10-14T07:00:00Z\tT10 Determine necessity to stop indication\n" +
		"case-3\tdossier.progressed\tnot_accepted\t2011-10-14T07:00:00Z\todd\n"
	if got, err := os.ReadFile(report); err != nil || string(got) != want {
		t.Errorf("report %v:\n%s\nwant\n%s", err, got, want)
	}
	code, stdout, _ := runMain(t, "lookup", "--data", dir, "--json", "case-1")
	var found struct {
		Status       string `json:"status"`
		Channel      string `json:"channel"`
		DecidedLate  bool   `json:"decided_late"`
		StatusNumber int    `json:"status_number"`
	}
	if err := json.Unmarshal([]byte(stdout), &found); err != nil || code != 0 || found.StatusNumber != 10 || !found.DecidedLate || found.Channel != "direct" {
		t.Errorf("look-up by the source's id: exit %d, %v, %s", code, err, stdout)
	}
}

// TestImportWrongUse: each is one line that says what to do, and exit code 2;
// nothing is begun in the data folder.
func TestImportWrongUse(t *testing.T) {
	log, dir := write(t, "log.xes", importLog), filepath.Join(t.TempDir(), "data")
	for says, args := range map[string][]string{
		"name one of bpic15, receipt":  {"--mapping", "nope", log},
		"missing flags: --mapping":     {log},
		"no such file":                 {"--mapping", "receipt", log + ".gz"},
		"is a folder":                  {"--mapping", "receipt", filepath.Dir(log)},
		"--format must be one of":      {"--format", "csv", "--mapping", "receipt", log},
		"rulez":                        {"--mapping", write(t, "m.json", `{"rulez": 1}`), log},
		"--report: there is no folder": {"--mapping", "receipt", "--report", "/no/such/r.tsv", log},
		`expected "<log>"`:             {"--mapping", "receipt"},
	} {
		code, stdout, stderr := runMain(t, append([]string{"import", "--data", dir}, args...)...)
		if code != 2 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, says) {
			t.Errorf("%q: exit %d, %q, want %q", args, code, stderr, says)
		}
	}
	if exists(dir) {
		t.Error("a wrong use began a data folder")
	}
}
