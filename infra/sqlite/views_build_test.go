package sqlite_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/projections"
	"hoso/projections/projtest"
	"hoso/projections/viewtest"
)

// watched is a store whose builds are looked at.
type watched struct {
	projections.Store
	appended map[uuid.UUID]uint64
	puts     map[uuid.UUID]int
	behind   int // puts of a dossier as it was before its last appended event
}

type watchedBuild struct {
	projections.Build
	of *watched
}

func (w *watched) Build(ctx context.Context) (projections.Build, error) {
	b, err := w.Store.Build(ctx)
	return watchedBuild{b, w}, err
}

func (b watchedBuild) Append(it *projections.Item) error {
	b.of.appended[it.Dossier] = it.Revision
	return b.Build.Append(it)
}

func (b watchedBuild) Put(it *projections.Item) error {
	b.of.puts[it.Dossier]++
	if it.Revision < b.of.appended[it.Dossier] {
		b.of.behind++
	}
	return b.Build.Put(it)
}

// TestPutsAreNotBehind: a rebuild hands dossiers out in shares; one that gets
// another event while it waits for its turn is put after that event, once.
func TestPutsAreNotBehind(t *testing.T) {
	w := viewtest.NewWorld(t)
	const lives, from, to = 10_000, 8_250, 8_700 // the first 8,192 are given up together
	for n := range lives {
		w.Append(projtest.Stream(projtest.ID("dossier", n)), viewtest.Start, projtest.Submission(n), domain.Withdrawn{})
		if n >= from && n < to {
			w.Append(projtest.Stream(projtest.ID("dossier", n-from)), viewtest.Start.Add(time.Hour), domain.Rated{Score: 5})
		}
	}
	s := viewtest.NewSide(t, w, ".", opener(t.TempDir()))
	store := &watched{Store: s.Views.Stores(projections.TimelineProjection)[0], appended: map[uuid.UUID]uint64{}, puts: map[uuid.UUID]int{}}
	runner := projections.NewRunner(s.Feed, store, slog.New(slog.DiscardHandler))
	if err := projections.Rebuild(t.Context(), nil, runner); err != nil {
		t.Fatal(err)
	}
	twice := 0
	for _, n := range store.puts {
		if n > 1 {
			twice++
		}
	}
	if store.behind > 0 || len(store.puts) != lives {
		t.Errorf("%d puts behind what was appended, %d of %d dossiers put", store.behind, len(store.puts), lives)
	}
	if twice == 0 || twice == to-from {
		t.Errorf("%d dossiers were put twice: none was taken back, or none was already put, and the test shows nothing", twice)
	}
}

// TestBuildPutsAgain: a log that repeats an event makes a build put a dossier
// as if it were new. It must replace its own document, not another one's.
func TestBuildPutsAgain(t *testing.T) {
	w := viewtest.NewWorld(t)
	w.Lives(1, viewtest.Start, 0, 3)
	s := viewtest.NewSide(t, w, ".", opener(t.TempDir()))
	for _, name := range []string{projections.DossierProjection, projections.SearchProjection} {
		store := s.Views.Stores(name)[0]
		build, err := store.Build(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{0, 1, 2, 0} {
			items, err := s.Feed.Replay(t.Context(), projtest.ID("dossier", n), eventlog.Position{Commit: 1 << 62, Prepare: 1 << 62})
			if err != nil {
				t.Fatal(err)
			}
			last := items[len(items)-1]
			last.Fresh = n != 0 || name == projections.DossierProjection // search refuses a second row of words
			if err := build.Put(last); err != nil {
				t.Fatal(err)
			}
		}
		if err := build.SetCheckpoint(projections.Checkpoint{Log: w.Log.ID()}); err != nil {
			t.Fatal(err)
		}
		done, err := build.Finish(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Serve(t.Context(), done, eventlog.Position{}); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 3 {
		id := projtest.ID("dossier", n)
		if v, found, err := s.Views.ByID(t.Context(), id); err != nil || !found || v.ID != id {
			t.Errorf("dossier %d: %v, %v, it shows %s", n, found, err, v.ID)
		}
	}
	page, err := s.Views.Search(t.Context(), projections.SearchQuery{})
	seen := map[uuid.UUID]bool{}
	for _, hit := range page.Hits {
		seen[hit.ID] = true
	}
	if err != nil || len(page.Hits) != 3 || len(seen) != 3 {
		t.Errorf("%v: %d hits of %d dossiers, want 3 of 3", err, len(page.Hits), len(seen))
	}
}
