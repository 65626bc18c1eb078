package cli

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"hoso/infra/porttest"
)

// running is a demo in a process of its own.
type running struct {
	*exec.Cmd
	tour   tour
	stderr bytes.Buffer
}

// buildProgram builds the program as people run it.
func buildProgram(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hoso")
	if out, err := exec.Command("go", "build", "-o", path, "hoso").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// start runs the demo until it has told what to try.
func start(t *testing.T, program string, args ...string) *running {
	t.Helper()
	r := &running{Cmd: exec.Command(program, append([]string{"demo", "--json", "--addr", porttest.Free(t)}, args...)...)}
	r.Stderr = &r.stderr
	r.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	out, err := r.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Process.Kill() })
	if err := json.UnmarshalDecode(jsontext.NewDecoder(out), &r.tour); err != nil {
		t.Fatalf("the demo told nothing: %v\n%s", err, r.stderr.String())
	}
	return r
}

// stop interrupts it, and waits for an orderly end.
func (r *running) stop(t *testing.T) {
	t.Helper()
	if err := r.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := r.Wait(); err != nil {
		t.Errorf("the demo ended with %v\n%s", err, r.stderr.String())
	}
}

// TestDemo: one command shows real lives of
// dossiers, and each line it prints works when it is copied.
func TestDemo(t *testing.T) {
	program := buildProgram(t)
	demo := start(t, program, "--dossiers", "250")
	d := demo.tour
	if d.Delivered == "" || d.Supplement == "" || d.Late == "" || d.IDNumber == "" {
		t.Errorf("no example of each kind: %+v", d)
	}
	if len(d.Users) != 9 {
		t.Errorf("%d users, want one of each role but the system", len(d.Users))
	}
	page := get(t, d.URL+"/")
	if !strings.Contains(page, "<html") || !strings.Contains(page, "Hồ") {
		t.Errorf("the page: %.200s", page)
	}
	_, noShell := exec.LookPath("bash")
	_, noCurl := exec.LookPath("curl")
	if noShell == nil && noCurl == nil {
		for _, try := range d.Try {
			copied(t, try)
		}
	} else {
		t.Log("no bash or curl here: the printed lines are not tried")
	}
	demo.stop(t)
	if exists(d.Data) {
		t.Errorf("the temporary folder %s is still there", d.Data)
	}
}

// copied runs a line as a visitor would, in a shell.
func copied(t *testing.T, try attempt) {
	t.Helper()
	out, err := exec.Command("bash", "-c", try.Command).Output()
	if err != nil {
		t.Errorf("%s: %v\n%s", try.What, err, try.Command)
		return
	}
	if !strings.HasPrefix(try.Command, "curl") {
		if !strings.HasPrefix(string(out), "sound: ") {
			t.Errorf("%s: %s", try.What, out)
		}
		return
	}
	var doc map[string]any
	if err := json.Unmarshal(out, &doc); err != nil {
		t.Errorf("%s: %v\n%s", try.What, err, out)
	}
	if status, refused := doc["type"]; refused {
		t.Errorf("%s: refused with %v\n%s\n%s", try.What, status, try.Command, out)
	}
	if strings.Contains(try.What, "ID number") {
		if details, ok := doc["details"].(map[string]any); !ok || details["applicant"] == "" {
			t.Errorf("%s: the proof shows no more than the code: %s", try.What, out)
		}
	}
}

// TestDemoStartsWarm: a folder that was lived in before is served within 3 s,
// as it is, and a second process there is refused.
func TestDemoStartsWarm(t *testing.T) {
	program := buildProgram(t)
	dir := filepath.Join(t.TempDir(), "given")
	first := start(t, program, "--data", dir, "--dossiers", "300")
	first.stop(t)
	begun := time.Now()
	second := start(t, program, "--data", dir)
	page := get(t, second.tour.URL+"/")
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("warm start to page took %s, want less than 3 s", took)
	} else {
		t.Logf("warm start to page: %s, %d bytes", took, len(page))
	}
	if second.tour.Delivered != first.tour.Delivered {
		t.Errorf("the same folder shows other dossiers: %s, %s", first.tour.Delivered, second.tour.Delivered)
	}
	third := exec.Command(program, "demo", "--data", dir, "--addr", porttest.Free(t))
	out, err := third.CombinedOutput()
	if third.ProcessState.ExitCode() != exitFailed || !strings.Contains(string(out), "in use by the process with pid") {
		t.Errorf("a second process on the folder: %v, %s", err, out)
	}
	taken := exec.Command(program, "demo", "--addr", strings.TrimPrefix(second.tour.URL, "http://"))
	out, err = taken.CombinedOutput()
	if taken.ProcessState.ExitCode() != exitFailed || !strings.Contains(string(out), "--addr") {
		t.Errorf("an address in use: %v, %s", err, out)
	}
	second.stop(t)
	if !exists(dir) {
		t.Error("the given folder is gone")
	}
}

// TestDemoRefusesRealDossiers: it hands out tokens for every role.
func TestDemoRefusesRealDossiers(t *testing.T) {
	dir := t.TempDir()
	if code, _, stderr := runMain(t, "import", "--data", dir, "--mapping", "receipt", write(t, "log.xes", importLog)); code != exitDone {
		t.Fatal(stderr)
	}
	code, stdout, stderr := runMain(t, "demo", "--data", dir, "--addr", porttest.Free(t))
	if code != exitUsage || stdout != "" || !strings.Contains(stderr, "hoso serve") {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	if exists(filepath.Join(dir, "tokens")) {
		t.Error("tokens were issued")
	}
}

// TestInterruptedSimulationStopsInGoodOrder: the log it leaves is sound.
func TestInterruptedSimulationStopsInGoodOrder(t *testing.T) {
	program := buildProgram(t)
	dir := filepath.Join(t.TempDir(), "data")
	cmd := exec.Command(program, "simulate", "--data", dir, "--dossiers", "50000")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for !exists(filepath.Join(dir, "signing.key")) {
		time.Sleep(20 * time.Millisecond)
	}
	time.Sleep(700 * time.Millisecond)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if cmd.Wait(); cmd.ProcessState.ExitCode() != exitFailed || !strings.Contains(errs.String(), "stopped") {
		t.Errorf("exit code %d, %s", cmd.ProcessState.ExitCode(), errs.String())
	}
	if code, stdout, stderr := runMain(t, "verify", "--data", dir); code != exitDone {
		t.Errorf("verify after the interrupt: exit code %d\n%s%s", code, stdout, stderr)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", url, resp.StatusCode, err)
	}
	return string(body)
}
