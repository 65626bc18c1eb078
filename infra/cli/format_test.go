package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"zombiezen.com/go/sqlite/sqlitex"

	zs "zombiezen.com/go/sqlite"

	"hoso/infra/keys"
	"hoso/infra/sqlite"
)

// TestNewerFormats: a file that a newer program wrote is refused by naming both
// versions, and not a byte of it changes; views are built anew instead.
func TestNewerFormats(t *testing.T) {
	whole := simulated(t, "5")
	for name, c := range map[string]struct {
		file, change string
		commands     [][]string
		says         string
	}{
		"log": {"log.db", "PRAGMA user_version = 2", [][]string{{"rebuild"}, {"times"}, {"move", "--to", "sqlite:" + filepath.Join(whole, "x")}},
			"format version 2, this program knows version 1"},
		"keys": {keys.File, "UPDATE about SET value = '2' WHERE name = 'format'", [][]string{{"rebuild"}, {"times"}, {"keys", "rotate"}, {"backup", filepath.Join(t.TempDir(), "b")}},
			"format version 2, this program knows version 1"},
		"no keys at all": {keys.File, "DROP TABLE about", [][]string{{"rebuild"}, {"times"}}, "about"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			for _, secret := range []string{"master.key", "signing.key"} {
				if err := os.Chmod(filepath.Join(dir, secret), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			conn, err := zs.OpenConn(filepath.Join(dir, c.file), zs.OpenReadWrite)
			if err != nil {
				t.Fatal(err)
			}
			if err := sqlitex.ExecuteTransient(conn, c.change, nil); err != nil {
				t.Fatal(err)
			}
			if err := conn.Close(); err != nil {
				t.Fatal(err)
			}
			if err := sqlite.Settle(filepath.Join(dir, c.file)); err != nil {
				t.Fatal(err)
			}
			before, err := os.ReadFile(filepath.Join(dir, c.file))
			if err != nil {
				t.Fatal(err)
			}
			for _, command := range c.commands {
				if command[0] == "move" {
					command = append(command, "--from", "sqlite:"+dir)
				}
				refused(t, c.says, append(command, "--data", dir)...)
			}
			if after, err := os.ReadFile(filepath.Join(dir, c.file)); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the file was changed (%v)", err)
			}
		})
	}
}
