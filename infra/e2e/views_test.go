package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// views are the four projections, each with its file.
var views = []string{"dossier", "search", "timeline", "times"}

// viewFile is the file that serves a view.
func viewFile(t testing.TB, dir, view string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "views", view+".current"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "views", fmt.Sprintf("%s.%d.db", view, n))
}

// dumpViews writes every document of every view, one row a line. The numbering
// of search rows, the inside of the word index and the checkpoint depend on the
// way by which a view came about; all else must not.
func dumpViews(t testing.TB, dir string) []string {
	t.Helper()
	var lines []string
	for _, view := range views {
		before := len(lines)
		eachRow(t, viewFile(t, dir, view), func(table string, stmt *sqlite.Stmt) {
			line := view + "." + table
			for c := range stmt.ColumnCount() {
				if name := stmt.ColumnName(c); name != "number" {
					line += fmt.Sprintf(" %s=%q", name, stmt.ColumnText(c))
				}
			}
			lines = append(lines, line)
		})
		if len(lines) == before {
			t.Errorf("view %s is empty", view)
		}
	}
	return lines
}

// eachRow visits every row of a view's tables, and the words and the code that
// a dossier is found by beside its row.
func eachRow(t testing.TB, file string, visit func(table string, stmt *sqlite.Stmt)) {
	t.Helper()
	conn, err := sqlite.OpenConn(file, sqlite.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var tables []string
	query := "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'words_%' AND name NOT LIKE 'codes_%' AND name NOT LIKE 'sqlite_%' AND name <> 'checkpoint'"
	err = sqlitex.ExecuteTransient(conn, query, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		tables = append(tables, stmt.ColumnText(0))
		return nil
	}})
	for _, table := range tables {
		from := table
		switch table {
		case "words":
			from = "dossiers d JOIN words w ON w.rowid = d.number"
		case "documents":
			from = "(SELECT d.id, w.doc FROM dossiers d JOIN documents w USING (number))"
		case "codes":
			from = "(SELECT d.id, w.text FROM dossiers d JOIN codes w ON w.rowid = d.number)"
		}
		err = errors.Join(err, sqlitex.ExecuteTransient(conn, "SELECT * FROM "+from, &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
			visit(table, stmt)
			return nil
		}}))
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// document is what the model is held against.
type document struct {
	ID        string `json:"id"`
	Code      string `json:"code"`
	Revision  int64  `json:"revision"`
	Status    int    `json:"status"`
	Outcome   string `json:"outcome"`
	DecidedAt string `json:"decided_at"`
	Erased    bool   `json:"erased"`
	SourceID  string `json:"source_id"`
}

func readDocuments(t testing.TB, dir string) map[string]document {
	t.Helper()
	conn, err := sqlite.OpenConn(viewFile(t, dir, "dossier"), sqlite.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	all := map[string]document{}
	err = sqlitex.ExecuteTransient(conn, "SELECT doc FROM documents", &sqlitex.ExecOptions{ResultFunc: func(stmt *sqlite.Stmt) error {
		var d document
		err := json.Unmarshal([]byte(stmt.ColumnText(0)), &d)
		all[d.ID] = d
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// checkViews: the views equal the model's fold of the log, and a fresh rebuild. The
// program does not run. It gives the number of dossiers.
func checkViews(t *testing.T, dir string) int {
	t.Helper()
	before := dumpViews(t, dir)
	checkModel(t, dir)
	must(t, "rebuild", "--data", dir, "--json")
	after := dumpViews(t, dir)
	sameLines(t, "views before and after a rebuild", before, after)
	return checkModel(t, dir)
}

func checkModel(t *testing.T, dir string) int {
	t.Helper()
	documents := readDocuments(t, dir)
	model := fold(t, readLog(t, dir))
	statuses := map[int]int{}
	for id, f := range model {
		d, ok := documents[id]
		statuses[f.status()]++
		if !ok || d.Status != f.status() || d.Revision != f.revision || d.Code != f.code || d.Outcome != f.outcome || d.DecidedAt != f.decidedAt {
			t.Errorf("dossier %s: the view says %+v, the model status %d, revision %d, code %s, outcome %q, decided %s",
				id, d, f.status(), f.revision, f.code, f.outcome, f.decidedAt)
		}
	}
	if len(documents) != len(model) || len(model) == 0 {
		t.Errorf("%d documents for %d dossiers", len(documents), len(model))
	}
	t.Logf("dossiers by status, the same in view and model: %v", statuses)
	return len(model)
}

// sameLines compares without regard to order and shows the first difference.
func sameLines(t *testing.T, what string, a, b []string) {
	t.Helper()
	sort.Strings(a)
	sort.Strings(b)
	for i := range max(len(a), len(b)) {
		var x, y string
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			t.Errorf("%s differ (%d and %d lines), first at\n%s\n%s", what, len(a), len(b), clip(x), clip(y))
			return
		}
	}
}
