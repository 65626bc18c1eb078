package sqlite_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	zsqlite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/projections"
)

// unreliable is a store whose transactions fail now and then: before the
// commit, so that nothing was written, or after it, so that all was.
type unreliable struct {
	projections.Store
	mu     sync.Mutex
	rnd    *rand.Rand
	failed int
}

func (u *unreliable) Serving(ctx context.Context) (projections.Generation, string) {
	g, why := u.Store.Serving(ctx)
	if g == nil {
		return nil, why
	}
	return &unreliableGeneration{g, u}, why
}

type unreliableGeneration struct {
	projections.Generation
	of *unreliable
}

var errFault = errors.New("the disk is away for a moment")

func (g *unreliableGeneration) Update(ctx context.Context, apply func(projections.Documents) error) error {
	g.of.mu.Lock()
	fault := g.of.rnd.IntN(4)
	if fault < 2 {
		g.of.failed++
	}
	g.of.mu.Unlock()
	err := g.Generation.Update(ctx, func(docs projections.Documents) error {
		if err := apply(docs); err != nil || fault != 0 {
			return err
		}
		return errFault
	})
	if err == nil && fault == 1 {
		return errFault
	}
	return err
}

// TestPassingFaultsAreWaitedOut: half of all transactions fail, before or
// after their commit, and the documents are still those of a rebuild.
func TestPassingFaultsAreWaitedOut(t *testing.T) {
	w := newWorld(t)
	dir := t.TempDir()
	started(t, w, dir).views.Close()
	s := open(t, w, dir)
	logger := slog.New(slog.DiscardHandler)
	var stores []*unreliable
	s.runners = nil
	for i, name := range names {
		u := &unreliable{Store: s.views.Store(name), rnd: rand.New(rand.NewPCG(uint64(i), 1))}
		stores = append(stores, u)
		s.runners = append(s.runners, projections.NewRunner(s.feed, u, logger))
	}
	if err := projections.Start(t.Context(), nil, s.runners...); err != nil {
		t.Fatal(err)
	}
	w.Lives(1, start, 0, 60)
	stop := s.follow()
	s.caughtUp(w)
	stop()
	for _, u := range stores {
		if u.failed == 0 {
			t.Errorf("%s met no fault", u.Name())
		}
	}
	same(t, "after the faults", s.dump(), fresh(t, w))
}

// TestUnusableFilesAreBuiltAnew: another format, a damaged file, no file, and
// a .current that names nothing; each is said.
func TestUnusableFilesAreBuiltAnew(t *testing.T) {
	w := newWorld(t)
	w.Lives(1, start, 0, 5)
	want := fresh(t, w)
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
		s.views.Close()
		spoil(t, filepath.Join(dir, "views"))
		s = started(t, w, dir)
		if !strings.Contains(s.said.String(), what) {
			t.Errorf("%s: it was not said; only:\n%s", what, s.said)
		}
		same(t, what, s.dump(), want)
		s.views.Close()
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
