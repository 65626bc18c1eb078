// Package e2e starts the real program, as people start it, and holds it
// against what it promises: nothing acknowledged is lost, no change of the log
// goes unseen, no personal value leaves its place. It holds tests only; the
// environment makes them longer (HOSO_KILLS, HOSO_CHANGES).
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	_ "hoso/infra/cli" // so that a change of the program makes cached results of these tests void
)

// program is the program under test.
var program string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "hoso-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "hoso")
	if out, err := build(program); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// build builds the program, with more flags of go build where given.
func build(path string, flags ...string) ([]byte, error) {
	args := append([]string{"build", "-o", path}, flags...)
	return exec.Command("go", append(args, "hoso")...).CombinedOutput()
}

// count reads how often something is done from the environment.
func count(t *testing.T, name string, usual int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is not a number of at least 1", name, text)
	}
	return n
}
