package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/jackc/pgx/v5"
)

// The real program on the engines: the log on the EventStoreDB double,
// as a process of its own, the views on a real Elasticsearch, the keys on
// PostgreSQL where there is one. Servers come from the environment:
//
//	HOSO_TEST_ELASTIC        address, with user and password where it has them
//	HOSO_TEST_ELASTIC_KILL   a command that kills it with -9
//	HOSO_TEST_ELASTIC_START  one that starts it again on its data, and waits
//	HOSO_TEST_POSTGRES       address; left out: keys in a file
//	HOSO_ENGINE_DOSSIERS     how many are simulated

// place is where one installation of the program keeps its things.
type place struct {
	dir                      string
	log, views, prefix, keys string // "": a file in dir
}

// flags name the place's engines.
func (p place) flags() []string {
	all := []string{"--data", p.dir}
	for flag, value := range map[string]string{"--log": p.log, "--views": p.views, "--views-prefix": p.prefix, "--keys": p.keys} {
		if value != "" {
			all = append(all, flag, value)
		}
	}
	return all
}

func (p place) args(args ...string) []string { return append(slices.Clone(args), p.flags()...) }

// onFiles is a place without any server.
func onFiles(t testing.TB) place { return place{dir: filepath.Join(t.TempDir(), "data")} }

// onEngines is a place with all of them.
func onEngines(t testing.TB) (place, *double) {
	t.Helper()
	p := place{dir: filepath.Join(t.TempDir(), "data"), views: elasticServer(t), keys: postgresSchema(t)}
	p.prefix = "e2e-" + strings.ToLower(rand.Text()[:10])
	t.Cleanup(func() { forgetIndices(t, p) })
	d := startDouble(t)
	p.log = d.url
	master := make([]byte, 32) // keys on a server want one that is there
	rand.Read(master)
	err := os.MkdirAll(p.dir, 0o700)
	if err == nil {
		err = os.WriteFile(filepath.Join(p.dir, "master.key"), fmt.Appendf(nil, "%x\n", master), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p, d
}

func elasticServer(t testing.TB) string {
	t.Helper()
	at := os.Getenv("HOSO_TEST_ELASTIC")
	if at == "" {
		t.Skip("HOSO_TEST_ELASTIC names no Elasticsearch: .ci/elasticsearch start DIR starts one and prints its address")
	}
	return at
}

// elasticKill gives the commands that kill Elasticsearch and start it again.
func elasticKill(t testing.TB) (kill, start func()) {
	t.Helper()
	kills, starts := os.Getenv("HOSO_TEST_ELASTIC_KILL"), os.Getenv("HOSO_TEST_ELASTIC_START")
	if kills == "" || starts == "" {
		t.Skip("HOSO_TEST_ELASTIC_KILL and HOSO_TEST_ELASTIC_START hold no commands, such as '.ci/elasticsearch kill DIR' and '.ci/elasticsearch again DIR' with full paths")
	}
	do := func(line string) func() {
		return func() {
			t.Helper()
			if out, err := exec.Command("sh", "-c", line).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", line, err, out)
			}
		}
	}
	t.Cleanup(func() { _ = exec.Command("sh", "-c", starts).Run() }) // others come after this test
	return do(kills), do(starts)
}

// askElastic sends a request about a place's indices straight to the server.
func askElastic(p place, method, path string, into any) error {
	u, err := url.Parse(p.views)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(method, u.JoinPath(path).String(), nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s", method, path, res.Status)
	}
	if into == nil {
		return nil
	}
	return json.UnmarshalRead(res.Body, into)
}

// indexed is how many documents the server has written for a place since its start.
func indexed(p place) (total int) {
	var stats struct {
		All struct {
			Primaries struct {
				Indexing struct {
					Total int `json:"index_total"`
				} `json:"indexing"`
			} `json:"primaries"`
		} `json:"_all"`
	}
	_ = askElastic(p, "GET", "/"+p.prefix+"-*/_stats/indexing", &stats) // 0 while there is nothing
	return stats.All.Primaries.Indexing.Total
}

func forgetIndices(t testing.TB, p place) {
	var all map[string]any
	if err := askElastic(p, "GET", "/"+p.prefix+"-*/_settings/index.uuid", &all); err != nil {
		t.Logf("test indices stay: %v", err)
	}
	for name := range all {
		if err := askElastic(p, "DELETE", "/"+name, nil); err != nil {
			t.Logf("index %s stays: %v", name, err)
		}
	}
	_ = askElastic(p, "DELETE", "/_index_template/"+p.prefix+"-*", nil)
}

// postgresSchema gives the address of a schema of the test's own, or "".
func postgresSchema(t testing.TB) string {
	t.Helper()
	at := os.Getenv("HOSO_TEST_POSTGRES")
	if at == "" {
		return ""
	}
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	name := "hoso_e2e_" + strings.ToLower(rand.Text()[:10])
	t.Cleanup(func() {
		ctx := context.Background()
		conn, err := pgx.Connect(ctx, at)
		if err == nil {
			defer conn.Close(ctx)
			_, err = conn.Exec(ctx, "DROP SCHEMA IF EXISTS "+name+" CASCADE")
		}
		if err != nil {
			t.Logf("schema %s stays: %v", name, err)
		}
	})
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}
