package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"hoso/domain"
	"hoso/domain/calendar"
)

// TestNewerHolidaysChangeNoEarlierAnswer: what was answered stays so under a newer holiday file.
func TestNewerHolidaysChangeNoEarlierAnswer(t *testing.T) {
	dir := simulated(t, "25")
	answers := func() string {
		var b strings.Builder
		for _, code := range codes(t, dir, 25) {
			_, stdout, _ := runMain(t, "lookup", "--data", dir, "--json", code)
			b.WriteString(stdout)
			_, stdout, _ = runMain(t, "replay", "--data", dir, "--json", code)
			b.WriteString(stdout)
		}
		figures := answer(t, "times", "--data", dir, "--json", "--by", "procedure,agency")
		text, err := json.Marshal(figures["groups"], json.Deterministic(true))
		if err != nil {
			t.Fatal(err)
		}
		return b.String() + string(text)
	}
	before := answers()
	// Every weekday of the simulated months becomes a holiday.
	var table strings.Builder
	table.WriteString("date,type,name_vi,source_confidence\n")
	day := calendar.DateOf(time.Now()).AddDays(-100)
	for ; !day.After(calendar.DateOf(time.Now()).AddDays(10)); day = day.AddDays(1) {
		table.WriteString(day.String() + ",off,Ngày nghỉ thử,test\n")
	}
	change := answer(t, "holidays", "add", write(t, "many.csv", table.String()), "--data", dir, "--json")
	for _, c := range change["calendars"].([]any) {
		has(t, "holidays add", c.(map[string]any), "id version changed covers_from covers_to added replaced dropped")
		if c.(map[string]any)["changed"] != true {
			t.Errorf("nothing changed: %v", c)
		}
	}
	if after := answers(); after != before {
		t.Error("a newer table of holidays changed earlier answers")
	}
	if err := os.RemoveAll(filepath.Join(dir, "views")); err != nil {
		t.Fatal(err)
	}
	answer(t, "rebuild", "--data", dir, "--json")
	if after := answers(); after != before {
		t.Error("views built anew under the newer table give other answers")
	}
	again := answer(t, "holidays", "add", write(t, "again.csv", table.String()), "--data", dir, "--json")
	if c := again["calendars"].([]any)[0].(map[string]any); c["changed"] != false {
		t.Errorf("the same table again: %v", c)
	}
}

func TestErase(t *testing.T) {
	dir := simulated(t, "60")
	a := &app{Config: Config{Data: dir}, ctx: context.Background(), stderr: os.Stderr, env: func(string) string { return "" }}
	r, err := a.openReading()
	if err != nil {
		t.Fatal(err)
	}
	ids, err := r.scan(t.Context(), func(e domain.Event) bool { _, ok := e.(domain.Submitted); return ok })
	if err != nil {
		t.Fatal(err)
	}
	var open, ended domain.Dossier
	alone := map[domain.SubjectID]int{}
	for _, id := range ids {
		past, err := r.newest(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		alone[past.Dossier.Owner.Subject]++
		if d := past.Dossier; d.Submitter.Subject != d.Owner.Subject {
			alone[d.Submitter.Subject]++
		}
	}
	for _, id := range ids {
		past, err := r.newest(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		switch d := past.Dossier; {
		case d.Erased:
		case !d.Open() && alone[d.Owner.Subject] == 1:
			ended = d
		case d.Open():
			open = d
		}
	}
	r.close()
	if open.Code == "" || ended.Code == "" {
		t.Fatal("the simulation left no dossier open, or none ended")
	}
	code, _, stderr := runMain(t, "erase", "--data", dir, "--id", open.Owner.IDNumber.Text, "--basis", "law")
	if code != exitFailed || !strings.Contains(stderr, "still open") {
		t.Errorf("erasing a person with an open dossier: exit code %d, %s", code, stderr)
	}
	done := answer(t, "erase", "--data", dir, "--id", ended.Owner.IDNumber.Text, "--basis", "Luật 91/2025/QH15", "--json")
	has(t, "erase", done, "subject dossiers")
	doc := answer(t, "lookup", "--data", dir, "--json", ended.Code)
	if _, named := doc["owner_name"]; named || doc["erased"] != true {
		t.Errorf("after the erasure the look-up says %v", doc)
	}
	if code, _, _ := runMain(t, "lookup", "--data", dir, "--id", ended.Owner.IDNumber.Text); code != exitWrong {
		t.Errorf("the erased person is still found by number: exit code %d", code)
	}
	if verify := answer(t, "verify", "--data", dir, "--json"); verify["ok"] != true {
		t.Errorf("after the erasure: %v", verify)
	}
}

func TestVerifyTellsTheFirstBadEvent(t *testing.T) {
	dir := simulated(t, "5")
	root := answer(t, "root", "--data", dir, "--json")["root"].(string)
	if code, stdout, stderr := runMain(t, "verify", "--data", dir, "--against", root, "--key", filepath.Join(dir, "signing.pub")); code != exitDone {
		t.Fatalf("verify --against --key: exit code %d\n%s%s", code, stdout, stderr)
	}
	path := filepath.Join(dir, "log.db")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(text), `"channel":"`)
	if at < 0 {
		t.Fatal("no event with a channel in the file")
	}
	text[at+len(`"channel":"`)] ^= 1
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, _ := runMain(t, "verify", "--data", dir, "--json")
	var doc struct {
		OK       bool
		Position string
		Stream   string
		Revision *uint64
		Why      string
	}
	if err := json.Unmarshal([]byte(stdout), &doc, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
	if code != exitWrong || doc.OK || doc.Position == "" || !strings.HasPrefix(doc.Stream, "dossier-") || doc.Revision == nil || doc.Why == "" {
		t.Errorf("exit code %d, %s", code, stdout)
	}
}
