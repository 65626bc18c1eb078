package viewtest

import (
	"bytes"
	"fmt"
	"github.com/google/uuid"
	"hoso/projections"
	"slices"
	"strings"
	"testing"
	"time"

	"hoso/domain"
	"hoso/projections/projtest"
)

func lookUps(t *testing.T, e *engine) {
	w := NewWorld(t)
	a, b := projtest.ID("dossier", 1), projtest.ID("dossier", 2)
	first := projtest.Submission(1)
	first.SourceID = "case-42"
	second := projtest.Submission(2)
	second.Owner = first.Owner // handed in by somebody else
	w.Append(projtest.Stream(a), vn(5, 8, 0), first, domain.Numbered{Code: "H99.14-260105-0001"})
	w.Append(projtest.Stream(b), vn(6, 8, 0), second, domain.Numbered{Code: "H99.14-260106-0001"})
	until := vn(9, 17, 0)
	w.Append(projtest.Stream(b), vn(6, 9, 0), domain.ReturnedForSupplement{Stage: domain.AtIntake, Missing: []string{"Tờ khai"}, Until: &until})
	s := e.caught(t, w)

	for _, key := range []string{"h99 14-260105-1", "H99.14-260105-0001", "H9914260105000l", "CASE-42"} {
		view, ok, err := s.Views.ByCode(t.Context(), domain.FoldCode(key))
		switch {
		case err != nil:
			t.Fatal(err)
		case key == "h99 14-260105-1" || key == "H9914260105000l":
			if ok {
				t.Errorf("%q is found though it is no spelling of a code", key)
			}
		case !ok || view.ID != a:
			t.Errorf("%q: %v, %v", key, view.ID, ok)
		}
	}
	if _, ok, err := s.Views.ByCode(t.Context(), ""); ok || err != nil {
		t.Errorf("the empty code: %v, %v", ok, err)
	}
	view, _, _ := s.Views.ByID(t.Context(), b)
	if view.Status != domain.StatusSupplement || !view.SupplementUntil.Equal(until) || len(view.Missing) != 1 || view.ProcedureName != "Đăng ký khai tử" {
		t.Errorf("the view is %+v", view)
	}
	if want := []string{Proofs().ID("001199000001"), Proofs().ID("001199000002")}; !sameSet(view.IDProofs, want) {
		t.Errorf("ID proofs %q, want owner's and submitter's", view.IDProofs)
	}
	if want := []string{Proofs().Phone("0001"), Proofs().Phone("0002")}; !sameSet(view.PhoneProofs, want) {
		t.Errorf("phone proofs %q, want those of the last four digits", view.PhoneProofs)
	}
	page, err := s.Views.BySubject(t.Context(), first.Owner.Subject, 1, "")
	if err != nil || len(page.Hits) != 1 || page.Hits[0].ID != b || page.Next == "" {
		t.Fatalf("the newest of a person: %+v, %v", page, err)
	}
	page, err = s.Views.BySubject(t.Context(), first.Owner.Subject, 1, page.Next)
	if err != nil || len(page.Hits) != 1 || page.Hits[0].ID != a || page.Next != "" {
		t.Fatalf("the other of a person: %+v, %v", page, err)
	}
	if page, _ = s.Views.BySubject(t.Context(), second.Submitter.Subject, 0, ""); len(page.Hits) != 1 {
		t.Fatalf("the submitter finds %d dossiers", len(page.Hits))
	}
	for now, want := range map[time.Time]int{until: 0, until.Add(time.Microsecond): 1} {
		if ids, err := s.Views.LapsedSupplements(t.Context(), now, 10); err != nil || len(ids) != want {
			t.Errorf("at %s %d supplements have lapsed, %v; want %d", now, len(ids), err, want)
		}
	}
}

func sameSet(a, b []string) bool {
	slices.Sort(b)
	return slices.Equal(a, b)
}

// oddLookUps: a dossier before its code is drawn, one source id that two
// dossiers claim, source ids of any letters, and what nobody has.
func oddLookUps(t *testing.T, e *engine) {
	w := NewWorld(t)
	young := projtest.ID("dossier", 0)
	w.Append(projtest.Stream(young), vn(5, 8, 0), projtest.Submission(0))
	claimed := []uuid.UUID{projtest.ID("dossier", 1), projtest.ID("dossier", 2)}
	for i, id := range claimed {
		sub := projtest.Submission(1 + i)
		sub.SourceID = "hồ sơ/42 %?&#"
		w.Append(projtest.Stream(id), vn(5, 8, i), sub, domain.Numbered{Code: fmt.Sprintf("H99.14-260105-000%d", i+1)})
	}
	long := projtest.Submission(3)
	long.SourceID = strings.Repeat("dài", 300)
	w.Append(projtest.Stream(projtest.ID("dossier", 3)), vn(5, 9, 0), long)
	s := e.caught(t, w)
	slices.SortFunc(claimed, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })

	find := func(key string) (uuid.UUID, bool) {
		view, ok, err := s.Views.ByCode(t.Context(), domain.FoldCode(key))
		if err != nil {
			t.Fatal(err)
		}
		return view.ID, ok
	}
	if view, ok, err := s.Views.ByID(t.Context(), young); err != nil || !ok || view.Code != "" || view.ID != young {
		t.Errorf("before its code: %+v, %v, %v", view, ok, err)
	}
	if id, ok := find("hồ sơ/42 %?&#"); !ok || id != claimed[0] {
		t.Errorf("a claimed source id finds %s, %v; want the lowest, %s", id, ok, claimed[0])
	}
	if id, ok := find(long.SourceID); !ok || id != projtest.ID("dossier", 3) {
		t.Errorf("a long source id finds %s, %v", id, ok)
	}
	if _, ok := find("H99.14-260105-0009"); ok {
		t.Error("a code that nobody has is found")
	}
	if _, ok, err := s.Views.ByID(t.Context(), projtest.ID("dossier", 9)); ok || err != nil {
		t.Errorf("an id that nobody has: %v, %v", ok, err)
	}
	if entries, err := s.Views.Timeline(t.Context(), projtest.ID("dossier", 9)); len(entries) != 0 || err != nil {
		t.Errorf("the timeline of nobody: %v, %v", entries, err)
	}
	w.Append(projtest.Stream(young), vn(6, 8, 0), domain.Numbered{Code: "H99.14-260106-0001"})
	head, _ := w.Log.Head(t.Context())
	if err := s.Views.Wait(t.Context(), projections.DossierProjection, head); err != nil {
		t.Fatal(err)
	}
	if id, ok := find("H99.14-260106-0001"); !ok || id != young { // at once, without waiting for a refresh
		t.Errorf("just numbered: %s, %v", id, ok)
	}
	if page, err := s.Views.BySubject(t.Context(), projtest.Person(0).Subject, 0, ""); err != nil || len(page.Hits) != 1 || page.Hits[0].Code == "" {
		t.Errorf("just numbered, by its owner: %+v, %v", page, err)
	}
}
