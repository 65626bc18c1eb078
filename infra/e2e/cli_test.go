package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// The contract of the command line: exit codes, one line that
// says what to do, answers on standard output, documented JSON.

// smallData is a folder of one's own with a few simulated dossiers.
func smallData(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	must(t, "simulate", "--data", dir, "--dossiers", "25", "--seed", "3", "--json")
	return dir
}

// expect runs the program and holds exit code and manners against the contract.
func expect(t *testing.T, code int, args ...string) answer {
	t.Helper()
	a := hoso(t, args...)
	if a.code != code {
		t.Errorf("hoso %s: exit %d, expected %d\n%s%s", strings.Join(args, " "), a.code, code, clip(a.stdout), clip(a.stderr))
	}
	if code >= 2 {
		lines := strings.Split(strings.TrimSpace(a.stderr), "\n")
		if a.stdout != "" || len(lines) != 1 || len(lines[0]) < 20 {
			t.Errorf("hoso %s is not refused in one line on standard error: %q %q", strings.Join(args, " "), clip(a.stdout), clip(a.stderr))
		}
	}
	return a
}

func TestHelpAndUsage(t *testing.T) {
	t.Parallel()
	commands := []string{"serve", "demo", "import", "lookup", "replay", "times", "rebuild", "verify", "root", "erase", "simulate", "holidays"}
	overview := expect(t, 0, "--help")
	for _, c := range commands {
		if !strings.Contains(overview.stdout, c) {
			t.Errorf("--help does not tell of %s", c)
		}
		if a := expect(t, 0, c, "--help"); len(a.stdout) < 100 || a.stderr != "" {
			t.Errorf("%s --help: %q %q", c, a.stdout, a.stderr)
		}
		expect(t, 2, c, "--no-such-flag")
	}
	dir := t.TempDir()
	for _, args := range [][]string{
		{}, {"nonsense"}, {"lookup"}, {"lookup", "H99.31-260101-0001", "--id", "001085000001"}, {"lookup", "--id", "12"}, {"replay"}, {"replay", "x", "--at", "yesterday"},
		{"replay", "x", "--revision", "-1"}, {"replay", "x", "--axis", "sideways"}, {"times", "--by", "colour"}, {"times", "--from", "32.13.2026"},
		{"erase"}, {"erase", "--id", "12", "--basis", "x"}, {"erase", "--id", "001085000001"}, {"simulate", "--dossiers", "0"}, {"simulate", "--days", "0"}, {"simulate", "--to", "2999-01-01"},
		{"import", "--mapping", "no-such-mapping", "no-such-file"}, {"import", "--mapping", "receipt", filepath.Join(dir, "no-such-file")}, {"import", "--mapping", "receipt", dir},
		{"import", "--format", "csv", "--mapping", "receipt", "x"}, {"holidays", "add", filepath.Join(dir, "none.csv")}, {"serve", "--root-interval", "1ms"},
		{"serve", "--token-key", filepath.Join(dir, "none.pub")}, {"serve", "--addr", "127.0.0.1:0", "--signing-key", filepath.Join(dir, "none.key")},
		{"verify", "--key", filepath.Join(dir, "none.pub")}, {"verify", "--against", "hoso-root:1:nonsense"},
	} {
		expect(t, 2, append(args, "--data", filepath.Join(dir, "data"))...)
	}
}

func TestFoldersThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	readers := [][]string{{"lookup", "H99.31-260101-0001"}, {"lookup", "--id", "001085000001"}, {"replay", "H99.31-260101-0001"}, {"times"}, {"verify"}, {"root"}, {"rebuild"}, {"erase", "--id", "001085000001", "--basis", "x"}}
	for _, args := range readers {
		for _, dir := range []string{empty, filepath.Join(empty, "missing")} {
			expect(t, 3, append(args, "--data", dir)...)
		}
	}
	if left, _ := os.ReadDir(empty); len(left) > 0 {
		t.Errorf("reading an empty folder left %v in it", left)
	}
	small := smallData(t)
	writers := [][]string{{"rebuild"}, {"simulate", "--dossiers", "1"}, {"erase", "--id", "001085000001", "--basis", "x"}, {"serve", "--addr", "127.0.0.1:0"}}
	all := slices.Concat(readers, writers)
	damage := map[string]func(t *testing.T, dir string){
		"a newer format": func(t *testing.T, dir string) { execLog(t, dir, "PRAGMA user_version = 2") },
		"another application's file": func(t *testing.T, dir string) {
			execLog(t, dir, "PRAGMA application_id = 7")
		},
		"no SQLite file": func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "log.db"), strings.Repeat("This is no log at all. ", 1000))
		},
		"a master key that others can read": func(t *testing.T, dir string) {
			if err := os.Chmod(filepath.Join(dir, "master.key"), 0o644); err != nil {
				t.Fatal(err)
			}
		},
		"another master key": func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "master.key"), strings.Repeat("ab", 32)+"\n")
		},
		"no master key": func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, "master.key")) },
	}
	for name, harm := range damage {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			copyFolder(t, small, dir)
			harm(t, dir)
			before := folderFiles(t, dir)["log.db"]
			for _, args := range all {
				code := 3
				if strings.Contains(name, "master") && (args[0] == "verify" || args[0] == "root") {
					code = 0 // they need no keys
				} else if args[0] == "verify" {
					code = 1 // that is what it is to find
				}
				expect(t, code, append(args, "--data", dir)...)
			}
			if string(before) != string(folderFiles(t, dir)["log.db"]) {
				t.Error("a refused command changed the log")
			}
		})
	}
}

