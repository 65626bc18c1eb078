package cli

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"hoso/domain"
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
