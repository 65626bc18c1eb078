package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hoso/infra/keys"
)

// TestBackupAndRestore takes a backup from each set of engines and restores it
// into each: the same log, and everybody's data but that of the erased. A was erased
// before; B after, which the old installation still tells; C lives.
func TestBackupAndRestore(t *testing.T) {
	for from, open := range setups(t) {
		t.Run("from "+from, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, masterFile), []byte(strings.Repeat("4f", 32)+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			l := life{t, open(dir), dir}
			a, dossierA := l.someone(numberA, nameA)
			b, dossierB := l.someone(numberB, nameB)
			_, dossierC := l.someone(numberC, nameC)
			l.run("erase", "--id", numberA, "--basis", "test")
			l.run("root", "--seal")
			backup := filepath.Join(t.TempDir(), "backup")
			l.run("backup", backup)
			want := verified(t, l.args...)
			if got := verified(t, "--data", backup); !equalDocs(got, want) {
				t.Errorf("the backup's log: %v\nwant %v", got, want)
			}
			refused(t, "is a backup", "root", "--seal", "--data", backup)
			refused(t, "exists already", append([]string{"backup", backup}, l.args...)...)
			// As if the keys had been copied before the erasure, though the log was copied after.
			entries := keys.ReadFile(t.Context(), filepath.Join(backup, keys.File))
			if gone, err := destroyedIn(entries); err != nil || !gone[a] || gone[b] {
				t.Errorf("destroyed in the backup: %v, %v", gone, err)
			}
			l.run("erase", "--id", numberB, "--basis", "test")
			if l.name(dossierB) != "" || l.name(dossierC) != nameC {
				t.Fatal("the erasure did not erase")
			}
			list := write(t, "erased.txt", "# since\n"+b.String()+"\n")
			old := "sqlite:" + dir
			if at := slices.Index(l.args, "--log"); at > 0 {
				old = l.args[at+1]
			}
			for to, open := range setups(t) {
				tellers := []string{old}
				if to == "sqlite" {
					tellers = []string{"", list, old}
				}
				for _, told := range tellers {
					t.Run(fmt.Sprintf("to %s told by %.8s", to, filepath.Base(told)), func(t *testing.T) {
						dir := filepath.Join(t.TempDir(), "data")
						r := life{t, open(dir), dir}
						refused(t, "master key is missing", append([]string{"restore", backup}, r.args...)...)
						l.masterTo(dir)
						args := append([]string{"restore", backup, "--json"}, r.args...)
						if told != "" {
							args = append(args, "--erasures-from", told)
						}
						doc := answer(t, args...)
						if doc["tree"] != want["tree"] || doc["persons"] == 0.0 {
							t.Errorf("%v", doc)
						}
						if got := verified(t, r.args...); !equalDocs(got, want) {
							t.Errorf("restored: %v\nwant %v", got, want)
						}
						wantB := nameB
						if told != "" {
							wantB = ""
						}
						if a, b, c := r.name(dossierA), r.name(dossierB), r.name(dossierC); a != "" || b != wantB || c != nameC {
							t.Errorf("names %q, %q, %q", a, b, c)
						}
						refusedAgain := append([]string{"restore", backup}, r.args...)
						if code, _, stderr := runMain(t, refusedAgain...); code == exitDone {
							t.Errorf("restored over what is there: %s", stderr)
						}
						r.run("rebuild")
					})
				}
			}
		})
	}
}

