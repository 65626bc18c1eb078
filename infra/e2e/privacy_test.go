package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"

	"hoso/domain"
	"hoso/infra/porttest"
)

// The raw files of a whole demo run hold none of the
// people's values, in none of the forms in which a program leaks them; before
// an erasure only the views do, and only where declared. After it, nothing does.
func TestPrivacyOfADemoRun(t *testing.T) {
	t.Parallel()
	words := catalogueWords(t)
	dir := filepath.Join(t.TempDir(), "data")
	s := demo(t, dir)
	submitSome(t, s, dir)
	people := secrets(t, dir)
	pester(t, s, people)

	open := folderFiles(t, dir) // with the WAL of the running program
	if len(open["log.db-wal"]) == 0 || len(open["keys.db"]) == 0 {
		t.Fatalf("no WAL or no keys among the files of the running demo: %v", slices.Collect(maps.Keys(open)))
	}
	open["what it logged"] = []byte(s.stderr.String())
	all, excepted := needlesOf(people, words)
	t.Logf("%d personal values, %d byte strings and %d single names to look for; left out because the catalogue itself contains them: %d names (%s)",
		len(people), all.size, len(all.words), len(excepted), strings.Join(excepted, " "))
	checkFilesOutsideViews(t, "running", open, all)
	checkViewFields(t, dir, people)

	if code := s.stop(); code != 0 {
		t.Errorf("exit %d:\n%s", code, s.told())
	}
	closed := folderFiles(t, dir)
	closed["what it logged"] = []byte(s.stderr.String())
	checkFilesOutsideViews(t, "stopped", closed, all)
	checkErasure(t, dir, people, words)
}

// demo starts hoso demo on a folder.
func demo(t *testing.T, dir string) *server {
	t.Helper()
	addr := porttest.Free(t)
	s := startProgram(t, program, addr, "demo", "--data", dir, "--addr", addr)
	s.waitReady()
	return s
}

// submitSome lets the demo's intake officer enter dossiers, so that the log's and the
// key store's WAL hold something.
func submitSome(t *testing.T, s *server, dir string) {
	t.Helper()
	submitted := 0
	header, err := os.ReadFile(filepath.Join(dir, "tokens", "intake_officer"))
	if err != nil {
		t.Fatal(err)
	}
	auth := strings.TrimSpace(strings.TrimPrefix(string(header), "Authorization: Bearer "))
	c := &client{http.DefaultClient, s.base, auth}
	var agencies struct {
		Agencies []struct {
			Code   string `json:"code"`
			Offers []struct {
				Procedure string `json:"procedure"`
			} `json:"offers"`
		} `json:"agencies"`
	}
	if err := c.do("GET", "/api/v1/agencies", "", nil, &agencies); err != nil {
		t.Fatal(err)
	}
	for _, a := range agencies.Agencies {
		for i := range min(8, len(a.Offers)) {
			person := map[string]any{
				"kind": "citizen", "name": fmt.Sprintf("Kiều Thử Nghiệm %d", i), "id_number": fmt.Sprintf("00108512%04d", i),
				"address": fmt.Sprintf("Ngõ Kiểm Thử %d, Hà Nội", i), "phone": fmt.Sprintf("0987 65%d 321", i), "email": fmt.Sprintf("kieu%d@thu.example.com", i),
			}
			body := map[string]any{
				"procedure": a.Offers[i].Procedure, "agency": a.Code, "channel": "direct", "submitter": person,
				"receiving": map[string]any{"way": "post", "address": fmt.Sprintf("Hẻm Kiểm Thử %d, Huế", i), "wished_time": fmt.Sprintf("Sau Tết %d ngày", i)},
				"summary":   fmt.Sprintf("Tóm tắt kiểm thử thứ %d", i),
			}
			if err := c.do("POST", "/api/v1/dossiers", uuid.NewString(), body, nil); err == nil {
				submitted++
			}
		}
	}
	if submitted == 0 {
		t.Fatal("the demo's intake officer could submit nothing")
	}
}

