package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestKilledWhileFilesAreMade: killed as it removes the journal under which SQLite
// made a file, the program starts on what is left.
func TestKilledWhileFilesAreMade(t *testing.T) {
	t.Parallel()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed; it is what kills at a system call here")
	}
	if out, err := exec.Command(strace, "-f", "true").CombinedOutput(); err != nil {
		t.Skipf("strace may not trace here: %v\n%s", err, out)
	}
	for _, file := range []string{"log.db", "keys.db"} {
		dir := filepath.Join(t.TempDir(), "data")
		journal := filepath.Join(dir, file+"-journal")
		runProgram(t, strace, "-f", "-o", filepath.Join(t.TempDir(), "trace"), "-P", journal, "-e", "inject=unlink,unlinkat:signal=SIGKILL",
			program, "simulate", "--dossiers", "2", "--data", dir)
		if _, err := os.Stat(journal); err != nil {
			t.Errorf("it was not killed where it should be: %v", err)
		}
		s := serve(t, dir)
		if code := s.stop(); code != 0 {
			t.Errorf("%s: serve ends with %d\n%s", file, code, s.told())
		}
		must(t, "verify", "--data", dir)
	}
}
