package viewtest

import (
	"fmt"
	"strings"
	"testing"

	"hoso/domain"
	"hoso/projections"
	"hoso/projections/projtest"
)

// erasure looks for a person's values in everything the views answer: there
// before the erasure, gone after it, somebody else's still there. The engine's
// own tests look into its files.
func erasure(t *testing.T, e *engine) {
	w := NewWorld(t)
	w.Lives(1, Start, 0, 40)
	s := e.started(t, w)
	stop := s.Follow()
	s.CaughtUp()
	const gone, stays = 17, 27
	before := s.Dump()
	for _, n := range []int{gone, stays} {
		if len(traces(before, n)) < 3 {
			t.Fatalf("of person %d the views tell only %q: the test looks for the wrong thing", n, traces(before, n))
		}
	}
	who := projtest.Person(gone).Subject
	w.Append(projtest.Stream(projtest.ID("dossier", gone)), Start.AddDate(0, 6, 0), domain.Redacted{Subject: who})
	s.CaughtUp() // the key is still there: the marker alone must do
	after := s.Dump()
	if left := traces(after, gone); len(left) > 0 {
		t.Errorf("after the erasure: %q", left)
	}
	if len(traces(after, stays)) != len(traces(before, stays)) {
		t.Error("somebody else's values are gone too")
	}
	for text, want := range map[string]int{"mẫu số17": 0, "mẫu số27": 1} {
		if page, err := s.Views.Search(t.Context(), projections.SearchQuery{Text: text}); err != nil || len(page.Hits) != want {
			t.Errorf("%q finds %d dossiers, %v; want %d", text, len(page.Hits), err, want)
		}
	}
	view, _, err := s.Views.ByID(t.Context(), projtest.ID("dossier", gone))
	if err != nil || !view.Erased || view.OwnerName != "" || len(view.IDProofs)+len(view.PhoneProofs) != 0 {
		t.Errorf("the view is %+v, %v", view, err)
	}
	entries, err := s.Views.Timeline(t.Context(), projtest.ID("dossier", gone))
	if err != nil || len(entries) < 3 || !entries[0].Erased || entries[0].Text != "" || entries[0].VI != "Nộp hồ sơ" {
		t.Errorf("the timeline is %+v, %v", entries, err)
	}
	stop()
	Same(t, "rebuilt with the key still there", after, e.fresh(t, w))
	w.DestroyKey(who)
	Same(t, "rebuilt without the key", after, e.fresh(t, w))
	if err := projections.Rebuild(t.Context(), nil, s.Runners...); err != nil {
		t.Fatal(err)
	}
	Same(t, "rebuilt in place", s.Dump(), after)
}

// traces are the values of a person, of two digits, that a text holds.
func traces(text string, n int) (found []string) {
	p := projtest.Person(n)
	for _, v := range []string{p.Name.Text, domain.Fold(p.Name.Text), fmt.Sprintf("bí mật số %d", n), p.IDNumber.Text, Proofs().ID(p.IDNumber.Text)} {
		if strings.Contains(text, v) {
			found = append(found, v)
		}
	}
	return found
}