// pester asks all the things whose bodies hold personal values, rightly and wrongly, so
// that whatever is logged is logged.
func pester(t *testing.T, s *server, people []secret) {
	t.Helper()
	c := &client{http.DefaultClient, s.base, "no token"}
	asked := 0
	for _, p := range people {
		if asked++; asked > 60 {
			break
		}
		_ = c.do("POST", "/api/v1/lookup", "", map[string]any{"code": "H99.31-260101-0001", "id_number": p.text}, nil)
		_ = c.do("POST", "/api/v1/lookup", "", map[string]any{"code": p.text}, nil)
		_ = c.do("POST", "/api/v1/lookup-by-id", "", map[string]any{"id_number": p.text, "purpose": "test"}, nil)
		_ = c.do("POST", "/api/v1/dossiers", "", map[string]any{"submitter": map[string]any{"name": p.text, "nonsense": p.text}}, nil)
	}
}

// checkFilesOutsideViews: nothing of anybody in log, keys and log lines; in the
// views nothing either, but names and free text.
func checkFilesOutsideViews(t *testing.T, when string, files map[string][]byte, all *needles) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasPrefix(name, "views") || when == "running" && name == applicantToken {
			continue
		}
		var random []bool
		if strings.HasPrefix(name, "keys.db") {
			random = []bool{true}
		}
		if found := all.find(files[name], random...); len(found) > 0 {
			t.Errorf("%s, %s (%d bytes) holds %d personal values, e.g. %s", when, name, len(files[name]), len(found), strings.Join(found[:min(5, len(found))], "; "))
		}
	}
}

// applicantToken is the token of one of the demo's invented applicants, for
// curl. It names its holder's ID number, and is there while the demo runs.
var applicantToken = filepath.Join("tokens", "applicant")

// declared are the places of the views that hold personal values in plain, as
// the threat model says: names, and what people wrote.
var declared = map[string]func(secret) bool{
	"dossier.documents.doc owner_name":     secret.isName,
	"dossier.documents.doc submitter_name": secret.isName,
	"search.documents.doc owner_name":      secret.isName,
	"search.documents.doc submitter_name":  secret.isName,
	"search.words.text":                    secret.isName,
	"timeline.entries.lines 10":            secret.hasProse, // an entry's text
}

// checkViewFields: every value that stands in a view stands where declared.
func checkViewFields(t *testing.T, dir string, people []secret) {
	t.Helper()
	places, wrong := map[string]int{}, 0
	n := newNeedles()
	for i, s := range people {
		n.value(s.text, strconv.Itoa(i))
	}
	for _, cell := range viewCells(t, dir) {
		for _, what := range n.find([]byte(cell.text)) {
			index, form, _ := strings.Cut(what, ", ")
			i, err := strconv.Atoi(index)
			if err != nil {
				t.Fatal(err)
			}
			places[cell.place]++
			if may := declared[cell.place]; may == nil || !may(people[i]) {
				if wrong++; wrong <= 5 {
					t.Errorf("%s holds %v, %s", cell.place, people[i], form)
				}
			}
		}
	}
	for place := range declared {
		if places[place] == 0 {
			t.Errorf("nothing was found in %s, where it should be: this test looks for the wrong thing", place)
		}
	}
	t.Logf("values in the views: %v", places)
}

type cell struct{ place, text string }

// viewCells reads every column of every table of the views, documents by member.
func viewCells(t *testing.T, dir string) (cells []cell) {
	t.Helper()
	for _, view := range views {
		eachRow(t, viewFile(t, dir, view), func(table string, stmt *sqlite.Stmt) {
			for c := range stmt.ColumnCount() {
				if table != "words" || stmt.ColumnName(c) == "text" {
					cells = append(cells, cellsOf(view+"."+table+"."+stmt.ColumnName(c), stmt.ColumnText(c))...)
				}
			}
		})
	}
	return cells
}

// ofSubject gives the values of one subject.
func ofSubject(people []secret, subject domain.SubjectID) (out []secret) {
	for _, s := range people {
		if s.subject == subject {
			out = append(out, s)
		}
	}
	return out
}

func (s secret) String() string { return fmt.Sprintf("%s %q", s.field, s.text) }
