package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// Deleting the views and restarting gives the same
// answers, byte for byte; so does the same log under a newer holiday file.
func TestRebuiltViewsAnswerTheSame(t *testing.T) {
	t.Parallel()
	from, err := simulate("rebuilt", 120)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "data")
	copyFolder(t, from, dir)
	before := answersOf(t, program, dir)
	t.Logf("%d answers, %d of them documents of views", len(before), strings.Count(before["documents"], "\n")+1)
	forgetViews(t, dir)
	sameAnswers(t, "after the views were deleted", before, answersOf(t, program, dir))

	newer := programWithNewerHolidays(t)
	sameAnswers(t, "under a newer holiday file", before, answersOf(t, newer, dir))
	forgetViews(t, dir)
	sameAnswers(t, "under a newer holiday file, the views deleted", before, answersOf(t, newer, dir))

	old, now := calendarsOf(t, program), calendarsOf(t, newer)
	if old == now {
		t.Error("the newer program ships the same holidays: this test compares nothing")
	}
}

func forgetViews(t *testing.T, dir string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(dir, "views")); err != nil {
		t.Fatal(err)
	}
}

// programWithNewerHolidays builds the program with another embedded holiday
// file: every weekday of a month off, and days that were off not any more.
func programWithNewerHolidays(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	shipped, err := filepath.Abs("../starter/holidays.csv")
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(table)) {
		if !strings.HasPrefix(line, "2026-09") && !strings.HasPrefix(line, "2026-10") {
			lines = append(lines, line)
		}
	}
	for _, month := range []string{"2026-09-", "2026-10-"} {
		for _, day := range strings.Fields("07 08 09 14 15 16 21 22 23") {
			lines = append(lines, month+day+",off,Nghỉ thử,test\n")
		}
	}
	changed, overlay := filepath.Join(dir, "holidays.csv"), filepath.Join(dir, "overlay.json")
	text, err := json.Marshal(map[string]map[string]string{"Replace": {shipped: changed}})
	if err == nil {
		err = os.WriteFile(changed, []byte(strings.Join(lines, "")), 0o644)
	}
	if err == nil {
		err = os.WriteFile(overlay, text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "hoso-newer")
	if out, err := build(path, "-overlay", overlay); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// calendarsOf are the calendars that a program brings into an empty folder.
func calendarsOf(t *testing.T, path string) (text string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "empty")
	s := launch(t, path, dir)
	s.waitReady()
	s.stop()
	for _, e := range readLog(t, dir) {
		if e.typ == "calendar.published" {
			text += string(e.data)
		}
	}
	return text
}
