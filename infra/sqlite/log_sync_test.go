//go:build unix

package sqlite_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Issue line "a trace shows the sync before each acknowledgement". strace -y names the
// file of each descriptor. Every acknowledgement must have, since the one before it, a write to the
// WAL and after the last such write a completed sync of the WAL.
func TestSyncBeforeAcknowledgement(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed; it is what watches the system calls here")
	}
	dir := t.TempDir()
	trace := filepath.Join(t.TempDir(), "trace")
	cmd, lines := child(t, "sync", dir, strace, "-f", "-y", "-o", trace, "-e", "trace=write,pwrite64,fsync,fdatasync")
	n := 0
	for lines.Scan() {
		n++
	}
	if err := cmd.Wait(); err != nil {
		if n == 0 {
			t.Skipf("strace may not trace here: %v", err)
		}
		t.Fatal(err)
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	acknowledged, syncs := checkTrace(t, string(text))
	if acknowledged != 40 || n != 40 {
		t.Fatalf("%d acknowledgements in the trace, %d received, want 40", acknowledged, n)
	}
	t.Logf("%d acknowledgements, %d syncs of the WAL", acknowledged, syncs)
}

var call = regexp.MustCompile(`^(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\((\d+)<([^>]*)>)(.*)$`)

// checkTrace follows the WAL: dirty from the start of a write on, clean from the end of a sync that
// began when nothing was being written.
func checkTrace(t *testing.T, text string) (acknowledged, syncs int) {
	written, dirty := 0, false
	syncing := map[string]bool{} // thread with an unfinished sync of the WAL
	for line := range strings.Lines(text) {
		m := call.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		thread, resumed, name, file, rest := m[1], m[2], m[3], m[5], m[6]
		wal := strings.HasSuffix(file, "log.db-wal")
		unfinished := strings.Contains(rest, "<unfinished")
		switch {
		case resumed == "fdatasync" || resumed == "fsync":
			if syncing[thread] && strings.Contains(rest, "= 0") {
				dirty, syncing[thread] = false, false
				syncs++
			}
		case name == "pwrite64" && wal:
			written, dirty = written+1, true
			clear(syncing) // what is written during a sync is not covered by it
		case (name == "fdatasync" || name == "fsync") && wal && unfinished:
			syncing[thread] = true
		case (name == "fdatasync" || name == "fsync") && wal && strings.Contains(rest, "= 0"):
			dirty = false
			syncs++
		case name == "write" && strings.Contains(rest, `"acknowledged `):
			if written == 0 || dirty {
				t.Fatalf("acknowledged with %d writes to the WAL since the last time, unsynced: %t: %s", written, dirty, line)
			}
			written = 0
			acknowledged++
		}
	}
	return acknowledged, syncs
}
