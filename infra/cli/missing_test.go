package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	zs "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/commands"
	"hoso/domain"
	"hoso/infra/proof"
	"hoso/infra/sqlite"
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

// TestVerifyTellsChangedNumbersAsTheyStand: a changed revision may be negative.
func TestVerifyTellsChangedNumbersAsTheyStand(t *testing.T) {
	dir := simulated(t, "5")
	conn, err := zs.OpenConn(sqlite.LogFile(dir), zs.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	err = sqlitex.ExecuteTransient(conn, "UPDATE events SET revision = -7 WHERE position = 20", nil)
	if err := errors.Join(err, conn.Close()); err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"--json", "--log-format=text"} {
		code, stdout, _ := runMain(t, "verify", "--data", dir, flag)
		if code != exitWrong || !strings.Contains(strings.ReplaceAll(stdout, `"revision": `, "revision "), "revision -7") || strings.Contains(stdout, "1844") {
			t.Errorf("exit code %d: %s", code, stdout)
		}
	}
}

// TestVerifyTellsATornTransactionFromOtherDamage: it is wrong all the same.
func TestVerifyTellsATornTransactionFromOtherDamage(t *testing.T) {
	dir, copied := simulated(t, "5"), t.TempDir()
	s, err := testApp(t, dir).openStack(stackOptions{})
	if err != nil {
		t.Fatal(err)
	}
	officer := commands.Request{Actor: domain.Actor{Role: domain.IntakeOfficer, Agency: "H99.01", ID: "officer-1"}, ID: uuid.New()}
	_, err = s.handler.Submit(t.Context(), officer, domain.SubmitDossier{
		Procedure: "1.115784", Agency: "H99.01", Channel: domain.Direct,
		Submitter: domain.PersonInput{Kind: domain.Citizen, Name: "Nguyễn Thị Mẫu", Address: "1 Phố Mẫu"}, Receiving: domain.ReceivingInput{Way: domain.AtCounter},
	})
	if err != nil {
		t.Fatal(err)
	}
	wal, err := os.ReadFile(sqlite.LogFile(dir) + "-wal")
	if err := errors.Join(err, os.CopyFS(copied, os.DirFS(dir)), s.close()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at   int
		torn bool
	}{{len(wal) - 100, true}, {100, false}} {
		changed := bytes.Clone(wal)
		changed[c.at] ^= 1
		put(t, sqlite.LogFile(copied)+"-wal", string(changed))
		os.Remove(sqlite.LogFile(copied) + "-shm")
		code, stdout, _ := runMain(t, "verify", "--data", copied, "--json")
		var report struct{ OK, Torn bool }
		if err := json.Unmarshal([]byte(stdout), &report, json.MatchCaseInsensitiveNames(true)); err != nil || code != exitWrong || report.OK || report.Torn != c.torn {
			t.Errorf("byte %d changed: exit code %d, %v, %s", c.at, code, err, stdout)
		}
		if _, stdout, _ := runMain(t, "verify", "--data", copied); strings.Contains(stdout, "drops what was never finished") != c.torn {
			t.Errorf("byte %d changed: %s", c.at, stdout)
		}
	}
}
