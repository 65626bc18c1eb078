package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// problems are what hoso status finds wrong with the views, by projection.
func problems(t *testing.T, args ...string) map[string]any {
	t.Helper()
	code, stdout, stderr := runMain(t, append([]string{"status", "--for", "0s"}, args...)...)
	doc := map[string]any{}
	_, inJSON, _ := runMain(t, append([]string{"status", "--json", "--for", "0s"}, args...)...)
	if err := json.Unmarshal([]byte(inJSON), &doc); err != nil {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	found := map[string]any{}
	list, _ := doc["projections"].([]any)
	for _, p := range list {
		p := p.(map[string]any)
		found[p["projection"].(string)] = p["problem"]
		if p["problem"] != nil && p["lag"] == 0.0 {
			t.Errorf("nothing lacks: %v", p)
		}
	}
	if len(found) != 4 || strings.Contains(stderr, "position is not of") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	if wrong := found["dossier"] != nil; (code == exitWrong) != wrong || wrong && strings.Contains(stdout, "up to date") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	return found
}

// TestViewsOfALaterLog: an older log beside the views of a newer one is told, on each engine.
func TestViewsOfALaterLog(t *testing.T) {
	for name, open := range setups(t) {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			l := life{t, open(dir), dir}
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Join(dir, masterFile), strings.Repeat("4f", 32)+"\n")
			l.someone(numberA, nameA)
			backup := filepath.Join(t.TempDir(), "backup")
			l.run("backup", backup)
			for range 3 {
				l.someone(numberB, nameB)
			}
			l.run("rebuild")
			if found := problems(t, l.args...); found["dossier"] != nil {
				t.Errorf("%v", found)
			}
			older := filepath.Join(t.TempDir(), "older")
			r := life{t, open(older), older}
			l.masterTo(older)
			r.run("restore", backup)
			if err := os.CopyFS(filepath.Join(older, "views"), os.DirFS(filepath.Join(dir, "views"))); err != nil {
				t.Fatal(err)
			}
			if found := problems(t, r.args...); found["dossier"] != aheadOfLog || found["times"] != aheadOfLog {
				t.Errorf("%v", found)
			}
			refused(t, "know more than the log", append([]string{"times"}, r.args...)...)
			r.run("rebuild")
			if found := problems(t, r.args...); found["dossier"] != nil {
				t.Errorf("%v", found)
			}
		})
	}
}

// TestViewsOfALogThatWasMoved: after a move the views of before are told as that, in plain words.
func TestViewsOfALogThatWasMoved(t *testing.T) {
	dir, server := simulated(t, "5"), eventStore(t)
	l := life{t, []string{"--data", dir, "--log", server}, dir}
	code, list, stderr := runMain(t, "queue", "H99.01", "unit", "--data", dir)
	if code != exitDone {
		t.Fatal(list, stderr)
	}
	life{t: t}.run("move", "--from", "sqlite:"+dir, "--to", server)
	if found := problems(t, l.args...); found["dossier"] != ofAnotherLog || found["search"] != ofAnotherLog {
		t.Errorf("%v", found)
	}
	for _, command := range [][]string{{"times"}, {"queue", "H99.01"}} {
		code, stdout, stderr := runMain(t, append(command, l.args...)...)
		if code != exitWrong || stdout != "" || !strings.Contains(stderr, "before it was moved") {
			t.Errorf("%v: exit code %d: %s%s", command, code, stdout, stderr)
		}
	}
	if code, _, stderr := runMain(t, append([]string{"lookup", "--id", numberC}, l.args...)...); code != exitWrong || !strings.Contains(stderr, "nobody with this") {
		t.Errorf("lookup: exit code %d: %s", code, stderr)
	}
	l.run("rebuild")
	if found := problems(t, l.args...); found["dossier"] != nil {
		t.Errorf("%v", found)
	}
}
