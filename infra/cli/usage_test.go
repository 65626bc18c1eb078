package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRefusals: every refusal is one line on standard error that says what to
// do, nothing on standard output, and the exit code of its kind.
func TestRefusals(t *testing.T) {
	empty := t.TempDir()
	junk := filepath.Join(t.TempDir(), "junk")
	if err := os.MkdirAll(junk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(junk, "log.db"), []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	table := write(t, "short.csv", "date,type\n")
	for _, tc := range []struct {
		args string
		code int
		says string
	}{
		{"", exitUsage, "--help"},
		{"bogus", exitUsage, "--help"},
		{"lookup", exitUsage, "--id"},
		{"lookup X --id 001099000001", exitUsage, "--id"},
		{"lookup --id 12", exitUsage, "12 digits"},
		{"lookup X --data " + empty, exitFailed, "--data"},
		{"lookup X --data " + junk, exitFailed, "no event log"},
		{"replay X --at yesterday", exitUsage, "2026-11-22T15:04"},
		{"replay X --axis sideways", exitUsage, "recorded"},
		{"times --by colour", exitUsage, "procedure, agency, month"},
		{"times --from 22.11.2026", exitUsage, "2026-11-22"},
		{"times --data " + empty, exitFailed, "--data"},
		{"rebuild --data " + empty, exitFailed, "--data"},
		{"verify --data " + empty, exitFailed, "--data"},
		{"verify --key /no/such/file", exitUsage, "--key"},
		{"verify --against zzz", exitUsage, "hoso-root"},
		{"root --data " + empty, exitFailed, "--data"},
		{"root --seal --data " + empty, exitFailed, "--data"},
		{"erase --id 001099000001 --data " + empty, exitUsage, "--basis"},
		{"erase --id 001099000001 --basis law --data " + empty, exitFailed, "--data"},
		{"erase --id 1 --basis law --data " + empty, exitUsage, "12 digits"},
		{"simulate --dossiers 0 --data " + empty, exitUsage, "at least 1"},
		{"simulate --dossiers many --data " + empty, exitUsage, "--dossiers"},
		{"simulate --to 2999-01-01 --data " + empty, exitUsage, "--to"},
		{"holidays add /no/such/file --data " + empty, exitUsage, "/no/such/file"},
		{"holidays add " + table + " --data " + empty, exitUsage, "date,type,name_vi,source_confidence"},
		{"serve --addr nowhere --data " + empty, exitUsage, "127.0.0.1:8080"},
		{"serve --token-key /no/such/file --data " + empty, exitUsage, "--token-key"},
		{"serve --root-interval 1ms --data " + empty, exitUsage, "--root-interval"},
		{"demo --dossiers 0 --data " + empty, exitUsage, "--dossiers"},
	} {
		code, stdout, stderr := runMain(t, strings.Fields(tc.args)...)
		if code != tc.code {
			t.Errorf("hoso %s: exit code %d, want %d (%s)", tc.args, code, tc.code, stderr)
		}
		if stdout != "" {
			t.Errorf("hoso %s: standard output %q", tc.args, stdout)
		}
		if !strings.HasPrefix(stderr, "hoso: ") || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, tc.says) {
			t.Errorf("hoso %s: want one line that says %q, got %q", tc.args, tc.says, stderr)
		}
	}
	if left, err := os.ReadDir(empty); err != nil || len(left) > 0 {
		t.Errorf("refused commands left %v behind, %v", left, err)
	}
}

// TestHelp: each subcommand explains itself, and names what --json answers.
func TestHelp(t *testing.T) {
	code, stdout, _ := runMain(t, "--help")
	if code != exitDone {
		t.Fatalf("exit code %d", code)
	}
	for _, name := range strings.Fields("serve demo import lookup replay times rebuild verify root erase simulate holidays") {
		if !strings.Contains(stdout, "\n  "+name) {
			t.Errorf("hoso --help does not tell of %s", name)
		}
		args := []string{name, "--help"}
		if name == "holidays" {
			args = []string{name, "add", "--help"}
		}
		code, help, stderr := runMain(t, args...)
		if code != exitDone || stderr != "" || len(help) < 300 {
			t.Errorf("hoso %v: exit code %d, %q", args, code, help)
		}
		if name != "serve" && !strings.Contains(help, "--json gives") {
			t.Errorf("hoso %v does not tell the fields of --json", args)
		}
	}
}

func TestFlagsFromTheEnvironment(t *testing.T) {
	env := func(name string) string {
		return map[string]string{"HOSO_DATA": "/no/such/folder", "HOSO_BY": "colour"}[name]
	}
	var out, errs strings.Builder
	if code := Main(t.Context(), []string{"root"}, strings.NewReader(""), &out, &errs, env); code != exitFailed || !strings.Contains(errs.String(), "/no/such/folder") {
		t.Errorf("HOSO_DATA is not heard: %d, %s", code, errs.String())
	}
	errs.Reset()
	if code := Main(t.Context(), []string{"times"}, strings.NewReader(""), &out, &errs, env); code != exitUsage || !strings.Contains(errs.String(), "colour") {
		t.Errorf("HOSO_BY is not heard: %d, %s", code, errs.String())
	}
	errs.Reset()
	if code := Main(t.Context(), []string{"root", "--data", "/another"}, strings.NewReader(""), &out, &errs, env); code != exitFailed || !strings.Contains(errs.String(), "/another") {
		t.Errorf("the command line does not go before the environment: %d, %s", code, errs.String())
	}
}
