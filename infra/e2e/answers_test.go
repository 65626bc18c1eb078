package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// answersOf collects everything that a program says about a folder's dossiers,
// as bytes: what it serves over HTTP, what its reading commands print, and the
// documents of its views.
func answersOf(t *testing.T, path, dir string) map[string]string {
	t.Helper()
	launch(t, path, dir).settleAndStop(dir) // signs what is not signed: it moves the log's end
	s := launch(t, path, dir)
	s.waitReady()
	log := s.settle(dir)
	answers := served(t, s, codesOf(t, log))
	if code := s.stop(); code != 0 {
		t.Fatalf("exit %d: %s", code, s.told())
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	gate := make(chan bool, 2)
	ask := func(args ...string) {
		wg.Go(func() {
			gate <- true
			a := runProgram(t, path, append(args, "--data", dir, "--json")...)
			<-gate
			if a.code != 0 {
				t.Errorf("%v: exit %d %s", args, a.code, a.stderr)
			}
			mu.Lock()
			answers[strings.Join(args, " ")] = a.stdout
			mu.Unlock()
		})
	}
	codes := codesOf(t, log)
	for _, code := range codes {
		ask("lookup", code)
	}
	for _, code := range codes[:min(20, len(codes))] {
		ask("replay", code)
	}
	for _, by := range []string{"procedure", "agency", "month", "procedure,agency,month"} {
		ask("times", "--by", by)
	}
	ask("times")
	wg.Wait()
	lines := dumpViews(t, dir)
	slices.Sort(lines)
	answers["documents"] = strings.Join(lines, "\n")
	return answers
}

// codesOf are all codes that were drawn.
func codesOf(t testing.TB, log []rawEvent) (codes []string) {
	t.Helper()
	for _, e := range log {
		if e.typ == "dossier.numbered" {
			codes = append(codes, e.text(t, "code"))
		}
	}
	return codes
}

// served asks a running server for everything an auditor may see.
func served(t *testing.T, s *server, codes []string) map[string]string {
	t.Helper()
	answers := map[string]string{}
	auditor := as(t, s, "auditor", "")
	get := func(path string) string {
		req, err := http.NewRequest("GET", s.base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+auditor.auth)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("GET %s: %d %v %s", path, res.StatusCode, err, body)
		}
		return string(body)
	}
	for _, code := range codes {
		for _, what := range []string{"", "/history", "/due-date"} {
			path := "/api/v1/dossiers/" + code + what
			answers[path] = get(path)
		}
	}
	for _, sort := range []string{"submitted_at", "-submitted_at", "due_at"} {
		path := "/api/v1/dossiers?limit=200&sort=" + sort
		answers[path] = get(path)
	}
	for _, path := range []string{"/api/v1/times", "/api/v1/times?by=procedure,agency,month", "/api/v1/procedures", "/api/v1/agencies", "/api/v1/dossiers?q=khai+sinh&status=9,10"} {
		answers[path] = get(path)
	}
	return answers
}

// sameAnswers compares what was answered before and after, byte for byte.
func sameAnswers(t *testing.T, what string, before, after map[string]string) {
	t.Helper()
	different := 0
	for question, a := range before {
		b, asked := after[question]
		if asked && a == b {
			continue
		}
		if different++; different <= 3 {
			at := 0
			for at < min(len(a), len(b)) && a[at] == b[at] {
				at++
			}
			t.Errorf("%s: %s is answered otherwise, from byte %d on:\n%s\n%s", what, question, at, around(a, at), around(b, at))
		}
	}
	if different > 0 || len(after) != len(before) {
		t.Errorf("%s: %d of %d answers differ (%d asked now)", what, different, len(before), len(after))
	}
}

func around(s string, at int) string { return s[max(0, at-200):min(len(s), at+200)] }

// simulated is a folder with dossiers lived through by hoso simulate, more than
// 5,000 events. It is shared: copy it.
func simulated(t testing.TB) string {
	t.Helper()
	sharedFolder.once.Do(func() { sharedFolder.dir, sharedFolder.err = simulate("shared", 600) })
	if sharedFolder.err != nil {
		t.Fatal(sharedFolder.err)
	}
	return sharedFolder.dir
}

var sharedFolder struct {
	once sync.Once
	dir  string
	err  error
}

// simulate makes a folder beside the program.
func simulate(name string, dossiers int) (string, error) {
	dir := filepath.Join(filepath.Dir(program), name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	out, err := command("simulate", "--data", dir, "--dossiers", fmt.Sprint(dossiers), "--seed", "4").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("hoso simulate: %w\n%s", err, out)
	}
	return dir, nil
}
