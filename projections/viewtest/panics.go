package viewtest

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"hoso/projections"
	"hoso/projections/projtest"
)

// faulty is a store whose documents, in a rebuild, panic at some events: a
// defect of a projection, as one dossier may meet.
type faulty struct {
	projections.Store
	at func(*projections.Item) bool
}

func (f *faulty) Build(ctx context.Context) (projections.Build, error) {
	b, err := f.Store.Build(ctx)
	if err != nil {
		return nil, err
	}
	return faultyBuild{b, f.at}, nil
}

type faultyBuild struct {
	projections.Build
	at func(*projections.Item) bool
}

func (b faultyBuild) Append(it *projections.Item) error {
	if b.at(it) {
		panic("a defect")
	}
	return b.Build.Append(it)
}

// panicsInRebuild: a dossier that a projection panics at is set aside as it was
// before that event, though what the rebuild held back of it went on.
func panicsInRebuild(t *testing.T, e *engine) {
	w := NewWorld(t)
	w.Lives(1, Start, 0, 20)
	bad := projtest.ID("dossier", 3)
	s := NewSide(t, w, e.place(), e.open)
	logger := slog.New(slog.NewTextHandler(s.Said, nil))
	s.Runners = nil
	for _, name := range Names {
		for _, store := range s.Views.Stores(name) {
			store := &faulty{store, func(it *projections.Item) bool { return it.Dossier == bad && it.Revision == 2 }}
			s.Runners = append(s.Runners, projections.NewRunner(s.Feed, store, logger))
		}
	}
	if err := projections.Rebuild(t.Context(), nil, s.Runners...); err != nil {
		t.Fatal(err)
	}
	for _, st := range must(s.Views.Status(t.Context())) {
		if st.Parked != 1 || st.Lag != 0 {
			t.Errorf("%s: %d parked, lag %d; want 1 and 0", st.Projection, st.Parked, st.Lag)
		}
	}
	if view, ok, err := s.Views.ByID(t.Context(), bad); err != nil || !ok || view.Revision != 1 {
		t.Errorf("the dossier shows revision %d, %v, %v; want 1, the one before the event", view.Revision, ok, err)
	}
	if lines, err := s.Views.Timeline(t.Context(), bad); err != nil || len(lines) != 2 || lines[1].Revision != 1 {
		t.Errorf("its timeline is %v, %v; want the two events before", lines, err)
	}
	if !strings.Contains(s.Said.String(), "panicked: a defect") {
		t.Errorf("nothing was said of it:\n%s", s.Said)
	}
}
