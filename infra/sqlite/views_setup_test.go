package sqlite_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	zsqlite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/domain/eventlog/memory"
	"hoso/infra/sqlite"
	"hoso/projections"
	"hoso/projections/projtest"
)

var (
	names = []string{projections.DossierProjection, projections.SearchProjection, projections.TimelineProjection, projections.TimesProjection}
	start = time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC) // a Monday, 08:00 in Viet Nam
)

// side is a read side over a world's log.
type side struct {
	t       testing.TB
	dir     string
	views   *sqlite.Views
	feed    *projections.Feed
	runners []*projections.Runner
	said    *strings.Builder
}

func proofs() projections.Proofs {
	return projections.Proofs{
		ID:    func(n string) string { return "id:" + fmt.Sprintf("%x", reverse(n)) },
		Phone: func(n string) string { return "phone:" + fmt.Sprintf("%x", reverse(n)) },
	}
}

func reverse(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j]^0x5a, b[i]^0x5a
	}
	return string(b)
}

func open(t testing.TB, w *projtest.World, dir string) *side {
	t.Helper()
	s := &side{t: t, dir: dir, said: &strings.Builder{}}
	logger := slog.New(slog.NewTextHandler(s.said, nil))
	views, err := sqlite.OpenViews(dir, false, sqlite.ViewsOptions{Proofs: proofs(), Head: w.Log.Head, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { views.Close() })
	s.views, s.feed = views, projections.NewFeed(w.Log, w.Codec, logger)
	for _, name := range names {
		s.runners = append(s.runners, projections.NewRunner(s.feed, views.Store(name), logger))
	}
	return s
}

// started opens the read side and builds what is missing.
func started(t testing.TB, w *projtest.World, dir string) *side {
	t.Helper()
	s := open(t, w, dir)
	if err := projections.Start(t.Context(), nil, s.runners...); err != nil {
		t.Fatal(err)
	}
	return s
}

// follow lets all runners run until the returned function is called.
func (s *side) follow() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	for _, r := range s.runners {
		go func() {
			r.Run(ctx)
			done <- struct{}{}
		}()
	}
	return func() {
		cancel()
		for range s.runners {
			<-done
		}
	}
}

// caughtUp waits until every view has seen the log's end.
func (s *side) caughtUp(w *projtest.World) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 60*time.Second)
	defer cancel()
	head, err := w.Log.Head(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, name := range names {
		if err := s.views.Wait(ctx, name, head); err != nil {
			s.t.Fatalf("%s does not reach %s: %v\n%s", name, head, err, s.said)
		}
	}
}

// dump writes every document of the serving generations, in the order of their
// keys, without the numbers that SQLite gives to rows.
func (s *side) dump() string {
	s.t.Helper()
	var out strings.Builder
	queries := map[string][]string{
		"dossier":  {"SELECT * FROM dossiers ORDER BY id"},
		"search":   {"SELECT d.id, d.revision, d.status, d.procedure, d.received, d.competent, d.current, d.submitted_at, d.due_at, d.doc, w.text FROM dossiers d JOIN words w ON w.rowid = d.number ORDER BY d.id", "SELECT count(*) FROM words"},
		"timeline": {"SELECT * FROM entries ORDER BY dossier"},
		"times":    {"SELECT * FROM dossiers ORDER BY id"},
	}
	for _, name := range names {
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

func same(t testing.TB, what, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		a, b := "(nothing)", "(nothing)"
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			t.Fatalf("%s: %d and %d lines; line %d differs:\n%s\n%s", what, len(g), len(w), i, a, b)
		}
	}
}

func newWorld(t testing.TB) *projtest.World {
	w := projtest.New(t, memory.New())
	w.Catalogue(start.Add(-time.Hour))
	return w
}