func execLog(t *testing.T, dir, statement string) {
	t.Helper()
	conn, err := sqlite.OpenConn(filepath.Join(dir, "log.db"), sqlite.OpenReadWrite)
	if err == nil {
		defer conn.Close()
		err = sqlitex.ExecuteTransient(conn, statement, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestJSONContract: the fields that were promised are there, whatever else is.
func TestJSONContract(t *testing.T) {
	t.Parallel()
	dir := smallData(t)
	log := readLog(t, dir)
	code := codesOf(t, log)[0]
	number := ""
	for _, s := range secrets(t, dir) {
		if strings.HasSuffix(s.field, "Owner IDNumber") {
			number = s.text
		}
	}
	holidays := filepath.Join(t.TempDir(), "2028.csv")
	write(t, holidays, "date,type,name_vi,source_confidence\n2028-01-01,off,Tết Dương lịch,official\n")
	step := "step count working_minutes.p50 working_minutes.p90 working_minutes.p99 wall_seconds.p50 wall_seconds.p90 wall_seconds.p99"
	group := "by received decided decided_late delivered delivered_late open steps"
	for i := range strings.Fields(step) {
		group += " steps.0." + strings.Fields(step)[i]
	}
	for _, tt := range []struct {
		fields string
		args   []string
	}{
		{"ok events streams roots after_last_root", []string{"verify"}},
		{"groups.0." + strings.Join(strings.Fields(group), " groups.0."), []string{"times"}},
		{"groups.0.by.procedure groups.0.by.agency groups.0.by.month", []string{"times", "--by", "procedure,agency,month"}},
		{"code status status_number procedure submitted_at revision", []string{"lookup", code}},
		{"0.code 0.status 0.status_number 0.procedure", []string{"lookup", "--id", number}},
		{"code revision state.status events.0.revision events.0.type events.0.at events.0.by events.0.vi events.0.en", []string{"replay", code}},
		{"root log_id size hash at key", []string{"root"}},
		{"events seconds", []string{"rebuild"}},
		{"calendars.0.id calendars.0.version calendars.0.changed calendars.0.added.0", []string{"holidays", "add", holidays}},
		{"dossiers commands.submit refused events seconds", []string{"simulate", "--data", filepath.Join(t.TempDir(), "more"), "--dossiers", "3"}},
	} {
		a := hoso(t, append(append([]string{"--data", dir}, tt.args...), "--json")...)
		var doc any
		if err := json.Unmarshal([]byte(a.stdout), &doc); err != nil || a.code != 0 {
			t.Errorf("%v: exit %d, %v: %s%s", tt.args, a.code, err, clip(a.stdout), a.stderr)
			continue
		}
		for field := range strings.FieldsSeq(tt.fields) {
			if !has(doc, strings.Split(field, ".")) {
				t.Errorf("%v --json has no field %s: %s", tt.args, field, clip(a.stdout))
			}
		}
	}
	expect(t, 1, "lookup", "--data", dir, "H99.31-200101-9999")
	expect(t, 1, "replay", "--data", dir, "H99.31-200101-9999", "--json")
	expect(t, 1, "replay", "--data", dir, code, "--revision", "9999", "--json")
	expect(t, 1, "replay", "--data", dir, code, "--at", "2001-01-01", "--json")
	if a := expect(t, 1, "lookup", "--data", dir, "--id", "001085999999", "--json"); strings.TrimSpace(a.stdout) != "[]" {
		t.Errorf("look-up without a hit: %q", a.stdout)
	}
	expect(t, 1, "erase", "--data", dir, "--id", "001085999999", "--basis", "x")
}

// has reports whether a document has a member at a path; a number is an index.
func has(doc any, path []string) bool {
	if len(path) == 0 {
		return doc != nil
	}
	switch d := doc.(type) {
	case map[string]any:
		v, ok := d[path[0]]
		return ok && has(v, path[1:])
	case []any:
		return path[0] == "0" && len(d) > 0 && has(d[0], path[1:])
	}
	return false
}
