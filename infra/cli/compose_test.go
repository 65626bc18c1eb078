package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"hoso/infra/keys"
)

const composeDir = "../compose"

// TestDashboardAndAlertsUseMetricsThatAreThere holds every name and label that
// Grafana and Prometheus ask for against what a running server tells.
func TestDashboardAndAlertsUseMetricsThatAreThere(t *testing.T) {
	s := serveHere(t, t.TempDir())
	s.newDossier(t)
	_, text := s.metrics(t)
	labels := labelsOf(text)
	used := 0
	for _, query := range append(dashboardQueries(t), alertQueries(t)...) {
		for _, name := range regexp.MustCompile(`hoso_[a-z0-9_]+`).FindAllString(query, -1) {
			used++
			if _, ok := labels[name]; !ok {
				t.Errorf("/metrics does not tell %s, which is asked for by\n%s", name, query)
			}
		}
		for _, selector := range regexp.MustCompile(`(hoso_[a-z0-9_]+)\{([^}]*)\}`).FindAllStringSubmatch(query, -1) {
			for _, label := range regexp.MustCompile(`([a-z]+)\s*[=!]`).FindAllStringSubmatch(selector[2], -1) {
				if !slices.Contains(labels[selector[1]], label[1]) {
					t.Errorf("%s has no label %s, which is asked for by\n%s", selector[1], label[1], query)
				}
			}
		}
		checkGrouping(t, query, labels)
	}
	if used < 30 {
		t.Errorf("only %d names of metrics found: are the files read?", used)
	}
}

// checkGrouping looks for the labels of "by (…)" at the first metric after it.
func checkGrouping(t *testing.T, query string, labels map[string][]string) {
	t.Helper()
	for _, by := range regexp.MustCompile(`by \(([a-z, ]+)\)[^h]*?\(?(?:[a-z_]+\()?(hoso_[a-z0-9_]+)`).FindAllStringSubmatch(query, -1) {
		for label := range strings.SplitSeq(by[1], ",") {
			label = strings.TrimSpace(label)
			if label != "instance" && label != "job" && !slices.Contains(labels[by[2]], label) {
				t.Errorf("%s has no label %s, by which it is grouped in\n%s", by[2], label, query)
			}
		}
	}
}

// labelsOf gives the labels of every series in Prometheus' text format.
func labelsOf(text string) map[string][]string {
	labels := map[string][]string{}
	for line := range strings.Lines(text) {
		series := regexp.MustCompile(`^([a-z0-9_]+)(?:\{(.*)\})? `).FindStringSubmatch(line)
		if series == nil {
			continue
		}
		labels[series[1]] = append(labels[series[1]], "")
		for _, label := range regexp.MustCompile(`([a-z]+)="`).FindAllStringSubmatch(series[2], -1) {
			labels[series[1]] = append(labels[series[1]], label[1])
		}
	}
	return labels
}

func dashboardQueries(t *testing.T) (queries []string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(composeDir, "grafana", "hoso.json"))
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string `json:"title"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	if err := json.Unmarshal(raw, &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, p := range dashboard.Panels {
		if p.Title == "" || len(p.Targets) == 0 {
			t.Errorf("the panel %q asks for nothing", p.Title)
		}
		for _, target := range p.Targets {
			queries = append(queries, target.Expr)
		}
	}
	return queries
}

func alertQueries(t *testing.T) (queries []string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(composeDir, "alerts.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if _, query, ok := strings.Cut(line, "expr:"); ok {
			queries = append(queries, query)
		}
	}
	if len(queries) != strings.Count(string(raw), "- alert:") {
		t.Error("an alert has no query on a line of its own")
	}
	return queries
}

// TestComposeNamesWhatIsThere: every variable is one that hoso serve hears, and
// every file that is mounted lies there (secrets are made by secrets.sh).
func TestComposeNamesWhatIsThere(t *testing.T) {
	raw, err := os.ReadFile("../compose.yaml")
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join(composeDir, "secrets.sh"))
	if err != nil {
		t.Fatal(err)
	}
	parser, err := kong.New(&commandLine{})
	if err != nil {
		t.Fatal(err)
	}
	heard := map[string]bool{keys.EnvMaster: true}
	for _, node := range append([]*kong.Node{parser.Model.Node}, parser.Model.Leaves(false)...) {
		for _, f := range node.Flags {
			heard[variable(f.Name)] = heard[variable(f.Name)] || node.Name == "serve" || node.Type == kong.ApplicationNode
		}
	}
	names := regexp.MustCompile(`HOSO_[A-Z_]+`).FindAllString(string(raw), -1)
	for _, name := range names {
		if !heard[strings.TrimSuffix(name, "_FILE")] {
			t.Errorf("hoso serve does not hear of %s", name)
		}
	}
	files := regexp.MustCompile(`\./compose/[a-z./_]+`).FindAllString(string(raw), -1)
	for _, file := range files {
		secret, isSecret := strings.CutPrefix(file, "./compose/secrets/")
		switch {
		case isSecret && !strings.Contains(string(script), secret):
			t.Errorf("secrets.sh does not make %s", secret)
		case !isSecret && !exists(filepath.Join("..", file)):
			t.Errorf("%s is not there", file)
		}
	}
	if len(names) < 8 || len(files) < 12 {
		t.Errorf("%d variables and %d files found: is the file read?", len(names), len(files))
	}
}
