package sqlite_test

import (
	"fmt"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	zsqlite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/infra/sqlite"
	"hoso/projections/projtest"
	"hoso/projections/viewtest"
)

// opener opens views in folders below a root.
func opener(root string) viewtest.Open {
	return func(t testing.TB, place string, o viewtest.Options) viewtest.Views {
		v, err := sqlite.OpenViews(filepath.Join(root, place), o.ReadOnly, sqlite.ViewsOptions{Proofs: o.Proofs, Head: o.Head, Log: o.Log, Logger: o.Logger})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { v.Close() })
		return v
	}
}

// side is a read side whose files can be looked into.
type side struct {
	*viewtest.Side
	t   testing.TB
	dir string
}

// started opens the read side in a folder and builds what is missing.
func started(t testing.TB, w *projtest.World, dir string) *side {
	t.Helper()
	return &side{viewtest.Started(t, w, ".", opener(dir)), t, dir}
}

// freshRows are those of views built in one go.
func freshRows(t *testing.T, w *projtest.World) string {
	t.Helper()
	s := started(t, w, t.TempDir())
	s.CaughtUp()
	return s.rows()
}

// rows writes every document of the serving generations, in the order of their
// keys, without the numbers that SQLite gives to rows.
func (s *side) rows() string {
	s.t.Helper()
	var out strings.Builder
	queries := map[string][]string{
		"dossier":  {"SELECT id, revision, code, source, owner, submitter, submitted_at, supplement_until, doc FROM dossiers JOIN documents USING (number) ORDER BY id", "SELECT count(*) FROM documents"},
		"search":   {"SELECT id, revision, status, procedure, received, competent, current, place, channel, field, unit, assignee, submitted_at, due_at, deadline, doc, w.text FROM dossiers d JOIN documents USING (number) JOIN words w ON w.rowid = d.number ORDER BY d.id", "SELECT count(*) FROM words", "SELECT count(*) FROM documents"},
		"timeline": {"SELECT * FROM entries ORDER BY dossier"},
		"times":    {"SELECT * FROM dossiers ORDER BY id"},
	}
	for _, name := range viewtest.Names {
		for _, query := range append(queries[name], "SELECT * FROM parked ORDER BY dossier", "SELECT * FROM checkpoint") {
			fmt.Fprintf(&out, "-- %s: %s\n", name, query)
			out.WriteString(s.query(name, query))
		}
	}
	return out.String()
}

// query gives a query's rows on the serving file of a projection, a line each.
func (s *side) query(name, query string) string {
	s.t.Helper()
	files, _ := filepath.Glob(filepath.Join(s.dir, "views", name+".*.db"))
	sort.Slice(files, func(i, j int) bool {
		return len(files[i]) < len(files[j]) || len(files[i]) == len(files[j]) && files[i] < files[j]
	})
	if len(files) == 0 {
		s.t.Fatalf("no file of %s", name)
	}
	conn, err := zsqlite.OpenConn(files[len(files)-1], zsqlite.OpenReadOnly)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	var out strings.Builder
	err = sqlitex.ExecuteTransient(conn, query, &sqlitex.ExecOptions{ResultFunc: func(stmt *zsqlite.Stmt) error {
		for i := range stmt.ColumnCount() {
			if stmt.ColumnType(i) == zsqlite.TypeBlob {
				b := make([]byte, stmt.ColumnLen(i))
				stmt.ColumnBytes(i, b)
				fmt.Fprintf(&out, "%x|", b)
			} else {
				fmt.Fprintf(&out, "%s|", stmt.ColumnText(i))
			}
		}
		out.WriteByte('\n')
		return nil
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	return out.String()
}
