package domain

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"hoso/domain/calendar"
)

func noCalendar(string) *calendar.Calendar { return nil }

// told writes an explanation's lines as kind and English text.
func told(x calendar.Explanation) string {
	var b strings.Builder
	for _, l := range x.Lines {
		fmt.Fprintf(&b, "%s: %s\n", l.Kind, l.EN)
	}
	return b.String()
}

// holidayCalendar has 24 November 2026 off.
func holidayCalendar(t *testing.T) *calendar.Calendar {
	t.Helper()
	c, err := calendar.New(calendar.Definition{
		ID: "vn", Name: "Lịch", Week: calendar.StandardWeek(),
		CoversFrom: calendar.NewDate(2026, time.January, 1), CoversTo: calendar.NewDate(2026, time.December, 31),
		Days: []calendar.Day{{Date: calendar.NewDate(2026, time.November, 24), Kind: calendar.Off, Name: "Ngày Văn hóa Việt Nam"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestExplainDue(t *testing.T) {
	cal := holidayCalendar(t)
	known := func(version string) *calendar.Calendar {
		if version == cal.Version() {
			return cal
		}
		return nil
	}
	s := given(t).under(func(r *Rules) { r.Reception, r.Processing = cal, cal }).and(submission(), accept)
	s.at("2026-11-25 09:00").and(giveBack)
	paused := told(ExplainDue(s.d, known))
	if !strings.HasSuffix(paused, "paused: Paused now: the due date is reckoned again when the dossier goes on\n") {
		t.Fatal(paused)
	}
	s.at("2026-11-27 09:00").and(answer).at("2026-11-30 08:00").and(ExtendDueDate{DueAt: clock(t, "2026-12-10 17:00"), Reason: "x"}, granted)
	x := ExplainDue(s.d, known)
	got := told(x)
	// From the first to the last, each after the one before.
	rest := got
	for _, want := range []string{
		"intake: Submitted at 08:00 23/11/2026",
		"start: Accepted at 08:10 23/11/2026",
		"work: ",
		"skip: ", "Ngày Văn hóa Việt Nam",
		"due: Due: 08:10 on Tuesday 1 December 2026",
		"version " + cal.Version()[:8],
		"pause: Paused at 09:00 25/11/2026 (waiting for a supplement), 31 h 10 min of working time left",
		"resume: Resumed at 09:00 27/11/2026 with 31 h 10 min of working time",
		"due: Due: 08:10 on Thursday 3 December 2026",
		"extended: Extended at 08:00 30/11/2026: the new due date is 17:00 10/12/2026",
		"end: Processing ended at 08:10 30/11/2026",
	} {
		at := strings.Index(rest, want)
		if at < 0 {
			t.Fatalf("%q is not told in its place:\n%s", want, got)
		}
		rest = rest[at+len(want):]
	}
	if !x.Due.Equal(s.d.Clock.Due) || !x.Start.Equal(clock(t, "2026-11-23 08:10")) || x.CalendarVersion != cal.Version() || x.WeeklyPatternOnly {
		t.Fatalf("%+v", x)
	}
	for _, l := range x.Lines {
		if l.VI == "" || l.EN == "" {
			t.Errorf("%s is told in one language", l.Kind)
		}
	}
	if without := told(ExplainDue(s.d, noCalendar)); !strings.Contains(without, "due: Due: 08:10 01/12/2026") || strings.Contains(without, "skip") {
		t.Fatalf("without a calendar the stored due date stands alone:\n%s", without)
	}
}

func TestExplainWithoutAndImported(t *testing.T) {
	s := given(t).under(func(r *Rules) { r.Procedure.Duration = calendar.Duration{} }).and(submission())
	if got := told(ExplainDue(s.d, func(string) *calendar.Calendar { return s.env.Rules.Reception })); !strings.Contains(got, "due: Due: 08:00 on Tuesday 24 November 2026") {
		t.Fatalf("the intake clock is not told in full:\n%s", got)
	}
	if got := told(ExplainDue(s.and(accept).d, noCalendar)); !strings.HasSuffix(got, "the procedure sets no time limit\nno_limit: There is no time limit\n") {
		t.Fatal(got)
	}
	due := clock(t, "2026-11-27 11:00")
	s = given(t).facts(Submitted{Agency: "A", ImportedDue: &due}, Accepted{}, ReturnedForSupplement{}, Supplemented{})
	if got := told(ExplainDue(s.d, noCalendar)); !strings.Contains(got, "imported: The due date 11:00 27/11/2026 was imported") || !strings.Contains(got, "the due date stays 11:00 27/11/2026") {
		t.Fatal(got)
	}
}
