package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"hoso/infra/keys"
)

// TestSecretsFromFiles: every variable can name a file, and a refusal never
// shows what is in it.
func TestSecretsFromFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	run := func(env map[string]string, args ...string) (int, string) {
		var errs strings.Builder
		code := Main(t.Context(), args, strings.NewReader(""), io.Discard, &errs, func(name string) string { return env[name] })
		return code, errs.String()
	}
	data := filepath.Join(dir, "data")
	master := strings.Repeat("a7", 32)
	withMaster := map[string]string{"HOSO_MASTER_KEY_FILE": file("master", master+"\n"), "HOSO_DATA_FILE": file("where", data+"\n")}
	if code, said := run(withMaster, "simulate", "--dossiers", "2", "--to", "2026-10-01"); code != exitDone {
		t.Fatalf("%d: %s", code, said)
	}
	if exists(filepath.Join(data, masterFile)) || !exists(filepath.Join(data, keys.File)) {
		t.Error("the master key did not come from its file, or the data folder not from its own")
	}
	secret := file("keys", "postgres-with-secret://user:hunter2@host/db")
	for _, c := range []struct {
		env  map[string]string
		says string
	}{
		{map[string]string{"HOSO_KEYS_FILE": secret, "HOSO_MASTER_KEY": master, "HOSO_DATA": data}, "--keys"},
		{map[string]string{"HOSO_KEYS_FILE": secret, "HOSO_KEYS": "postgres://a"}, "both set"},
		{map[string]string{"HOSO_LOG_FILE": filepath.Join(dir, "nowhere")}, "HOSO_LOG_FILE"},
		{map[string]string{"HOSO_MASTER_KEY_FILE": file("empty", "\n"), "HOSO_DATA": data}, "is empty"},
		{map[string]string{"HOSO_MASTER_KEY_FILE": secret, "HOSO_DATA": data}, "64 hex digits"},
	} {
		code, said := run(c.env, "simulate", "--dossiers", "1")
		if code == exitDone || !strings.Contains(said, c.says) || strings.Contains(said, "hunter2") || strings.Count(said, "\n") != 1 {
			t.Errorf("%v: exit code %d, %q; want it to say %q", c.env, code, said, c.says)
		}
	}
}

// TestNoFlagIsAnothersFile: --x-file would be the file of --x.
func TestNoFlagIsAnothersFile(t *testing.T) {
	parser, err := kong.New(&commandLine{})
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range append([]*kong.Node{parser.Model.Node}, parser.Model.Leaves(false)...) {
		for _, f := range node.Flags {
			if strings.HasSuffix(variable(f.Name), "_FILE") {
				t.Errorf("%s: --%s reads a variable that names a file", node.Name, f.Name)
			}
		}
	}
}
