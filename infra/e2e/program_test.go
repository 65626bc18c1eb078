package e2e

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"hoso/infra/porttest"
)

// answer is what a run of the program left.
type answer struct {
	code           int
	stdout, stderr string
}

// hoso runs the program to its end.
func hoso(t testing.TB, args ...string) answer {
	t.Helper()
	return runProgram(t, program, args...)
}

func runProgram(t testing.TB, path string, args ...string) answer {
	t.Helper()
	cmd := exec.Command(path, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = cleanEnv()
	kill := time.AfterFunc(5*time.Minute, func() { cmd.Process.Kill() })
	err := cmd.Run()
	kill.Stop()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%v: %v", args, err)
	}
	return answer{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// command is a run of the program that has not begun.
func command(args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Env = cleanEnv()
	return cmd
}

// cleanEnv keeps what the machine happens to set out of the program's configuration.
func cleanEnv() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "HOSO_") {
			env = append(env, v)
		}
	}
	return env
}

// must runs the program and expects exit 0.
func must(t testing.TB, args ...string) answer {
	t.Helper()
	a := hoso(t, args...)
	if a.code != 0 {
		t.Fatalf("hoso %s: exit %d\n%s%s", strings.Join(args, " "), a.code, a.stdout, a.stderr)
	}
	return a
}

// into reads an answer's one JSON document.
func (a answer) into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.stdout), v, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatalf("not the JSON document that was promised: %v\n%s", err, clip(a.stdout))
	}
}

func clip(s string) string {
	if len(s) > 2000 {
		return s[:2000] + " …"
	}
	return s
}

// server is a running hoso serve.
type server struct {
	t      testing.TB
	cmd    *exec.Cmd
	base   string // http://127.0.0.1:port
	stderr *output
	ended  chan struct{} // closed once the process is gone
}

// output collects what a process writes while others read it.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// told is the end of what a server logged, without its many lines on requests.
func (s *server) told() string {
	var lines []string
	for line := range strings.Lines(s.stderr.String()) {
		if !strings.Contains(line, `"msg":"request"`) && !strings.Contains(line, `"msg":"not ready`) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-12):], "")
}

// launch starts hoso serve on a folder and does not wait for it.
func launch(t testing.TB, path, dir string, more ...string) *server {
	t.Helper()
	addr := porttest.Free(t)
	args := append([]string{"serve", "--data", dir, "--addr", addr, "--token-key", tokens(t).publicFile, "--root-interval", "1s"}, more...)
	return startProgram(t, path, addr, args...)
}

// startProgram starts a subcommand that listens on addr.
func startProgram(t testing.TB, path, addr string, args ...string) *server {
	t.Helper()
	s := &server{t: t, cmd: exec.Command(path, args...), base: "http://" + addr, stderr: &output{}, ended: make(chan struct{})}
	s.cmd.Stdout, s.cmd.Stderr, s.cmd.Env = io.Discard, s.stderr, cleanEnv()
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.cmd.Wait(); close(s.ended) }()
	t.Cleanup(s.kill)
	return s
}

// serve starts hoso serve and waits until it is ready.
func serve(t testing.TB, dir string, more ...string) *server {
	t.Helper()
	s := launch(t, program, dir, more...)
	s.waitReady()
	return s
}

func (s *server) waitReady() {
	s.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case <-s.ended:
			s.t.Fatalf("hoso serve ended with %d before it was ready:\n%s", s.cmd.ProcessState.ExitCode(), s.told())
		default:
		}
		if res, err := http.Get(s.base + "/readyz"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
	}
	s.t.Fatalf("hoso serve was not ready within a minute:\n%s", s.told())
}

// kill ends the process as a power cut would, as far as a process can tell.
func (s *server) kill() {
	s.cmd.Process.Kill()
	<-s.ended
}

// stop asks the process to end, as systemd does, and gives its exit code.
func (s *server) stop() int {
	s.t.Helper()
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(60 * time.Second):
		s.t.Fatalf("hoso serve did not stop within a minute:\n%s", s.told())
	}
	return s.cmd.ProcessState.ExitCode()
}
