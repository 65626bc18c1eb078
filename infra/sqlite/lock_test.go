//go:build unix

package sqlite_test

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"hoso/infra/sqlite"
)

// Issue line "a second process": refused at once, in one clear sentence.
func TestSecondWriterIsRefused(t *testing.T) {
	dir := t.TempDir()
	first := openLog(t, dir)
	_, err := sqlite.OpenLog(dir, sqlite.LogOptions{}) // the same process counts as well
	var locked *sqlite.LockedError
	if !errors.As(err, &locked) || locked.Dir != dir || locked.PID != os.Getpid() {
		t.Fatalf("got %v", err)
	}
	_, lines := child(t, "open", dir)
	if !lines.Scan() {
		t.Fatal("the second process said nothing")
	}
	for _, part := range []string{dir, strconv.Itoa(os.Getpid()), "stop it first"} {
		if !strings.Contains(lines.Text(), part) {
			t.Errorf("%q does not say %q", lines.Text(), part)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	openLog(t, dir)
}

func TestDeadProcessLeavesNoLock(t *testing.T) {
	dir := t.TempDir()
	cmd, lines := child(t, "append", dir)
	if !lines.Scan() {
		t.Fatal("the child said nothing")
	}
	if _, err := sqlite.OpenLog(dir, sqlite.LogOptions{}); !errors.As(err, new(*sqlite.LockedError)) {
		t.Fatalf("got %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // "signal: killed"
	openLog(t, dir)
}
