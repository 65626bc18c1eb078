package cli

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hoso/infra/porttest"
	"hoso/infra/sqlite"
)

// TestDemoKilledInItsFirstSimulation kills the demo at several points of its
// first simulation. The next one serves a whole story, not what was left.
func TestDemoKilledInItsFirstSimulation(t *testing.T) {
	program := buildProgram(t)
	for name, reached := range map[string]func(dir string) bool{
		"the folder": func(dir string) bool { return exists(filepath.Join(dir, unfinishedFolder)) },
		"a log":      func(dir string) bool { return exists(sqlite.LogFile(filepath.Join(dir, unfinishedFolder))) },
		"dossiers": func(dir string) bool {
			info, err := os.Stat(sqlite.LogFile(filepath.Join(dir, unfinishedFolder)) + "-wal")
			return err == nil && info.Size() > 1<<20
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "given")
			killed := exec.Command(program, "demo", "--data", dir, "--dossiers", "20000", "--addr", porttest.Free(t))
			if err := killed.Start(); err != nil {
				t.Fatal(err)
			}
			for begun := time.Now(); !reached(dir); time.Sleep(time.Millisecond) {
				if time.Since(begun) > time.Minute {
					killed.Process.Kill()
					t.Fatal("the simulation never came so far")
				}
			}
			if err := errors.Join(killed.Process.Kill(), onlyKilled(killed.Wait())); err != nil {
				t.Fatal(err)
			}
			if exists(sqlite.LogFile(dir)) {
				t.Fatal("it came further than this test means: more dossiers are needed")
			}
			next := start(t, program, "--data", dir, "--dossiers", "250")
			d := next.tour
			if d.Delivered == "" || d.Supplement == "" || d.Late == "" || d.Submitted == "" {
				t.Errorf("half a story is served: %+v", d)
			}
			next.stop(t)
			if exists(filepath.Join(dir, unfinishedFolder)) {
				t.Error("the unfinished folder is still there")
			}
			if code, stdout, stderr := runMain(t, "verify", "--data", dir); code != exitDone {
				t.Errorf("verify: exit code %d\n%s%s", code, stdout, stderr)
			}
		})
	}
}

func onlyKilled(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && !exit.Exited() {
		return nil
	}
	return err
}

// TestDemoMovesAWholeSimulationUp: killed between the simulation's end and
// the last of its files' moving up, nothing is simulated again.
func TestDemoMovesAWholeSimulationUp(t *testing.T) {
	dir := t.TempDir()
	building := filepath.Join(dir, unfinishedFolder)
	if code, _, stderr := runMain(t, "simulate", "--data", building, "--dossiers", "10"); code != exitDone {
		t.Fatal(stderr)
	}
	before, err := os.ReadFile(sqlite.LogFile(building))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(building, "keys.db"), filepath.Join(dir, "keys.db")); err != nil {
		t.Fatal(err)
	}
	if err := (&demoCmd{Dossiers: 10, Seed: 1}).prepare(testApp(t, dir)); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(sqlite.LogFile(dir))
	if err != nil || string(after) != string(before) {
		t.Errorf("another log stands in the folder: %v", err)
	}
	if code, stdout, stderr := runMain(t, "verify", "--data", dir); code != exitDone || exists(building) {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
}

// TestDemoDeletesNobodysFiles: what the demo did not make stays, whatever
// folder it lies in, and stops the demo.
func TestDemoDeletesNobodysFiles(t *testing.T) {
	for name, c := range map[string]struct {
		file  string
		marks bool // as a demo marks its unfinished folder
	}{
		"keys without their log":             {"keys.db", false},
		"a stray file beside the demo's":     {unfinishedFolder + "/dossiers.pdf", true},
		"a folder that only bears the name":  {unfinishedFolder + "/dossiers.pdf", false},
		"keys in one that bears only a name": {unfinishedFolder + "/keys.db", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, c.file)
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			if c.marks {
				put(t, unfinishedMark(filepath.Dir(file)), "")
				put(t, filepath.Join(filepath.Dir(file), "log.db"), "half a log")
			}
			put(t, file, "somebody's")
			if err := (&demoCmd{Dossiers: 10, Seed: 1}).prepare(testApp(t, dir)); err == nil {
				t.Error("the demo went on")
			}
			if text, err := os.ReadFile(file); err != nil || string(text) != "somebody's" {
				t.Errorf("%s is lost: %q, %v", c.file, text, err)
			}
		})
	}
}

// TestNothingElseWritesInAnUnfinishedFolder: so no real dossier can be in what
// the next demo deletes.
func TestNothingElseWritesInAnUnfinishedFolder(t *testing.T) {
	dir := t.TempDir()
	put(t, unfinishedMark(dir), "")
	log := write(t, "log.xes", importLog)
	for _, command := range [][]string{{"simulate", "--dossiers", "3"}, {"import", "--mapping", "receipt", log}} {
		code, _, stderr := runMain(t, append(command, "--data", dir)...)
		if code != exitFailed || exists(sqlite.LogFile(dir)) || !strings.Contains(stderr, "demo is being made") {
			t.Errorf("%s: exit code %d, %s", command[0], code, stderr)
		}
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func testApp(t *testing.T, dir string) *app {
	t.Helper()
	return &app{Config: Config{Data: dir}, ctx: t.Context(), stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, env: func(string) string { return "" }}
}

// TestDiscardUnfinished: a kill while a database is made leaves its journal, which is the demo's.
func TestDiscardUnfinished(t *testing.T) {
	building := filepath.Join(t.TempDir(), "unfinished")
	if err := os.Mkdir(building, 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, unfinishedMark(building), "")
	for _, name := range []string{"log.db", "log.db-journal", "keys.db", "keys.db-journal"} {
		put(t, filepath.Join(building, name), "x")
	}
	if err := discardUnfinished(building); err != nil || exists(building) {
		t.Errorf("%v, left: %t", err, exists(building))
	}
}
