package cli

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"hoso/domain"
	"hoso/domain/calendar"
	"hoso/infra/sqlite"
)

// simulated is a folder with some simulated dossiers.
func simulated(t *testing.T, dossiers string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	doc := answer(t, "simulate", "--data", dir, "--dossiers", dossiers, "--seed", "4", "--json")
	for _, field := range []string{"dossiers", "commands", "refused", "events", "seconds"} {
		if _, ok := doc[field]; !ok {
			t.Fatalf("simulate --json lacks %s: %v", field, doc)
		}
	}
	if refused := doc["refused"].(map[string]any); len(refused) > 0 {
		t.Fatalf("refused: %v", refused)
	}
	return dir
}

// answer runs a command that answers one JSON object.
func answer(t *testing.T, args ...string) map[string]any {
	t.Helper()
	code, stdout, stderr := runMain(t, args...)
	doc := map[string]any{}
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil || code != exitDone {
		t.Fatalf("hoso %v: exit code %d, %v\n%s%s", args, code, err, stdout, stderr)
	}
	return doc
}

// codes are the codes of some dossiers, from the log.
func codes(t *testing.T, dir string, limit int) (out []string) {
	t.Helper()
	a := &app{Config: Config{Data: dir}, ctx: t.Context(), stderr: os.Stderr, env: func(string) string { return "" }}
	r, err := a.openReading()
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	ids, err := r.scan(t.Context(), func(domain.Event) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range slices.Compact(ids) {
		past, err := r.newest(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if len(out) < limit && !slices.Contains(out, past.Dossier.Code) {
			out = append(out, past.Dossier.Code)
		}
	}
	return out
}

func has(t *testing.T, what string, doc map[string]any, fields string) {
	t.Helper()
	for f := range strings.FieldsSeq(fields) {
		if _, ok := doc[f]; !ok {
			t.Errorf("%s lacks %s: %v", what, f, doc)
		}
	}
}

func TestAnswersAsJSON(t *testing.T) {
	dir := simulated(t, "40")
	for _, code := range codes(t, dir, 5) {
		doc := answer(t, "lookup", "--data", dir, "--json", strings.ToLower(code))
		has(t, "lookup", doc, "code status status_number procedure procedure_name agency submitted_at due_date revision erased obligations")
		if doc["code"] != code {
			t.Errorf("looked up %s, found %v", code, doc["code"])
		}
		replay := answer(t, "replay", "--data", dir, "--json", code)
		has(t, "replay", replay, "code revision head state events")
		if events := replay["events"].([]any); float64(len(events)) != replay["revision"].(float64)+1 || replay["revision"] != doc["revision"] {
			t.Errorf("%s: %d events at revision %v, lookup says %v", code, len(events), replay["revision"], doc["revision"])
		} else if first := events[0].(map[string]any); first["vi"] != "Nộp hồ sơ" || first["en"] != "Submitted" {
			t.Errorf("the first event reads %v", first)
		}
		then := answer(t, "replay", "--data", dir, "--json", "--revision", "0", code)
		if state := then["state"].(map[string]any); state["status"] != "submitted" || then["revision"] != 0.0 {
			t.Errorf("%s at its first event: %v", code, state)
		}
	}
	times := answer(t, "times", "--data", dir, "--json")
	groups := times["groups"].([]any)
	has(t, "times", groups[0].(map[string]any), "by received decided decided_late delivered delivered_late open steps")
	if n := groups[0].(map[string]any)["received"]; len(groups) != 1 || n != 40.0 {
		t.Errorf("%d groups, %v received", len(groups), n)
	}
	if by := answer(t, "times", "--data", dir, "--json", "--by", "agency,month"); len(by["groups"].([]any)) < 4 {
		t.Errorf("by agency and month: %v", by)
	}
	has(t, "rebuild", answer(t, "rebuild", "--data", dir, "--json"), "events seconds")
	has(t, "root", answer(t, "root", "--data", dir, "--json"), "root log_id size hash at key")
	verify := answer(t, "verify", "--data", dir, "--json")
	has(t, "verify", verify, "ok events streams roots after_last_root")
	if verify["ok"] != true || verify["roots"].(float64) < 30 {
		t.Errorf("verify: %v", verify)
	}
}

func TestNotFound(t *testing.T) {
	dir := simulated(t, "3")
	for _, args := range [][]string{
		{"lookup", "H99.31-200101-0001"}, {"replay", "nothing"}, {"lookup", "--id", "001099000001"},
		{"replay", codes(t, dir, 1)[0], "--revision", "999"}, {"replay", codes(t, dir, 1)[0], "--at", "2001-01-01"},
		{"erase", "--id", "001099000001", "--basis", "law"},
	} {
		code, stdout, stderr := runMain(t, append(args, "--data", dir)...)
		if code != exitWrong || stdout != "" || !strings.HasPrefix(stderr, "hoso: ") {
			t.Errorf("hoso %v: exit code %d, %q, %q", args, code, stdout, stderr)
		}
	}
	code, stdout, _ := runMain(t, "lookup", "--id", "001099000001", "--json", "--data", dir)
	if code != exitWrong || strings.TrimSpace(stdout) != "[]" {
		t.Errorf("lookup --id --json of nobody: exit code %d, %q", code, stdout)
	}
}

// TestReadingCommandsRunBesideAWriterAndWriteNothing: a second writer is refused.
func TestReadingCommandsRunBesideAWriterAndWriteNothing(t *testing.T) {
	dir := simulated(t, "5")
	one := codes(t, dir, 1)[0]
	log, err := sqlite.OpenLog(dir, sqlite.LogOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	for _, args := range [][]string{{"simulate"}, {"rebuild"}, {"erase", "--id", "001099000001", "--basis", "law"}, {"root", "--seal"}, {"serve", "--addr", "127.0.0.1:0"}} {
		code, _, stderr := runMain(t, append(args, "--data", dir)...)
		if code != exitFailed || !strings.Contains(stderr, "in use by the process with pid") {
			t.Errorf("hoso %v beside a writer: exit code %d, %s", args, code, stderr)
		}
	}
	before := contents(t, dir)
	for _, args := range [][]string{{"lookup", one}, {"replay", one}, {"times"}, {"verify"}, {"root"}} {
		if code, _, stderr := runMain(t, append(args, "--data", dir)...); code != exitDone {
			t.Errorf("hoso %v beside a writer: exit code %d, %s", args, code, stderr)
		}
	}
	after := contents(t, dir)
	for name, bytes := range after {
		if before[name] != bytes {
			t.Errorf("%s changed under commands that only read", name)
		}
	}
}

// contents are the files of a folder, but for SQLite's shared memory.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "-shm") || strings.HasSuffix(path, "-wal") {
			return err
		}
		text, err := os.ReadFile(path)
		out[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestLookupIsRightWhereViewsAreMissing: the log answers.
func TestLookupIsRightWhereViewsAreMissing(t *testing.T) {
	dir := simulated(t, "8")
	one := codes(t, dir, 1)[0]
	_, want, _ := runMain(t, "lookup", "--data", dir, "--json", one)
	if err := os.RemoveAll(filepath.Join(dir, "views")); err != nil {
		t.Fatal(err)
	}
	code, got, stderr := runMain(t, "lookup", "--data", dir, "--json", one)
	if code != exitDone || got != want || !strings.Contains(stderr, "hoso rebuild") {
		t.Errorf("exit code %d, %s\n%s\nwant\n%s", code, stderr, got, want)
	}
	if code, _, stderr := runMain(t, "times", "--data", dir); code != exitFailed || !strings.Contains(stderr, "hoso rebuild") {
		t.Errorf("times without views: exit code %d, %s", code, stderr)
	}
}

// TestNewerHolidaysChangeNoEarlierAnswer is done-line 5's second half.
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
