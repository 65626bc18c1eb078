package e2e

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestEnginesImport: both real logs, imported on the engines and on SQLite,
// give the same opened histories, look-ups, searches and times, each to the byte.
func TestEnginesImport(t *testing.T) {
	for mapping, file := range map[string]string{"receipt": "receipt.xes.gz", "bpic15": "BPIC15_1.xes.gz"} {
		t.Run(mapping, func(t *testing.T) {
			path := eventlogs(t, file)
			p, log := onEngines(t)
			files := onFiles(t)
			beside := begin(t, files.args("import", "--mapping", mapping, path)...)
			r := begin(t, p.args("import", "--mapping", mapping, path)...)
			r.inTheMiddle(func() bool { return log.size() > 2_000_000 }, log.kill, func() { time.Sleep(500 * time.Millisecond); log.start() })
			r.wait()
			beside.wait()
			checkSame(t, files, p)
			for _, of := range [][]string{{"times", "--json"}, {"times", "--by", "procedure,agency,month", "--json"}} {
				here, there := must(t, files.args(of...)...).stdout, must(t, p.args(of...)...).stdout
				if withoutPositions(here) != withoutPositions(there) {
					t.Errorf("%v: SQLite says\n%s\nElasticsearch says\n%s", of, clip(here), clip(there))
				}
			}
			var again imported
			must(t, p.args("import", "--mapping", mapping, "--json", path)...).into(t, &again)
			if again.Appended != 0 || again.Cases < 1000 {
				t.Errorf("imported again: %+v", again)
			}
		})
	}
}

// TestEnginesPassword: with a wrong password nothing is begun, and one sentence
// says why, without the password.
func TestEnginesPassword(t *testing.T) {
	u, err := url.Parse(elasticServer(t))
	if err != nil {
		t.Fatal(err)
	}
	if u.User == nil {
		t.Skip("the Elasticsearch of HOSO_TEST_ELASTIC has no password")
	}
	u.User = url.UserPassword(u.User.Username(), "not-the-password")
	dir := filepath.Join(t.TempDir(), "data")
	for _, args := range [][]string{{"simulate"}, {"import", "--mapping", "receipt", eventlogs(t, "receipt.xes.gz")}} {
		a := expect(t, 3, append(args, "--data", dir, "--views", u.String())...)
		if !strings.Contains(a.stderr, "password in the address") || strings.Contains(a.stderr, "not-the-password") {
			t.Errorf("%s: %s", args[0], a.stderr)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s began a folder all the same", args[0])
		}
	}
}
