package e2e

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"hoso/domain"
)

// erasable is somebody with no open dossier.
type erasable struct {
	subject domain.SubjectID
	number  string // an ID number
	codes   []string
	values  []secret // that nobody else has too
}

// checkErasure erases people and looks for what is left of them. An earlier
// generation of the views, which a rebuild leaves to go back to, counts as well.
func checkErasure(t *testing.T, dir string, people []secret, words map[string]bool) {
	t.Helper()
	must(t, "rebuild", "--data", dir)
	gone := settledPeople(t, dir, people, 4)
	before := folderFiles(t, dir)
	for _, p := range gone {
		n, _ := needlesOf(p.values, allWords(p.values))
		if inViews(n, before) == 0 {
			t.Errorf("nothing of %v stands in the views before the erasure: this test looks for the wrong thing", p.values[0])
		}
		if a := hoso(t, "lookup", "--data", dir, "--id", p.number, "--json"); a.code != 0 || !strings.Contains(a.stdout, p.codes[0]) {
			t.Errorf("look-up by ID before the erasure: exit %d %s%s", a.code, a.stdout, a.stderr)
		}
		a := must(t, "erase", "--data", dir, "--id", p.number, "--basis", "Luật 91/2025/QH15", "--json")
		if found := n.find([]byte(a.stdout + a.stderr)); len(found) > 0 {
			t.Errorf("erase prints %v", found)
		}
	}
	after := folderFiles(t, dir)
	for _, p := range gone {
		n, _ := needlesOf(p.values, allWords(p.values))
		for name, b := range after {
			if found := n.find(b); len(found) > 0 {
				t.Errorf("after the erasure, %s still holds %s", name, strings.Join(found, "; "))
			}
		}
		readsErased(t, dir, p)
	}
	if v := checkVerify(t, dir, -1); v.OK {
		t.Logf("%d people erased, %d files searched, verify: %d events", len(gone), len(after), v.Events)
	}
}

// allWords leaves single names out: others have them too.
func allWords(values []secret) map[string]bool {
	words := map[string]bool{}
	for _, s := range values {
		for w := range strings.FieldsSeq(s.text) {
			words[w] = true
		}
	}
	return words
}

func inViews(n *needles, files map[string][]byte) (hits int) {
	for name, b := range files {
		if strings.HasPrefix(name, "views") {
			hits += len(n.find(b))
		}
	}
	return hits
}

// readsErased: the history still stands, and reads erased.
func readsErased(t *testing.T, dir string, p erasable) {
	t.Helper()
	for _, code := range p.codes {
		a := must(t, "replay", "--data", dir, code, "--json")
		if !strings.Contains(a.stdout, `"erased":true`) && !strings.Contains(a.stdout, `"erased": true`) || !strings.Contains(a.stdout, "dossier.redacted") {
			t.Errorf("the history of %s does not read erased: %s", code, clip(a.stdout))
		}
		n, _ := needlesOf(p.values, allWords(p.values))
		if found := n.find([]byte(a.stdout)); len(found) > 0 {
			t.Errorf("the history of %s still tells %v", code, found)
		}
	}
	if a := hoso(t, "lookup", "--data", dir, "--id", p.number, "--json"); a.code != 1 || strings.TrimSpace(a.stdout) != "[]" {
		t.Errorf("look-up by the erased ID: exit %d, %s%s", a.code, a.stdout, a.stderr)
	}
}

// settledPeople finds people whose dossiers have all ended, who have names and free
// text, and the values that are theirs alone.
func settledPeople(t *testing.T, dir string, people []secret, most int) (out []erasable) {
	t.Helper()
	model := fold(t, readLog(t, dir))
	owned := map[domain.SubjectID][]string{} // codes
	open := map[domain.SubjectID]bool{}
	for _, e := range readLog(t, dir) {
		if e.typ != "dossier.submitted" {
			continue
		}
		f := model[strings.TrimPrefix(e.stream, "dossier-")]
		for _, who := range partiesOf(t, e) {
			owned[who] = append(owned[who], f.code)
			// Decided waits for its delivery: still open.
			open[who] = open[who] || !ends[f.base] || f.base == 9
		}
	}
	for who, codes := range owned {
		p, named := erasable{subject: who, codes: codes}, false
		for _, s := range ofSubject(people, who) {
			if strings.HasSuffix(s.field, " IDNumber") {
				p.number = s.text
			}
			if hisAlone(s, people) {
				p.values = append(p.values, s)
				named = named || strings.HasSuffix(s.field, " Owner Name")
			}
		}
		if !open[who] && p.number != "" && named && len(out) < most {
			out = append(out, p)
		}
	}
	if len(out) == 0 {
		t.Fatal("nobody in this run can be erased")
	}
	return out
}

// hisAlone: no other person's values show this one, folded: what is left of
// "Xuân Hưng" reads as "Xuân Hùng" there.
func hisAlone(s secret, people []secret) bool {
	folded := domain.Fold(s.text)
	return !slices.ContainsFunc(people, func(other secret) bool {
		return other.subject != s.subject && strings.Contains(domain.Fold(other.text), folded)
	})
}

func partiesOf(t *testing.T, e rawEvent) []domain.SubjectID {
	t.Helper()
	var s struct {
		Owner, Submitter struct {
			Subject domain.SubjectID `json:"subject"`
		}
	}
	if err := json.Unmarshal(e.data, &s, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
	if s.Owner.Subject == s.Submitter.Subject {
		return []domain.SubjectID{s.Owner.Subject}
	}
	return []domain.SubjectID{s.Owner.Subject, s.Submitter.Subject}
}

// publicTexts are what the demo itself writes in public fields: the basis of an erasure.
var publicTexts = []string{"Luật Bảo vệ dữ liệu cá nhân"}

// catalogueWords are the words that stand in the raw files of an installation
// without a single dossier: those of the catalogue and of the files' own texts.
func catalogueWords(t *testing.T) map[string]bool {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "empty")
	s := serve(t, dir)
	s.stop()
	words := map[string]bool{}
	for name, b := range folderFiles(t, dir) {
		if strings.HasSuffix(name, ".db") {
			for w := range wordsOf(b) {
				words[w] = true
			}
		}
	}
	for _, text := range publicTexts {
		for w := range strings.FieldsSeq(text) {
			words[w] = true
		}
	}
	if !words["Thủ"] && !words["Đăng"] {
		t.Fatal("the catalogue's words are not there")
	}
	return words
}

// cellsOf takes JSON, one document or one a line or lists after commas, apart
// into its members; other columns are one cell.
func cellsOf(place, text string) (cells []cell) {
	var lists [][]any
	if after, ok := strings.CutPrefix(text, ",["); ok && json.Unmarshal([]byte("[["+after+"]"), &lists) == nil {
		for _, list := range lists {
			for i, value := range list {
				cells = append(cells, cell{fmt.Sprint(place, " ", i), fmt.Sprint(value)})
			}
		}
		return cells
	}
	for line := range strings.Lines(text) {
		var doc map[string]any
		if json.Unmarshal([]byte(line), &doc) != nil {
			return []cell{{place, text}}
		}
		for member, value := range doc {
			b, err := json.Marshal(value)
			if err != nil {
				panic(err)
			}
			cells = append(cells, cell{place + " " + member, string(b)})
		}
	}
	return cells
}
