package sqlite_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	zsqlite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/projections"
	"hoso/projections/viewtest"
)

// TestRowsOfAGap hands runners batches they have seen, and a batch after one
// they have not: whatever row there is stands in a fresh file too. The contract
// asks the same of answers.
func TestRowsOfAGap(t *testing.T) {
	w := viewtest.NewWorld(t)
	s := started(t, w, t.TempDir())
	w.Lives(1, viewtest.Start, 0, 60)
	batches := s.Batches(128)
	if len(batches) < 3 {
		t.Fatalf("only %d batches", len(batches))
	}
	for i, b := range batches {
		if i == 1 {
			continue // the gap
		}
		for range 2 {
			for _, r := range s.Runners {
				if err := r.Handle(t.Context(), b); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	got, want := s.rows(), freshRows(t, w)
	for line := range strings.SplitSeq(got, "\n") {
		if !strings.Contains(want, line) {
			t.Fatalf("a row that a rebuild does not have:\n%s", line)
		}
	}
	if strings.Count(got, "\n") < strings.Count(want, "\n")*9/10 {
		t.Fatalf("only %d rows of %d", strings.Count(got, "\n"), strings.Count(want, "\n"))
	}
}

// TestTwoGenerationsAreKept: the serving one and the one before, however often
// a view is rebuilt; rows and words are then those of a fresh file.
func TestTwoGenerationsAreKept(t *testing.T) {
	w := viewtest.NewWorld(t)
	s := started(t, w, t.TempDir())
	stop := s.Follow()
	at := w.Lives(1, viewtest.Start, 0, 40)
	for range 3 {
		if err := projections.Rebuild(t.Context(), nil, s.Runners...); err != nil {
			t.Fatal(err)
		}
	}
	w.Lives(2, at, 40, 60)
	s.CaughtUp()
	stop()
	viewtest.Same(t, "rows", s.rows(), freshRows(t, w))
	if files, _ := filepath.Glob(filepath.Join(s.dir, "views", "dossier.*.db")); len(files) != 2 {
		t.Errorf("there are the files %v", files)
	}
}

// plan is how SQLite answers a query on the search view of an empty log.
func plan(t *testing.T, s *side, query string) (steps string) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(s.dir, "views", "search.*.db"))
	conn, err := zsqlite.OpenConn(files[0], zsqlite.OpenReadOnly)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = sqlitex.ExecuteTransient(conn, "EXPLAIN QUERY PLAN "+query, &sqlitex.ExecOptions{
		Args:       make([]any, strings.Count(query, "?")),
		ResultFunc: func(stmt *zsqlite.Stmt) error { steps += stmt.ColumnText(3) + "\n"; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

// TestQueuesAreRanges: a page and a count of each queue read a range of an
// index in its order and the documents of its hits, with nothing to be sorted
// and no table scanned.
func TestQueuesAreRanges(t *testing.T) {
	s := started(t, viewtest.NewWorld(t), t.TempDir())
	for conditions, bounds := range map[string]string{
		"dossiers_at_agency WHERE current = ? AND deadline <= ?":                                      "current=? AND ",
		"dossiers_at_unit WHERE current = ? AND unit = ? AND unit <> '' AND deadline <= ?":            "current=? AND unit=? AND ",
		"dossiers_of_officer WHERE current = ? AND assignee = ? AND assignee <> '' AND deadline <= ?": "assignee=? AND current=? AND ",
	} {
		index, _, _ := strings.Cut(conditions, " ")
		for query, beyond := range map[string]string{
			"SELECT (SELECT doc FROM documents WHERE documents.number = dossiers.number), deadline, id FROM dossiers INDEXED BY %s AND (deadline, id) > (?, ?) ORDER BY deadline, id LIMIT ?": "CORRELATED SCALAR SUBQUERY 1\nSEARCH documents USING INTEGER PRIMARY KEY (rowid=?)\n",
			"SELECT count(*) FROM dossiers INDEXED BY %s AND deadline >= ?": "",
		} {
			first, rest, _ := strings.Cut(plan(t, s, fmt.Sprintf(query, conditions)), "\n")
			if !strings.HasPrefix(first, "SEARCH dossiers USING COVERING INDEX "+index+" ("+bounds) || rest != beyond {
				t.Errorf("%s: %s\n%s", conditions, first, rest)
			}
		}
	}
}
