package cli

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"zombiezen.com/go/sqlite/sqlitex"

	zs "zombiezen.com/go/sqlite"

	"hoso/infra/esdb/esdbtest"
	"hoso/infra/sqlite"
)

// TestMain is the program itself where a test has started it, to kill it.
func TestMain(m *testing.M) {
	args, asked := os.LookupEnv("HOSO_TEST_PROGRAM")
	if !asked {
		os.Exit(m.Run())
	}
	os.Exit(Main(context.Background(), strings.Split(args, "\n"), strings.NewReader(""), os.Stdout, os.Stderr, func(string) string { return "" }))
}

// killed runs the program and kills it after a time; done tells that it had ended well before.
func killed(t *testing.T, after time.Duration, args ...string) (done bool, output string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "HOSO_TEST_PROGRAM="+strings.Join(args, "\n"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(after, func() { cmd.Process.Kill() })
	err := cmd.Wait()
	kill.Stop()
	if err != nil && cmd.ProcessState.Exited() {
		t.Fatalf("%v: %v\n%s", args, err, out.String())
	}
	return err == nil, out.String()
}

func eventStore(t *testing.T) string {
	t.Helper()
	server, err := esdbtest.Start(esdbtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server.ConnectionString()
}

// verified is verify --json of a log, which must be sound.
func verified(t *testing.T, args ...string) map[string]any {
	t.Helper()
	doc := answer(t, append([]string{"verify", "--json"}, args...)...)
	if doc["ok"] != true || doc["tree"] == nil {
		t.Fatalf("%v: %v", args, doc)
	}
	return doc
}

// notHalf checks that a log on the way is refused, or is there as a whole.
func notHalf(t *testing.T, want map[string]any, where ...string) {
	t.Helper()
	code, stdout, _ := runMain(t, append([]string{"verify", "--json"}, where...)...)
	if code != exitDone {
		return
	}
	got := map[string]any{}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || !equalDocs(got, want) {
		t.Errorf("half a log was taken for a whole one: %s", stdout)
	}
}

// refused runs a command that must be refused in one line that says something.
func refused(t *testing.T, says string, args ...string) {
	t.Helper()
	code, stdout, stderr := runMain(t, args...)
	if code == exitDone || !strings.Contains(stderr, says) || strings.Count(stderr, "hoso: ") != 1 {
		t.Errorf("hoso %s: exit code %d, want %q\n%s%s", strings.Join(args, " "), code, says, stdout, stderr)
	}
}

// TestMoveThereAndBack kills moves again and again on the way: to a server, and from
// it into another folder. Each time the log has the same events, hashes and roots; what
// is unfinished, and what was left behind, nobody can take for the log.
func TestMoveThereAndBack(t *testing.T) {
	dir, back, server := simulated(t, "60"), t.TempDir(), eventStore(t)
	if code, _, stderr := runMain(t, "root", "--seal", "--data", dir); code != exitDone {
		t.Fatal(stderr)
	}
	want := verified(t, "--data", dir)
	times := answer(t, "times", "--json", "--data", dir)
	untilDone := func(first time.Duration, meanwhile func(), args ...string) {
		t.Helper()
		kills := 0
		for after := first; ; after += first/2 + after/8 { // ever longer steps: on a slow machine equal ones take its slowness squared
			done, out := killed(t, after, args...)
			if done {
				if !strings.Contains(out, "moved log") && !strings.Contains(out, "finished before") {
					t.Errorf("%v: %s", args, out)
				}
				break
			}
			kills++
			meanwhile()
		}
		if kills < 2 {
			t.Errorf("%v: only %d kills before it was done", args, kills)
		}
	}
	there := []string{"move", "--from", "sqlite:" + dir, "--to", server}
	untilDone(60*time.Millisecond, func() {
		notHalf(t, want, "--log", server, "--data", t.TempDir())
		if code, _, stderr := runMain(t, "verify", "--data", dir); code != exitDone && !strings.Contains(stderr, "was moved") {
			t.Errorf("the source cannot be read: %s", stderr)
		}
	}, there...)
	if code, _, stderr := runMain(t, there...); code != exitDone || !strings.Contains(stderr, "finished before") {
		t.Errorf("once more: %d %s", code, stderr)
	}
	if got := verified(t, "--log", server, "--data", dir); !equalDocs(got, want) {
		t.Errorf("moved: %v\nwas:   %v", got, want)
	}
	refused(t, "was moved to esdb://", "rebuild", "--data", dir)
	refused(t, "was moved to esdb://", "times", "--data", dir)
	// The keys of the folder, with the log on the server; the views notice that positions are others.
	if code, _, stderr := runMain(t, "rebuild", "--data", dir, "--log", server); code != exitDone {
		t.Fatal(stderr)
	}
	if got := answer(t, "times", "--json", "--data", dir, "--log", server); !equalDocs(without(got, "position"), without(times, "position")) {
		t.Errorf("times: %v\nwere: %v", got, times)
	}
	onServer := verified(t, "--log", server, "--data", dir)
	untilDone(30*time.Millisecond, func() {
		notHalf(t, onServer, "--data", back)
		if exists(unfinishedMove(back)) || exists(sqlite.LogFile(back)) { // it is frozen before that
			refused(t, "moved to sqlite:", "rebuild", "--log", server, "--data", dir)
		}
	}, "move", "--from", server, "--to", "sqlite:"+back)
	if got := verified(t, "--data", back); !equalDocs(got, onServer) {
		t.Errorf("moved back: %v\nwas: %v", got, onServer)
	}
	refused(t, "was moved to sqlite:", "rebuild", "--log", server, "--data", dir)
	refused(t, "was moved to esdb://", "move", "--from", "sqlite:"+dir, "--to", "sqlite:"+t.TempDir())
	refused(t, "holds a log already", "move", "--from", "sqlite:"+back, "--to", "sqlite:"+dir)
	refused(t, "empty", "move", "--from", "sqlite:"+back, "--to", server)
	for _, place := range []string{"sqlite:" + dir, server} {
		if code, stdout, stderr := runMain(t, "move", "--thaw", "--from", place); code != exitDone || !strings.Contains(stdout, "never use both") {
			t.Errorf("thaw %s: %d %s%s", place, code, stdout, stderr)
		}
		refused(t, "is not frozen", "move", "--thaw", "--from", place)
	}
	if got := verified(t, "--data", dir); !equalDocs(got, want) {
		t.Errorf("thawed: %v\nwas: %v", got, want)
	}
	if code, _, stderr := runMain(t, "root", "--seal", "--data", dir); code != exitDone {
		t.Errorf("thawed: %s", stderr)
	}
}

// TestMoveRefusals: a server that runs, a source that is not sound, a target that was tampered with.
func TestMoveRefusals(t *testing.T) {
	dir := simulated(t, "5")
	lock, err := sqlite.LockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, "is in use", "move", "--from", "sqlite:"+dir, "--to", "sqlite:"+t.TempDir())
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{{"sqlite:", "sqlite:x"}, {"http://x", "sqlite:x"}, {"sqlite:x", "sqlite:x"}, {"sqlite:x", ""}} {
		if code, _, stderr := runMain(t, "move", "--from", c[0], "--to", c[1]); code != exitUsage {
			t.Errorf("%v: %d %s", c, code, stderr)
		}
	}
	change := func(file, statement string) {
		t.Helper()
		conn, err := zs.OpenConn(file, zs.OpenReadWrite)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := sqlitex.ExecuteScript(conn, statement, nil); err != nil {
			t.Fatal(err)
		}
	}
	tampered := filepath.Join(t.TempDir(), "target")
	for kills := 0; kills < 1; { // an unfinished move with something in it
		if done, _ := killed(t, time.Minute, "move", "--from", "sqlite:"+dir, "--to", "sqlite:"+tampered); done {
			// Undo the last step, as if it had been killed before.
			if err := os.Mkdir(unfinishedMove(tampered), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(sqlite.LogFile(tampered), sqlite.LogFile(unfinishedMove(tampered))); err != nil {
				t.Fatal(err)
			}
			kills++
		}
	}
	change(sqlite.LogFile(unfinishedMove(tampered)), `UPDATE events SET data = CAST(replace(CAST(data AS TEXT), 'a', 'b') AS BLOB) WHERE position = 50`)
	refused(t, "position 50", "move", "--from", "sqlite:"+dir, "--to", "sqlite:"+tampered)
	if code, _, stderr := runMain(t, "move", "--thaw", "--from", "sqlite:"+dir); code != exitDone {
		t.Fatal(stderr)
	}
	change(sqlite.LogFile(dir), `UPDATE events SET data = CAST(replace(CAST(data AS TEXT), 'a', 'b') AS BLOB) WHERE position = 60`)
	server := eventStore(t)
	refused(t, "position 60", "move", "--from", "sqlite:"+dir, "--to", server)
}

// TestPlaces: what is told of a place never holds its password.
func TestPlaces(t *testing.T) {
	for text, want := range map[string]string{
		"esdb://admin:secret@db:2113?tls=false":                    "esdb://db:2113",
		"esdb+discover://u:p%40@n1:2113,n2:2113,n3:2113/?tls=true": "esdb+discover://n1:2113,n2:2113,n3:2113",
		"esdb://db":            "esdb://db",
		"sqlite:/var/lib/hoso": "sqlite:/var/lib/hoso",
	} {
		p, err := parsePlace("--from", text)
		if err != nil || p.String() != want || strings.Contains(p.howTo(), "secret") {
			t.Errorf("%s: %s, %s, %v", text, p, p.howTo(), err)
		}
	}
}

func equalDocs(a, b map[string]any) bool {
	one, err1 := json.Marshal(a, json.Deterministic(true))
	two, err2 := json.Marshal(b, json.Deterministic(true))
	return err1 == nil && err2 == nil && string(one) == string(two)
}

func without(doc map[string]any, field string) map[string]any {
	delete(doc, field)
	return doc
}
