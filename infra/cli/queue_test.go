package cli

import (
	"os"
	"strings"
	"testing"
	"time"

	"hoso/projections"
)

// TestQueue holds the counts of every agency's queues against all dossiers, one
// by one, in the middle of what was simulated.
func TestQueue(t *testing.T) {
	dir := simulated(t, "120")
	answer(t, "rebuild", "--data", dir, "--json")
	a := &app{Config: Config{Data: dir}, ctx: t.Context(), stderr: os.Stderr, env: func(string) string { return "" }}
	a.Engines.Partitions = 1
	r, err := a.openReading()
	if err != nil {
		t.Fatal(err)
	}
	page, err := r.views.Search(t.Context(), projections.SearchQuery{Limit: 200})
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
	if err != nil || len(page.Hits) != 120 {
		t.Fatalf("%d dossiers, %v", len(page.Hits), err)
	}
	at := page.Hits[10].SubmittedAt
	want, codes := map[string]map[string]float64{}, map[string]string{}
	for _, v := range page.Hits {
		if v.Status.Ended() {
			continue
		}
		if want[v.Current] == nil {
			want[v.Current] = map[string]float64{"mine": 0, "unit": 0, "overdue": 0}
		}
		want[v.Current]["unit"]++
		codes[v.Current] += v.Code
		if !v.Paused && !v.DueAt.IsZero() && v.DueAt.Before(at) {
			want[v.Current]["overdue"]++
		}
	}
	if len(want) < 2 {
		t.Fatalf("only %d agencies have work", len(want))
	}
	for agency, counts := range want {
		doc := answer(t, "queue", "--data", dir, agency, "--at", at.Format(time.RFC3339Nano), "--json")
		for queue, n := range counts {
			if got := doc["counts"].(map[string]any)[queue]; got != n {
				t.Errorf("%s: %s counts %v, want %v", agency, queue, got, n)
			}
		}
		listed := answer(t, "queue", "--data", dir, agency, "unit", "--limit", "200", "--json")
		dossiers := listed["dossiers"].([]any)
		for _, d := range dossiers {
			if code := d.(map[string]any)["code"].(string); !strings.Contains(codes[agency], code) {
				t.Errorf("%s lists %s", agency, code)
			}
		}
		if float64(len(dossiers)) != counts["unit"] || listed["more"] != false {
			t.Errorf("%s lists %d dossiers, more: %v; want %v", agency, len(dossiers), listed["more"], counts["unit"])
		}
		code, out, _ := runMain(t, "queue", "--data", dir, agency)
		if code != exitDone || !strings.Contains(out, "Việc của đơn vị · My unit's") || strings.Count(out, "\n") != 4 {
			t.Errorf("%s: %d %s", agency, code, out)
		}
	}
	for says, args := range map[string][]string{
		`no queue "theirs"`: {"H99.01", "theirs"}, "--at noon is no time": {"H99.01", "--at", "noon"}, "--limit from 1 to 200": {"H99.01", "--limit", "201"},
		"--officer ID": {"H99.01", "mine"},
	} {
		if code, _, stderr := runMain(t, append([]string{"queue", "--data", dir}, args...)...); code != exitUsage || !strings.Contains(stderr, says) {
			t.Errorf("%v: %d %s", args, code, stderr)
		}
	}
	for _, args := range [][]string{{"H98.77"}, {"H98.77", "overdue"}} {
		if code, stdout, stderr := runMain(t, append([]string{"queue", "--data", dir}, args...)...); code != exitWrong || stdout != "" || !strings.Contains(stderr, `no agency "H98.77"`) {
			t.Errorf("%v: %d %s%s", args, code, stdout, stderr)
		}
	}
}
