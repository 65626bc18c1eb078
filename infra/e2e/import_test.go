package e2e

import (
	"compress/gzip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Both real logs are imported completely by the real
// program, which then answers from them with the numbers that the files give.

// imported is what import promises to answer.
type imported struct {
	Cases        int            `json:"cases"`
	SourceEvents int            `json:"source_events"`
	Appended     int            `json:"appended"`
	AlreadyThere int            `json:"already_there"`
	Violations   map[string]int `json:"violations"`
}

// timesReport is what times promises to answer.
type timesReport struct {
	Groups []struct {
		By                                                             map[string]string
		Received, Decided, DecidedLate, Delivered, DeliveredLate, Open int
		Steps                                                          []struct {
			Step           string
			Count          int
			WorkingMinutes percentiles `json:"working_minutes"`
			WallSeconds    percentiles `json:"wall_seconds"`
		}
	} `json:"groups"`
}

type percentiles struct{ P50, P90, P99 *int64 }

func eventlogs(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../../../shared/data/eventlogs", name))
	if err == nil {
		_, err = os.Stat(path)
	}
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("the public event log %s is not there (../shared/data/eventlogs beside the project): nothing to import", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestImportReceipt(t *testing.T) {
	t.Parallel()
	dir := importTwice(t, "receipt", "receipt.xes.gz", 1434, 8577)
	checkReceiptTimes(t, dir)
}

// TestImportKilled: an import that is killed again and again comes to the same end.
func TestImportKilled(t *testing.T) {
	t.Parallel()
	path := eventlogs(t, "receipt.xes.gz")
	dir := filepath.Join(t.TempDir(), "data")
	kills := 0
	for range 4 {
		cmd := command("import", "--data", dir, "--mapping", "receipt", "--json", path)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(200+rand.IntN(700)) * time.Millisecond)
		cmd.Process.Kill()
		if cmd.Wait() != nil {
			kills++
		}
	}
	var last, again imported
	must(t, "import", "--data", dir, "--mapping", "receipt", "--json", path).into(t, &last)
	must(t, "import", "--data", dir, "--mapping", "receipt", "--json", path).into(t, &again)
	if last.Cases != 1434 || last.SourceEvents != 8577 || again.Appended != 0 || again.AlreadyThere != last.Appended+last.AlreadyThere {
		t.Errorf("after %d kills: %+v, then %+v", kills, last, again)
	}
	t.Logf("%d kills; the last import appended %d, %d were there", kills, last.Appended, last.AlreadyThere)
	log := readLog(t, dir)
	checkCodes(t, log)
	if cases := len(fold(t, log)); cases != 1434 {
		t.Errorf("%d dossiers", cases)
	}
	checkReceiptTimes(t, dir)
}

// checkReceiptTimes: the figures that the issue states.
func checkReceiptTimes(t *testing.T, dir string) {
	t.Helper()
	var r timesReport
	a := must(t, "times", "--data", dir, "--json")
	a.into(t, &r)
	var figures map[string]any
	a.into(t, &figures)
	if len(r.Groups) != 1 {
		t.Fatalf("%d groups without --by", len(r.Groups))
	}
	g := figures["groups"].([]any)[0].(map[string]any)
	want := map[string]float64{"received": 1434, "delivered": 1329, "delivered_late": 377, "decided": 1283, "decided_late": 56}
	for field, n := range want {
		if g[field] != n {
			t.Errorf("times: %s is %v, the issue says %v", field, g[field], n)
		}
	}
	if only, _ := figures["weekly_pattern_only"].(float64); only != 1434 {
		t.Errorf("times: %v dossiers reckoned by the weekly pattern alone; no calendar of ours reaches 2010 to 2012", figures["weekly_pattern_only"])
	}
	t.Logf("times: %v", map[string]any{"received": g["received"], "delivered": g["delivered"], "delivered_late": g["delivered_late"], "decided": g["decided"], "decided_late": g["decided_late"], "open": g["open"]})
	checkSteps(t, r)
}

func TestImportBPIC15(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the larger log is left out by -short")
	}
	importTwice(t, "bpic15", "BPIC15_1.xes.gz", 1199, 52217)
}

// importTwice imports a log, again, and looks at a random sample of its cases.
func importTwice(t *testing.T, mapping, file string, cases, events int) (dir string) {
	t.Helper()
	path := eventlogs(t, file)
	dir = filepath.Join(t.TempDir(), "data")
	report := filepath.Join(t.TempDir(), "report.txt")
	var first, second imported
	must(t, "import", "--data", dir, "--format", "xes", "--mapping", mapping, "--report", report, "--json", path).into(t, &first)
	broken := 0
	for _, n := range first.Violations {
		broken += n
	}
	if first.Cases != cases || first.SourceEvents != events || first.AlreadyThere != 0 || first.Appended < events {
		t.Errorf("import: %+v, expected %d cases and %d source events, all appended", first, cases, events)
	}
	if text, err := os.ReadFile(report); err != nil || strings.Count(string(text), "\n") < broken {
		t.Errorf("%d violations, the report has %d lines (%v)", broken, strings.Count(string(text), "\n"), err)
	}
	length := len(readLog(t, dir))
	must(t, "import", "--data", dir, "--mapping", mapping, "--json", path).into(t, &second)
	if second.Appended != 0 || second.AlreadyThere != first.Appended || second.Cases != cases || second.SourceEvents != events {
		t.Errorf("the second import: %+v after %+v", second, first)
	}
	if now := len(readLog(t, dir)); now != length {
		t.Errorf("the second import made %d events of %d", now, length)
	}
	t.Logf("%s: %d cases, %d source events, %d appended; %d violations %v; again: %d appended, %d already there",
		mapping, first.Cases, first.SourceEvents, first.Appended, broken, first.Violations, second.Appended, second.AlreadyThere)
	checkVerifySound(t, dir)
	checkImportedCases(t, dir, path)
	return dir
}

// checkVerifySound: an import alone may leave no root; all else must be sound.
func checkVerifySound(t *testing.T, dir string) {
	t.Helper()
	var v verified
	must(t, "verify", "--data", dir, "--json").into(t, &v)
	t.Logf("verify: %+v", v)
}

// checkImportedCases looks dossiers up by the source's id and by their code, and
// replays them at every kind of revision.
func checkImportedCases(t *testing.T, dir, path string) {
	t.Helper()
	source := sourceCases(t, path)
	log := readLog(t, dir)
	events := map[string]int64{} // by dossier
	ofCase := map[string]string{}
	for _, e := range log {
		if id, ok := strings.CutPrefix(e.stream, "dossier-"); ok {
			events[id]++
			if e.typ == "dossier.submitted" {
				ofCase[e.text(t, "source_id")] = id
			}
		}
	}
	if len(ofCase) != len(source) {
		t.Fatalf("%d cases in the source, %d imported", len(source), len(ofCase))
	}
	all, n := fold(t, log), 0
	for name, sourced := range source { // a map's order: a random sample
		if n++; n > 12 {
			break
		}
		id := ofCase[name]
		if id == "" {
			t.Errorf("case %s was not imported", name)
			continue
		}
		checkImportedCase(t, dir, name, all[id], sourced, events[id])
	}
}

func checkImportedCase(t *testing.T, dir, name string, f *folded, sourced int, events int64) {
	t.Helper()
	var bySource, byCode map[string]any
	must(t, "lookup", "--data", dir, name, "--json").into(t, &bySource)
	must(t, "lookup", "--data", dir, f.code, "--json").into(t, &byCode)
	if bySource["code"] != f.code || bySource["source_id"] != name || fmt.Sprint(bySource) != fmt.Sprint(byCode) {
		t.Errorf("case %s: look-up by source gives %v, by code %v; the log says %s", name, bySource["code"], byCode["code"], f.code)
	}
	if events < int64(sourced) {
		t.Errorf("case %s: %d events for %d in the source", name, events, sourced)
	}
	for _, revision := range []int64{0, rand.Int64N(events), events - 1} {
		var r replayed
		must(t, "replay", "--data", dir, name, "--revision", fmt.Sprint(revision), "--json").into(t, &r)
		if r.Code == "" && revision > 1 || r.Revision != revision || int64(len(r.Events)) != revision+1 || r.State == nil {
			t.Errorf("case %s at revision %d: %d events, revision %d", name, revision, len(r.Events), r.Revision)
		}
	}
	if a := hoso(t, "replay", "--data", dir, name, "--revision", fmt.Sprint(events), "--json"); a.code != 1 {
		t.Errorf("case %s has no revision %d: exit %d %s", name, events, a.code, clip(a.stdout))
	}
}

// replayed is what replay promises to answer.
type replayed struct {
	Code     string         `json:"code"`
	Revision int64          `json:"revision"`
	State    map[string]any `json:"state"`
	Events   []struct {
		Type   string `json:"type"`
		Erased bool   `json:"erased"`
	} `json:"events"`
}

// checkSteps: every group tells its steps as promised.
func checkSteps(t *testing.T, r timesReport) {
	t.Helper()
	for _, g := range r.Groups {
		for _, s := range g.Steps {
			for _, p := range []percentiles{s.WorkingMinutes, s.WallSeconds} {
				if s.Step == "" || s.Count < 1 || p.P50 == nil || p.P90 == nil || p.P99 == nil || *p.P50 > *p.P90 || *p.P90 > *p.P99 {
					t.Errorf("step %q of %v: %+v", s.Step, g.By, s)
				}
			}
		}
		if len(g.Steps) == 0 {
			t.Errorf("group %v has no steps", g.By)
		}
	}
}

// sourceCases reads the source with nothing of the program's: how many events
// each case has, by its concept:name.
func sourceCases(t *testing.T, path string) map[string]int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	plain, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	cases, name, events, depth, inTrace := map[string]int{}, "", 0, 0, 0
	for d := xml.NewDecoder(plain); ; {
		token, err := d.Token()
		if err == io.EOF {
			return cases
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			depth++
			switch {
			case e.Name.Local == "trace":
				inTrace, name, events = depth, "", 0
			case e.Name.Local == "event":
				events++
			case inTrace > 0 && depth == inTrace+1 && attribute(e, "key") == "concept:name":
				name = attribute(e, "value")
			}
		case xml.EndElement:
			if e.Name.Local == "trace" {
				cases[name], inTrace = events, 0
			}
			depth--
		}
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
