package cli

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hoso/infra/esdb/esdbtest"
)

// TestLogOnEventStoreDB: the same simulated dossiers on a server and in a file
// give the same answers; nothing of the log lies in the folder.
func TestLogOnEventStoreDB(t *testing.T) {
	server, err := esdbtest.Start(esdbtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	remote, local := t.TempDir(), t.TempDir()
	on := []string{"--log", server.ConnectionString(), "--data", remote}
	simulate := []string{"simulate", "--dossiers", "60", "--seed", "4", "--to", "2026-10-01"}
	for _, where := range [][]string{on, {"--data", local}} {
		if code, _, stderr := runMain(t, append(where, simulate...)...); code != exitDone {
			t.Fatalf("simulate %v: exit code %d: %s", where, code, stderr)
		}
	}
	if exists(filepath.Join(remote, "log.db")) {
		t.Error("there is a log in the folder too")
	}
	for _, c := range [][]string{{"times", "--json"}, {"verify"}, {"root"}} {
		code, here, stderr := runMain(t, append(on, c...)...)
		_, there, _ := runMain(t, append([]string{"--data", local}, c...)...)
		if code != exitDone {
			t.Fatalf("%v: exit code %d: %s%s", c, code, here, stderr)
		}
		if c[0] == "times" && cutPositions(here) != cutPositions(there) {
			t.Errorf("times differ:\n%s\n%s", here, there)
		}
	}
	for args, want := range map[string]string{
		"times --log esdb://127.0.0.1:1?tls=false&maxDiscoverAttempts=1": "cannot be reached",
		"times --log foo": "esdb://", "demo --log esdb://x": "leave --log", "simulate --log " + server.ConnectionString() + " --data " + local: "log of its own",
		"simulate --data " + remote: "on a server", "times --data " + remote: "on a server",
		"times --log " + server.ConnectionString() + " --data " + local: "log of its own",
	} {
		if code, _, stderr := runMain(t, strings.Fields(args)...); code == exitDone || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, %q, want %q", args, code, stderr, want)
		}
	}
}

// TestViewsOnElasticsearch: the same dossiers give the same answers, also after
// a rebuild; nothing of the views lies in the folder.
func TestViewsOnElasticsearch(t *testing.T) {
	url := os.Getenv("HOSO_TEST_ELASTIC")
	if url == "" {
		t.Skip("needs an Elasticsearch server in HOSO_TEST_ELASTIC (.ci/elasticsearch starts one)")
	}
	remote, local := t.TempDir(), t.TempDir()
	on := []string{"--views", url, "--views-prefix", "cli-" + strings.ToLower(rand.Text()[:8]), "--data", remote}
	simulate := []string{"simulate", "--dossiers", "60", "--seed", "4", "--to", "2026-10-01"}
	for _, where := range [][]string{on, {"--data", local}} {
		if code, _, stderr := runMain(t, append(where, simulate...)...); code != exitDone {
			t.Fatalf("simulate %v: exit code %d: %s", where, code, stderr)
		}
	}
	if exists(filepath.Join(remote, "views")) {
		t.Error("there are views in the folder too")
	}
	for range 2 {
		_, here, stderr := runMain(t, append(on, "times", "--json")...)
		if _, there, _ := runMain(t, "--data", local, "times", "--json"); here != there {
			t.Errorf("times differ:\n%s\n%s\n%s", here, there, stderr)
		}
		if code, _, stderr := runMain(t, append(on, "rebuild")...); code != exitDone {
			t.Fatalf("rebuild: exit code %d: %s", code, stderr)
		}
	}
}

// cutPositions takes the position out of a JSON answer: engines count differently.
func cutPositions(json string) string {
	before, rest, _ := strings.Cut(json, `"position"`)
	_, after, _ := strings.Cut(rest, "\n")
	return before + after
}
