package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hoso/infra/keys"
)

// backedUp is an installation with a person erased after its backup.
func backedUp(t *testing.T) (l life, backup string) {
	dir := simulated(t, "5")
	l = life{t, []string{"--data", dir}, dir}
	l.someone(numberA, nameA)
	backup = filepath.Join(t.TempDir(), "backup")
	l.run("backup", backup)
	l.run("erase", "--id", numberA, "--basis", "test")
	return l, backup
}

// TestRestoredFolderKnowsItsServers: after a restore to servers a flag that is forgotten
// begins no second log, and the advice names the flag.
func TestRestoredFolderKnowsItsServers(t *testing.T) {
	l, backup := backedUp(t)
	for to, open := range setups(t) {
		if to == "sqlite" {
			continue
		}
		t.Run(to, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			args := open(dir)
			l.masterTo(dir)
			life{t, args, dir}.run("restore", backup)
			refused(t, "on a server: name it with --log", "root", "--seal", "--data", dir)
			refused(t, "on a server: name it with --log", "verify", "--data", dir)
			if exists(filepath.Join(dir, "log.db")) {
				t.Error("a second log was begun")
			}
			if to == "esdb" {
				return
			}
			for _, command := range [][]string{{"rebuild"}, {"status"}, {"keys", "rotate"}, {"backup", filepath.Join(t.TempDir(), "b")}} {
				refused(t, "in a database: name it with --keys", append(command, args[:4]...)...)
			}
			life{t, args, dir}.run("rebuild")
		})
	}
}

// untouched checks that a refused restore left the folder as it was.
func untouched(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("it touched the folder: %v, %v", left, err)
	}
}

// TestRestoreLooksAtTheKeyDatabaseFirst: a database that cannot be reached, or holds others'
// keys, is told before anything is touched.
func TestRestoreLooksAtTheKeyDatabaseFirst(t *testing.T) {
	l, backup := backedUp(t)
	dir := filepath.Join(t.TempDir(), "data")
	l.masterTo(dir)
	refused(t, "", "restore", backup, "--data", dir, "--keys", "postgres://nobody@127.0.0.1:1/none?connect_timeout=1")
	untouched(t, dir)
	at := os.Getenv("HOSO_TEST_POSTGRES")
	if at == "" {
		t.Skip("the rest needs HOSO_TEST_POSTGRES (.ci/postgres starts one)")
	}
	database := keysDatabase(t, at)
	other := filepath.Join(t.TempDir(), "other")
	l.masterTo(other)
	life{t, []string{"--data", other, "--keys", database}, other}.someone(numberB, nameB)
	refused(t, "holds other keys already", "restore", backup, "--data", dir, "--keys", database)
	untouched(t, dir)
	life{t, []string{"--data", dir, "--keys", keysDatabase(t, at)}, dir}.run("restore", backup)
}

// TestErasuresFrom: who was erased is taken from the same installation only, and a list that
// holds something else is not repeated.
func TestErasuresFrom(t *testing.T) {
	l, backup := backedUp(t)
	other := filepath.Join(t.TempDir(), "other")
	stranger := life{t, []string{"--data", other}, other}
	stranger.someone(numberA, nameA)
	strangers := t.TempDir() // its key store alone: nothing else tells whose it is
	if err := keys.CopyFile(t.Context(), filepath.Join(stranger.dir, keys.File), filepath.Join(strangers, keys.File)); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "data")
	l.masterTo(dir)
	for from, says := range map[string]string{
		"sqlite:" + strangers: "knows nobody of the backup",
		strangers:             "write sqlite:" + strangers,
		write(t, "list.txt", "# erased\n\n"+numberA+"\n"): "line 3 of",
	} {
		code, _, stderr := runMain(t, "restore", backup, "--data", dir, "--erasures-from", from)
		if code != exitUsage || !strings.Contains(stderr, says) || strings.Contains(stderr, numberA) {
			t.Errorf("%s: exit code %d, %q, want %q", from, code, stderr, says)
		}
		untouched(t, dir)
	}
	if doc := answer(t, "restore", backup, "--json", "--data", dir, "--erasures-from", "sqlite:"+l.dir); doc["named"] != 2.0 || doc["named_known"] != 2.0 || doc["erased"] != 2.0 { // the simulation erased somebody too
		t.Errorf("%v", doc)
	}
	again := filepath.Join(t.TempDir(), "data")
	l.masterTo(again)
	list := write(t, "list.txt", "5b1f3c52-93a5-4a0e-8a56-0b6b0f1f4f10\n")
	if code, stdout, stderr := runMain(t, "restore", backup, "--data", again, "--erasures-from", list); code != exitDone || !strings.Contains(stdout, "named 1 persons; the backup knows 0") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
}

// TestRestoreAgainstANewerRoot: a root that the backup cannot hold yet does not make it unsound.
func TestRestoreAgainstANewerRoot(t *testing.T) {
	dir := simulated(t, "5")
	l := life{t, []string{"--data", dir}, dir}
	root := func() string {
		l.run("root", "--seal")
		_, stdout, _ := runMain(t, "root", "--data", dir)
		return write(t, "root", stdout)
	}
	older := root()
	l.someone(numberA, nameA)
	backup := filepath.Join(t.TempDir(), "backup")
	l.run("backup", backup)
	l.someone(numberB, nameB)
	newer := root()
	to := filepath.Join(t.TempDir(), "data")
	l.masterTo(to)
	if code, _, stderr := runMain(t, "restore", backup, "--data", to, "--against", newer); code != exitUsage || !strings.Contains(stderr, "newer than the backup") || strings.Contains(stderr, "not sound") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	untouched(t, to)
	life{t, []string{"--data", to}, to}.run("restore", backup, "--against", older)
}

// TestPlacesOfKeys: a key database is named with its name and without its password.
func TestPlacesOfKeys(t *testing.T) {
	for text, want := range map[string]string{
		"postgres://hoso:secret@db:5432/keys?sslmode=disable": "postgres://db:5432/keys",
		"postgresql://db/keys":                                "postgresql://db/keys",
		"postgres://u:p%2F%40@a:1,b:2/keys":                   "postgres://a:1,b:2/keys",
	} {
		if got := databaseName(text); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}
