package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hoso/infra/proof"
)

// TestMissingAndForeignFiles takes files away or puts others in their place.
// Each time the program refuses in one line that says what to do, and begins
// nothing new over what is there.
func TestMissingAndForeignFiles(t *testing.T) {
	whole := t.TempDir()
	if code, _, stderr := runMain(t, "simulate", "--data", whole, "--dossiers", "10"); code != exitDone {
		t.Fatal(stderr)
	}
	remove := func(names ...string) func(string) error {
		return func(dir string) error {
			for _, name := range names {
				if err := os.Remove(filepath.Join(dir, name)); err != nil {
					return err
				}
			}
			return nil
		}
	}
	for name, c := range map[string]struct {
		spoil   func(dir string) error
		command []string
		says    string
		absent  string // must not have been made
	}{
		"keys gone, writing":  {remove("keys.db"), []string{"rebuild"}, "keys are missing", "keys.db"},
		"keys and master":     {remove("keys.db", "master.key"), []string{"rebuild"}, "keys are missing", "master.key"},
		"keys empty":          {func(dir string) error { return os.WriteFile(filepath.Join(dir, "keys.db"), nil, 0o600) }, []string{"rebuild"}, "keys are missing", ""},
		"signing key gone":    {remove("signing.key"), []string{"root", "--seal"}, "bring it back", "signing.key"},
		"both halves gone":    {remove("signing.key", "signing.pub"), []string{"root", "--seal"}, "bring it back", "signing.key"},
		"another signing key": {anotherSigningKey, []string{"root", "--seal"}, "not the key that signed", ""},
		"keys are rubbish": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "keys.db"), []byte(strings.Repeat("rubbish!", 4096)), 0o600)
		}, []string{"rebuild"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{"master.key", "signing.key"} {
				if err := os.Chmod(filepath.Join(dir, secret), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.spoil(dir); err != nil {
				t.Fatal(err)
			}
			code, _, stderr := runMain(t, append(c.command, "--data", dir)...)
			if code != exitFailed || !strings.Contains(stderr, c.says) {
				t.Errorf("exit %d: %s", code, stderr)
			}
			if strings.Count(stderr, "hoso: ") != 1 || strings.Contains(stderr, "goroutine") {
				t.Errorf("not one line: %s", stderr)
			}
			if c.absent != "" && exists(filepath.Join(dir, c.absent)) {
				t.Errorf("%s was begun anew", c.absent)
			}
		})
	}
}

func anotherSigningKey(dir string) error {
	path := filepath.Join(dir, "signing.key")
	if err := os.Remove(path); err != nil {
		return err
	}
	_, err := proof.CreateSigner(path)
	return err
}
