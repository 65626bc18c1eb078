package viewtest

import (
	"reflect"
	"testing"
	"time"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/projections"
	"hoso/projections/projtest"
)

// times holds the figures against what was reckoned by hand with the hours
// 07:00–11:30 and 13:30–17:00.
func times(t *testing.T, e *engine) {
	w := NewWorld(t)
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
	s := e.caught(t, w)

	same := func(v int64) projections.Percentiles { return projections.Percentiles{P50: v, P90: v, P99: v} }
	firstSteps := []projections.TimesStep{
		{Step: "accepted", Count: 1, WorkingMinutes: same(90 + 210 + 60), WallSeconds: same(22 * 3600)},
		{Step: "decided", Count: 1, WorkingMinutes: same(30), WallSeconds: same(62*3600 + 1800)},
		{Step: "routed", Count: 1, WorkingMinutes: same(420 + 3*480), WallSeconds: same(81 * 3600)},
		{Step: "submitted", Count: 1, WorkingMinutes: same(120), WallSeconds: same(7200)},
	}
	report, err := s.Views.Times(t.Context(), projections.TimesQuery{By: []string{"agency", "month"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Groups) != 1 { // both competent agencies are H99.14, both months 2026-01
		t.Fatalf("groups %+v", report.Groups)
	}
	report, err = s.Views.Times(t.Context(), projections.TimesQuery{By: []string{"procedure"}})
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
		if _, err := s.Views.Times(t.Context(), projections.TimesQuery{By: by}); domain.CodeOf(err) != "bad_group" {
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
		report, err := s.Views.Times(t.Context(), c.q)
		if err != nil || len(report.Groups) != 1 || report.Groups[0].Received != c.want {
			t.Errorf("%+v: %+v, %v; want %d received", c.q, report.Groups, err, c.want)
		}
	}
}