// TestRestoreLeavesOutErasedKeys: a copy of the keys that still holds the key of somebody
// whom the log says to be erased does not bring them back, not even into free pages of the file.
func TestRestoreLeavesOutErasedKeys(t *testing.T) {
	dir := simulated(t, "5")
	l := life{t, []string{"--data", dir}, dir}
	person, dossier := l.someone(numberA, nameA)
	before := filepath.Join(t.TempDir(), "keys.db")
	if err := keys.CopyFile(t.Context(), filepath.Join(dir, keys.File), before); err != nil {
		t.Fatal(err)
	}
	l.run("erase", "--id", numberA, "--basis", "test")
	backup := filepath.Join(t.TempDir(), "backup")
	l.run("backup", backup)
	var wrapped []byte
	for e, err := range keys.ReadFile(t.Context(), before) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Person() && e.Subject == person {
			wrapped = e.Wrapped
		}
	}
	// The keys of before the erasure, with a manifest that knows them.
	text, err := os.ReadFile(before)
	if err != nil || len(wrapped) == 0 || !bytes.Contains(text, wrapped) {
		t.Fatal("the old copy does not hold the key", err)
	}
	put(t, filepath.Join(backup, keys.File), string(text))
	m := manifestOf(t, backup)
	if err := m.write(backup); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "data")
	l.masterTo(to)
	r := life{t, []string{"--data", to}, to}
	r.run("restore", backup)
	if name := r.name(dossier); name != "" {
		t.Errorf("%q is back", name)
	}
	if text, err = os.ReadFile(filepath.Join(to, keys.File)); err != nil || bytes.Contains(text, wrapped) {
		t.Errorf("the key lies in the restored file (%v)", err)
	}
}

func manifestOf(t *testing.T, backup string) manifest {
	t.Helper()
	m, err := readManifest(backup)
	if err == nil {
		return m
	}
	if code, _ := judge(err); code != exitWrong { // a spoiled file is no hindrance
		t.Fatal(err)
	}
	return m
}

// TestRestoreRefusesSpoiledBackups: it says what is wrong and touches nothing.
func TestRestoreRefusesSpoiledBackups(t *testing.T) {
	dir := simulated(t, "5")
	l := life{t, []string{"--data", dir}, dir}
	l.run("root", "--seal")
	whole := filepath.Join(t.TempDir(), "backup")
	l.run("backup", whole)
	edit := func(name, old, new string) func(string) {
		return func(dir string) {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil || !bytes.Contains(text, []byte(old)) {
				t.Fatal(name, "lacks", old, err)
			}
			put(t, filepath.Join(dir, name), strings.Replace(string(text), old, new, 1))
		}
	}
	remanifest := func(dir string) {
		if err := manifestOf(t, dir).write(dir); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		spoil func(string)
		code  int
		says  string
	}{
		"no manifest":   {func(dir string) { os.Remove(manifestFile(dir)) }, exitUsage, "is no backup"},
		"log changed":   {edit("log.db", "dossier.submitted", "dossier.submittex"), exitWrong, "log.db is not as it was written"},
		"keys gone":     {func(dir string) { os.Remove(filepath.Join(dir, keys.File)) }, exitWrong, "keys.db"},
		"newer format":  {edit("manifest.json", `"format": 1,`, `"format": 2,`), exitFailed, "format version 2, this program knows version 1"},
		"newer keys":    {edit("manifest.json", `"format": "1"`, `"format": "7"`), exitFailed, "format version 7"},
		"other numbers": {edit("manifest.json", `"events": `, `"events": 1`), exitWrong, "not the one of its manifest"},
		"log changed, and the manifest with it": {func(dir string) {
			edit("log.db", "dossier.submitted", "dossier.submittex")(dir)
			remanifest(dir)
		}, exitWrong, "not sound"},
	} {
		t.Run(name, func(t *testing.T) {
			backup, to := filepath.Join(t.TempDir(), "backup"), filepath.Join(t.TempDir(), "data")
			if err := os.CopyFS(backup, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			c.spoil(backup)
			l.masterTo(to)
			code, _, stderr := runMain(t, "restore", backup, "--data", to)
			if code != c.code || !strings.Contains(stderr, c.says) {
				t.Errorf("exit code %d: %s", code, stderr)
			}
			if left, err := os.ReadDir(to); err != nil || len(left) != 1 {
				t.Errorf("it touched the folder: %v, %v", left, err)
			}
		})
	}
	to := filepath.Join(t.TempDir(), "data")
	l.masterTo(to)
	put(t, filepath.Join(to, masterFile), strings.Repeat("11", 32))
	refused(t, "does not open the keys", "restore", whole, "--data", to)
	l.masterTo(to)
	refused(t, "restore into a folder that holds nothing", "restore", whole, "--data", dir)
}
