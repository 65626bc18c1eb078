package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"hoso/infra/keys"
	"hoso/infra/proof"
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

// TestFilesOfFlagsThatAreFiles: of a flag that is a file's name the variable with _FILE says
// the same, and no key is shown where its content was given for its name.
func TestFilesOfFlagsThatAreFiles(t *testing.T) {
	dir := filepath.Dir(write(t, "x", ""))
	data, file := filepath.Join(dir, "data"), filepath.Join(dir, "signing.key")
	run := func(env map[string]string, args ...string) (int, string) {
		var said strings.Builder
		code := Main(t.Context(), append(args, "--data", data), strings.NewReader(""), &said, &said, func(name string) string { return env[name] })
		return code, said.String()
	}
	if code, said := run(nil, "simulate", "--dossiers", "2", "--to", "2026-10-01"); code != exitDone {
		t.Fatal(said)
	}
	if _, err := proof.CreateSigner(file); err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// It is read as a key: another one than signs here.
	if code, said := run(map[string]string{"HOSO_SIGNING_KEY_FILE": file}, "root", "--seal"); code != exitFailed || !strings.Contains(said, "is not the key that signed") {
		t.Errorf("exit code %d: %s", code, said)
	}
	if code, said := run(map[string]string{"HOSO_SIGNING_KEY_FILE": file, "HOSO_SIGNING_KEY": file}, "root", "--seal"); code != exitUsage || !strings.Contains(said, "both set") {
		t.Errorf("exit code %d: %s", code, said)
	}
	for _, c := range []struct {
		env  map[string]string
		args []string
	}{
		{map[string]string{"HOSO_SIGNING_KEY": string(pem)}, []string{"serve", "--addr", "127.0.0.1:0"}},
		{map[string]string{"HOSO_SIGNING_KEY_FILE": string(pem)}, []string{"root", "--seal"}},
		{map[string]string{"HOSO_TOKEN_KEY": string(pem)}, []string{"serve", "--addr", "127.0.0.1:0"}},
		{map[string]string{"HOSO_NEW": string(pem)}, []string{"keys", "rotate"}},
		{map[string]string{"HOSO_KEYS_FILE": file}, []string{"root", "--seal"}},
		{nil, []string{"serve", "--addr", "127.0.0.1:0", "--signing-key", string(pem)}},
		{nil, []string{"serve", "--addr", "127.0.0.1:0", "--token-key=" + string(pem)}},
		{nil, []string{"verify", "--key", string(pem)}},
	} {
		code, said := run(c.env, c.args...)
		if code != exitUsage || !strings.Contains(said, "more than one line") || strings.Contains(said, "PRIVATE KEY") || strings.Contains(said, string(pem[40:60])) {
			t.Errorf("%v: exit code %d, %q", c.args[0], code, said)
		}
	}
}
