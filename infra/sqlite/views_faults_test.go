package sqlite_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	zsqlite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/projections/viewtest"
)

// TestUnusableFilesAreBuiltAnew: another format, a damaged file, no file, and
// a .current that names nothing; each is said.
func TestUnusableFilesAreBuiltAnew(t *testing.T) {
	w := viewtest.NewWorld(t)
	w.Lives(1, viewtest.Start, 0, 5)
	want := freshRows(t, w)
	for what, spoil := range map[string]func(t *testing.T, dir string){
		"has format 99": func(t *testing.T, dir string) {
			conn, err := zsqlite.OpenConn(filepath.Join(dir, "times.1.db"), zsqlite.OpenReadWrite)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := sqlitex.ExecuteTransient(conn, "PRAGMA user_version = 99", nil); err != nil {
				t.Fatal(err)
			}
		},
		"is damaged": func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "dossier.1.db"), strings.Repeat("x", 9000))
		},
		"is missing": func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "search.1.db")); err != nil {
				t.Fatal(err)
			}
		},
		"does not name a generation": func(t *testing.T, dir string) { write(t, filepath.Join(dir, "timeline.current"), "?") },
	} {
		dir := t.TempDir()
		s := started(t, w, dir)
		s.Views.Close()
		spoil(t, filepath.Join(dir, "views"))
		s = started(t, w, dir)
		if !strings.Contains(s.Said.String(), what) {
			t.Errorf("%s: it was not said; only:\n%s", what, s.Said)
		}
		viewtest.Same(t, what, s.rows(), want)
		s.Views.Close()
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
