package sqlite_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hoso/domain"
	"hoso/projections"
	"hoso/projections/projtest"
	"hoso/projections/viewtest"
)

// TestARollBackThatFailsLeavesNobodyBehind: the way back fails half-way, then a
// person is erased: no file holds them, whatever is rebuilt or started later.
func TestARollBackThatFailsLeavesNobodyBehind(t *testing.T) {
	dir := t.TempDir()
	w := viewtest.NewWorld(t)
	at := w.Lives(1, viewtest.Start, 0, 6)
	s := started(t, w, dir)
	if err := projections.Rebuild(t.Context(), nil, s.Runners...); err != nil {
		t.Fatal(err)
	}
	stop := s.Follow()
	w.Append(projtest.Stream(projtest.ID("dossier", 1)), at, domain.Progressed{Title: "Việc"})
	s.CaughtUp()
	timeline := s.Runners[2]
	w.KeysDown(os.ErrDeadlineExceeded)
	if err := timeline.RollBack(t.Context()); err == nil {
		t.Fatal("it did not fail: the test shows nothing")
	}
	w.KeysDown(nil)
	holds := func() (files []string) {
		all, _ := filepath.Glob(filepath.Join(dir, "views", "timeline.*"))
		for _, f := range all {
			if raw, _ := os.ReadFile(f); strings.Contains(string(raw), "Mẫu Số3") || strings.Contains(string(raw), "bí mật số 3") {
				files = append(files, filepath.Base(f))
			}
		}
		return files
	}
	if len(holds()) == 0 {
		t.Fatal("nothing holds the person before the erasure: the test looks for the wrong thing")
	}
	w.Append(projtest.Stream(projtest.ID("dossier", 3)), at, domain.Redacted{Subject: projtest.Person(3).Subject})
	s.CaughtUp()
	stop()
	for _, next := range []func(){
		func() {},
		func() {
			if err := timeline.Rebuild(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
		},
		func() { s.Views.Close(); s = started(t, w, dir) },
	} {
		if next(); len(holds()) > 0 {
			t.Errorf("the erased person stands in %v", holds())
		}
	}
	if err := s.Runners[2].RollBack(t.Context()); err != nil {
		t.Errorf("the rebuilt view had a generation before it that has seen the erasure: %v", err)
	}
}
