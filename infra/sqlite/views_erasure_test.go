package sqlite_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"hoso/domain"
	"hoso/projections"
	"hoso/projections/projtest"
	"hoso/projections/viewtest"
)

// TestErasureLeavesNothing looks for a person's values in the raw files: there
// before the erasure, gone after it, the others' still there. What the views
// answer of them is the contract's.
func TestErasureLeavesNothing(t *testing.T) {
	w := viewtest.NewWorld(t)
	w.Lives(1, viewtest.Start, 0, 40)
	dir := t.TempDir()
	s := started(t, w, dir)
	if err := projections.Rebuild(t.Context(), nil, s.Runners...); err != nil { // so that there is an older generation
		t.Fatal(err)
	}
	stop := s.Follow()
	const gone, stays = 7, 17
	for _, n := range []int{gone, stays} {
		if traces := tracesOf(t, dir, n); len(traces) == 0 {
			t.Fatalf("no trace of person %d before the erasure: the test looks for the wrong thing", n)
		}
	}
	who := projtest.Person(gone).Subject
	w.Append(projtest.Stream(projtest.ID("dossier", gone)), viewtest.Start.AddDate(0, 6, 0), domain.Redacted{Subject: who})
	s.CaughtUp() // the key is still there: the marker alone must do
	if traces := tracesOf(t, dir, gone); len(traces) > 0 {
		t.Errorf("after the erasure: %q", traces)
	}
	if len(tracesOf(t, dir, stays)) == 0 {
		t.Error("somebody else is gone too")
	}
	stop()
	followed := s.rows()
	viewtest.Same(t, "rebuilt with the key still there", followed, freshRows(t, w))
	w.DestroyKey(who)
	viewtest.Same(t, "rebuilt without the key", followed, freshRows(t, w))
}

// TestErasureBeforeARebuild: the serving view has not seen the erasure when a
// rebuild reads past it, and is gone with it.
func TestErasureBeforeARebuild(t *testing.T) {
	w := viewtest.NewWorld(t)
	w.Lives(1, viewtest.Start, 0, 40)
	dir := t.TempDir()
	s := started(t, w, dir)
	const gone = 7
	w.Append(projtest.Stream(projtest.ID("dossier", gone)), viewtest.Start.AddDate(0, 6, 0), domain.Redacted{Subject: projtest.Person(gone).Subject})
	if len(tracesOf(t, dir, gone)) == 0 {
		t.Fatal("no trace before the rebuild: the test looks for the wrong thing")
	}
	if err := projections.Rebuild(t.Context(), nil, s.Runners...); err != nil {
		t.Fatal(err)
	}
	if traces := tracesOf(t, dir, gone); len(traces) > 0 {
		t.Errorf("after the rebuild: %q", traces)
	}
}

// tracesOf names where a person's values stand in the views' files.
func tracesOf(t *testing.T, dir string, n int) (where []string) {
	t.Helper()
	p := projtest.Person(n)
	files, err := filepath.Glob(filepath.Join(dir, "views", "*"))
	if err != nil {
		t.Fatal(err)
	}
	values := []string{p.Name.Text, fmt.Sprintf("So%d\"", n), domain.Fold(p.Name.Text), fmt.Sprintf("so%d", n), fmt.Sprintf("bí mật số %d", n)}
	if n < 10 { // a number of one digit begins others; these end it
		values = []string{p.Name.Text + `"`, domain.Fold(p.Name.Text) + " ", fmt.Sprintf("bí mật số %d", n) + `"`}
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range append(values, p.IDNumber.Text, viewtest.Proofs().ID(p.IDNumber.Text), hex.EncodeToString([]byte(p.IDNumber.Text))) {
			if bytes.Contains(raw, []byte(v)) {
				where = append(where, filepath.Base(file)+": "+v)
			}
		}
	}
	return where
}
