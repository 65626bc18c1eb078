package sqlite_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/projections"
	"hoso/projections/projtest"
)

// vn is a moment in January 2026, Viet Nam time.
func vn(day, hour, minute int) time.Time {
	return time.Date(2026, 1, day, hour-7, minute, 0, 0, time.UTC)
}

// caught starts views on what the log holds and follows it.
func caught(t *testing.T, w *projtest.World) *side {
	t.Helper()
	s := started(t, w, t.TempDir())
	t.Cleanup(s.follow())
	s.caughtUp(w)
	return s
}

func submission(n int, owner string) domain.Submitted {
	sub := projtest.Submission(n)
	sub.Owner.Name = domain.About(sub.Owner.Subject, owner)
	return sub
}

func found(t *testing.T, s *side, q projections.SearchQuery) (owners []string) {
	t.Helper()
	page, err := s.views.Search(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range page.Hits {
		owners = append(owners, h.OwnerName)
	}
	return owners
}

func TestSearchFoldsAndFilters(t *testing.T) {
	w := newWorld(t)
	people := []string{"Trần Minh Đức", "Nguyễn Thị Hoà", "Lê Đức Thọ", "Phạm Văn Ướt"}
	for i, name := range people {
		stream := projtest.Stream(projtest.ID("dossier", i))
		sub := submission(i, name)
		if i == 2 {
			sub.Receiving.Place = "H99.77"
		}
		w.Append(stream, vn(5+i, 8, 0), sub)
		w.Append(stream, vn(5+i, 8, 1), domain.Numbered{Code: fmt.Sprintf("H99.14-26010%d-000%d", 5+i, i+1), Agency: "H99.14"})
	}
	due := vn(20, 17, 0)
	w.Append(projtest.Stream(projtest.ID("dossier", 1)), vn(9, 9, 0), domain.Accepted{ProcedureVersion: "khai-sinh-1", Deadline: &domain.Deadline{Due: due, Calendar: projtest.Calendar().Version()}})
	s := caught(t, w)
	duc, hoa, tho, uot := people[0], people[1], people[2], people[3]
	for _, c := range []struct {
		about string
		q     projections.SearchQuery
		want  []string
	}{
		{"plain letters", projections.SearchQuery{Text: "duc"}, []string{tho, duc}},
		{"marks and case", projections.SearchQuery{Text: "  ĐỨC  "}, []string{tho, duc}},
		{"unfinished last word", projections.SearchQuery{Text: "minh du"}, []string{duc}},
		{"an unfinished word before the last", projections.SearchQuery{Text: "min duc"}, nil},
		{"horn and hook", projections.SearchQuery{Text: "uot"}, []string{uot}},
		{"other tone placement", projections.SearchQuery{Text: "Hòa"}, []string{hoa}},
		{"procedure's name", projections.SearchQuery{Text: "khai sinh"}, []string{uot, hoa}},
		{"code as written", projections.SearchQuery{Text: "H99.14-260106-0002"}, []string{hoa}},
		{"code as typed", projections.SearchQuery{Text: "h9914 260106 0002"}, []string{hoa}},
		{"last part of the code", projections.SearchQuery{Text: "0003"}, []string{tho}},
		{"operators of the engine", projections.SearchQuery{Text: `duc" OR "hoa`}, nil},
		{"a star", projections.SearchQuery{Text: "*"}, nil},
		{"status", projections.SearchQuery{Statuses: []domain.Status{domain.StatusAccepted}}, []string{hoa}},
		{"two statuses, oldest first", projections.SearchQuery{Statuses: []domain.Status{1, 2}, Sort: projections.SortSubmitted}, []string{duc, hoa, tho, uot}},
		{"agency that decides", projections.SearchQuery{Agencies: []string{"H99.02"}}, []string{uot, tho}},
		{"agency where the result is collected", projections.SearchQuery{Agencies: []string{"H99.77"}}, []string{tho}},
		{"procedure", projections.SearchQuery{Procedure: "1.000656"}, []string{tho, duc}},
		{"submitted from is in, to is out", projections.SearchQuery{SubmittedFrom: vn(6, 8, 0), SubmittedTo: vn(8, 8, 0)}, []string{tho, hoa}},
		{"due dates leave out those without", projections.SearchQuery{DueFrom: vn(1, 8, 0)}, []string{hoa}},
		{"without due date last", projections.SearchQuery{Sort: projections.SortDue, Limit: 1}, []string{hoa}},
		{"text and filter", projections.SearchQuery{Text: "duc", Procedure: "1.000656", SubmittedFrom: vn(7, 0, 0)}, []string{tho}},
	} {
		if got := found(t, s, c.q); !slices.Equal(got, c.want) {
			t.Errorf("%s: found %q, want %q", c.about, got, c.want)
		}
	}
	for _, q := range []projections.SearchQuery{{Limit: -1}, {Limit: 201}} {
		if _, err := s.views.Search(t.Context(), q); domain.CodeOf(err) != "bad_limit" {
			t.Errorf("limit %d answers %v", q.Limit, err)
		}
	}
	if _, err := s.views.Search(t.Context(), projections.SearchQuery{Sort: "name"}); domain.CodeOf(err) != "bad_sort" {
		t.Errorf("an unknown sort answers %v", err)
	}
}

func TestLookUps(t *testing.T) {
	w := newWorld(t)
	a, b := projtest.ID("dossier", 1), projtest.ID("dossier", 2)
	first := projtest.Submission(1)
	first.SourceID = "case-42"
	second := projtest.Submission(2)
	second.Owner = first.Owner // handed in by somebody else
	w.Append(projtest.Stream(a), vn(5, 8, 0), first, domain.Numbered{Code: "H99.14-260105-0001"})
	w.Append(projtest.Stream(b), vn(6, 8, 0), second, domain.Numbered{Code: "H99.14-260106-0001"})
	until := vn(9, 17, 0)
	w.Append(projtest.Stream(b), vn(6, 9, 0), domain.ReturnedForSupplement{Stage: domain.AtIntake, Missing: []string{"Tờ khai"}, Until: &until})
	s := caught(t, w)

	for _, key := range []string{"h99 14-260105-1", "H99.14-260105-0001", "H9914260105000l", "CASE-42"} {
		view, ok, err := s.views.ByCode(t.Context(), domain.FoldCode(key))
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
	if _, ok, err := s.views.ByCode(t.Context(), ""); ok || err != nil {
		t.Errorf("the empty code: %v, %v", ok, err)
	}
	view, _, _ := s.views.ByID(t.Context(), b)
	if view.Status != domain.StatusSupplement || !view.SupplementUntil.Equal(until) || len(view.Missing) != 1 || view.ProcedureName != "Đăng ký khai tử" {
		t.Errorf("the view is %+v", view)
	}
	if want := []string{proofs().ID("001199000001"), proofs().ID("001199000002")}; !sameSet(view.IDProofs, want) {
		t.Errorf("ID proofs %q, want owner's and submitter's", view.IDProofs)
	}
	if want := []string{proofs().Phone("0001"), proofs().Phone("0002")}; !sameSet(view.PhoneProofs, want) {
		t.Errorf("phone proofs %q, want those of the last four digits", view.PhoneProofs)
	}
	page, err := s.views.BySubject(t.Context(), first.Owner.Subject, 1, "")
	if err != nil || len(page.Hits) != 1 || page.Hits[0].ID != b || page.Next == "" {
		t.Fatalf("the newest of a person: %+v, %v", page, err)
	}
	page, err = s.views.BySubject(t.Context(), first.Owner.Subject, 1, page.Next)
	if err != nil || len(page.Hits) != 1 || page.Hits[0].ID != a || page.Next != "" {
		t.Fatalf("the other of a person: %+v, %v", page, err)
	}
	if page, _ = s.views.BySubject(t.Context(), second.Submitter.Subject, 0, ""); len(page.Hits) != 1 {
		t.Fatalf("the submitter finds %d dossiers", len(page.Hits))
	}
	for now, want := range map[time.Time]int{until: 0, until.Add(time.Microsecond): 1} {
		if ids, err := s.views.LapsedSupplements(t.Context(), now, 10); err != nil || len(ids) != want {
			t.Errorf("at %s %d supplements have lapsed, %v; want %d", now, len(ids), err, want)
		}
	}
}

func sameSet(a, b []string) bool {
	slices.Sort(b)
	return slices.Equal(a, b)
}

// TestCursorsAreStable pages through everything while dossiers come in.
func TestCursorsAreStable(t *testing.T) {
	for _, sort := range []projections.Sort{projections.SortNewest, projections.SortSubmitted, projections.SortDue} {
		w := newWorld(t)
		for n := range 25 {
			w.Append(projtest.Stream(projtest.ID("dossier", n)), vn(5+n/10, 8, 0), projtest.Submission(n)) // many at one moment
		}
		s := caught(t, w)
		seen := map[uuid.UUID]int{}
		q := projections.SearchQuery{Sort: sort, Limit: 4}
		for n := 100; ; n++ {
			page, err := s.views.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range page.Hits {
				seen[h.ID]++
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
			w.Append(projtest.Stream(projtest.ID("dossier", n)), vn(1+n%30, 8, 0), projtest.Submission(n))
			s.caughtUp(w)
		}
		for n := range 25 {
			if seen[projtest.ID("dossier", n)] != 1 {
				t.Errorf("%s: dossier %d was seen %d times", sort, n, seen[projtest.ID("dossier", n)])
			}
		}
		page, _ := s.views.Search(t.Context(), projections.SearchQuery{Sort: sort, Limit: 4})
		for about, q := range map[string]projections.SearchQuery{
			"no base64":       {Sort: sort, Cursor: "%%"},
			"no cursor":       {Sort: sort, Cursor: "e30"},
			"another filter":  {Sort: sort, Cursor: page.Next, Text: "x"},
			"changed content": {Sort: sort, Cursor: page.Next[:len(page.Next)-4]},
		} {
			if _, err := s.views.Search(t.Context(), q); !errors.Is(err, &domain.Error{Code: "bad_cursor"}) {
				t.Errorf("%s: %v", about, err)
			}
		}
	}
}

// TestTimes holds the figures against what was reckoned by hand with the hours
// 07:00–11:30 and 13:30–17:00.
func TestTimes(t *testing.T) {
	w := newWorld(t)
	one, two := projtest.Stream(projtest.ID("dossier", 0)), projtest.Stream(projtest.ID("dossier", 1))
	cal := projtest.Calendar().Version()
	w.Append(one, vn(5, 8, 0), projtest.Submission(0), domain.Numbered{Code: "H99.14-260105-0001"})
	w.Append(one, vn(5, 10, 0), domain.Accepted{Deadline: &domain.Deadline{Due: vn(9, 16, 0), Calendar: cal}})
	w.Append(one, vn(6, 8, 0), domain.Routed{Agency: "H99.02"})
	w.Append(one, vn(9, 17, 0), domain.Decided{Outcome: domain.Granted}) // the due day, an hour after it was due: in time by dates
	w.Append(one, vn(10, 10, 0), domain.Contacted{Means: "phone"})       // no step of its own
	w.Append(one, vn(12, 7, 30), domain.Delivered{Way: domain.AtCounter})

	// An import: submitted on the last day of 2025, local time already 1 January;
	// the next event is told to have happened before it; then another in 2027.
	sub := projtest.Submission(1)
	imported := time.Date(2027, 1, 4, 10, 0, 0, 0, time.UTC)
	sub.ImportedDue, sub.SourceID = &imported, "x"
	now := vn(20, 8, 0)
	w.AppendMeta(two, codec.Meta{RecordedAt: now, OccurredAt: time.Date(2025, 12, 31, 18, 0, 0, 0, time.UTC)}, sub)
	w.AppendMeta(two, codec.Meta{RecordedAt: now, OccurredAt: time.Date(2025, 12, 30, 0, 0, 0, 0, time.UTC)}, domain.Progressed{Title: "A"})
	w.AppendMeta(two, codec.Meta{RecordedAt: now, OccurredAt: time.Date(2027, 1, 4, 9, 0, 0, 0, time.UTC)}, domain.Delivered{Way: domain.AtCounter})
	s := caught(t, w)

	same := func(v int64) projections.Percentiles { return projections.Percentiles{P50: v, P90: v, P99: v} }
	firstSteps := []projections.TimesStep{
		{Step: "accepted", Count: 1, WorkingMinutes: same(90 + 210 + 60), WallSeconds: same(22 * 3600)},
		{Step: "decided", Count: 1, WorkingMinutes: same(30), WallSeconds: same(62*3600 + 1800)},
		{Step: "routed", Count: 1, WorkingMinutes: same(420 + 3*480), WallSeconds: same(81 * 3600)},
		{Step: "submitted", Count: 1, WorkingMinutes: same(120), WallSeconds: same(7200)},
	}
	report, err := s.views.Times(t.Context(), projections.TimesQuery{By: []string{"agency", "month"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Groups) != 1 { // both competent agencies are H99.14, both months 2026-01
		t.Fatalf("groups %+v", report.Groups)
	}
	report, err = s.views.Times(t.Context(), projections.TimesQuery{By: []string{"procedure"}})
	if err != nil {
		t.Fatal(err)
	}
	want := projections.TimesGroup{By: map[string]string{"procedure": "1.000656"}, Received: 1, Decided: 1, Delivered: 1, DeliveredLate: 1, Steps: firstSteps}
	if len(report.Groups) != 2 || !reflect.DeepEqual(report.Groups[0], want) {
		t.Errorf("got  %+v\nwant %+v", report.Groups, want)
	}
	// 30 December 2025 to 4 January 2027: the holidays of 2026 count, those beyond do not.
	other := report.Groups[1]
	if other.Received != 1 || other.Delivered != 1 || other.DeliveredLate != 0 || len(other.Steps) != 2 || report.WeeklyPatternOnly != 1 {
		t.Errorf("the import: %+v, weekly pattern %d", other, report.WeeklyPatternOnly)
	}
	if back := other.Steps[1]; back.Step != "submitted" || back.Count != 1 || back.WorkingMinutes != same(0) || back.WallSeconds != same(0) {
		t.Errorf("a step that runs backwards: %+v", back)
	}
	for _, by := range [][]string{{"colour"}, {"month", "month"}} {
		if _, err := s.views.Times(t.Context(), projections.TimesQuery{By: by}); domain.CodeOf(err) != "bad_group" {
			t.Errorf("by %v: %v", by, err)
		}
	}
	for _, c := range []struct {
		q    projections.TimesQuery
		want int
	}{
		{projections.TimesQuery{}, 2}, {projections.TimesQuery{Procedure: "1.001193"}, 1}, {projections.TimesQuery{Agencies: []string{"H99.02"}}, 0},
		{projections.TimesQuery{SubmittedFrom: vn(5, 0, 0)}, 1}, {projections.TimesQuery{SubmittedTo: vn(5, 0, 0)}, 1},
	} {
		report, err := s.views.Times(t.Context(), c.q)
		if err != nil || len(report.Groups) != 1 || report.Groups[0].Received != c.want {
			t.Errorf("%+v: %+v, %v; want %d received", c.q, report.Groups, err, c.want)
		}
	}
}
