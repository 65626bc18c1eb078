package commands

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
)

// oldCase decides after the due date, goes on after its end, and was never accepted.
func oldCase() Case {
	start := time.Date(2011, 10, 11, 11, 42, 0, 0, time.UTC)
	due := start.AddDate(0, 0, 10)
	at := func(days int) time.Time { return start.AddDate(0, 0, days) }
	clerk := domain.Actor{Role: domain.Specialist, Agency: decider, ID: "Resource21"}
	return Case{Source: "test", ID: "case-1", Facts: []ImportedFact{
		{domain.Submitted{Procedure: "1.000001", Agency: deskA, Competent: decider, Channel: domain.Online, SourceID: "case-1", ImportedDue: &due}, start, clerk},
		{domain.Progressed{Title: "T02 Check"}, at(1), clerk},
		{domain.Decided{Outcome: domain.NotRequired}, at(11), clerk},
		{domain.Delivered{Way: domain.ByPost}, at(12), clerk},
		{domain.Progressed{Title: "T03 Adjust"}, at(13), clerk},
	}}
}

func TestImportRecordsFactsAndReportsRules(t *testing.T) {
	s := newShop(t)
	done, err := s.ImportCase(t.Context(), Request{}, oldCase())
	if err != nil {
		t.Fatal(err)
	}
	if done.Appended != 6 || done.AlreadyThere != 0 || done.Code != "H99.01-111011-0001" {
		t.Fatalf("%+v", done)
	}
	d := s.fold(done.Dossier)
	if d.Status() != domain.StatusDelivered || !d.DecidedLate || d.SourceID != "case-1" || !d.Clock.Due.Equal(*oldCase().Facts[0].Event.(domain.Submitted).ImportedDue) {
		t.Fatalf("status %v, late %v, due %v", d.Status(), d.DecidedLate, d.Clock.Due)
	}
	broken := map[int]bool{}
	for _, v := range done.Violations {
		broken[v.Fact] = true
	}
	if !broken[1] || !broken[2] || broken[0] {
		t.Fatalf("violations %+v", done.Violations)
	}
}

func TestImportAgainAppendsNothing(t *testing.T) {
	s := newShop(t)
	first, err := s.ImportCase(t.Context(), Request{}, oldCase())
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.ImportCase(t.Context(), Request{}, oldCase())
	if err != nil || again.Appended != 0 || again.AlreadyThere != 6 || len(again.Violations) != len(first.Violations) {
		t.Fatalf("%+v, %v", again, err)
	}
}

// TestImportGoesOnWhereItStopped cuts the import at every append.
func TestImportGoesOnWhereItStopped(t *testing.T) {
	whole := newShop(t)
	ref, err := whole.ImportCase(t.Context(), Request{}, oldCase())
	if err != nil {
		t.Fatal(err)
	}
	want := whole.types(domain.DossierStream(ref.Dossier))
	for cut := 1; cut <= 4; cut++ {
		s := newShop(t)
		n := 0
		config := s.Config
		config.Log = &failingLog{Log: s.log, fails: func(string) bool { n++; return n >= cut }}
		if _, err := New(config).ImportCase(t.Context(), Request{}, oldCase()); err == nil {
			t.Fatalf("cut %d went unnoticed", cut)
		}
		if _, err := openShop(t, s.log, s.keys).ImportCase(t.Context(), Request{}, oldCase()); err != nil {
			t.Fatalf("cut %d: %v", cut, err)
		}
		if got := s.types(domain.DossierStream(ref.Dossier)); !slices.Equal(got, want) {
			t.Fatalf("cut %d: %v, want %v", cut, got, want)
		}
	}
}

func TestImportRefusesTheFuture(t *testing.T) {
	s := newShop(t)
	c := oldCase()
	c.Facts[4].At = monday.Add(time.Hour)
	if _, err := s.ImportCase(t.Context(), Request{}, c); domain.CodeOf(err) != "occurred_in_future" {
		t.Fatalf("%v", err)
	}
}

func TestSchedulerLapsesOnce(t *testing.T) {
	s := newShop(t)
	r := s.submit("1")
	s.must(by(officer, "back"), r.Dossier, domain.ReturnForSupplement{Guide: "Thiếu tờ khai"})
	sched := Scheduler{Handler: s.Handler, Lapsed: func(context.Context, time.Time, int) ([]uuid.UUID, error) {
		return []uuid.UUID{r.Dossier}, nil // a view that lags names it for ever
	}}
	if n, err := sched.Once(t.Context()); n != 0 || err != nil {
		t.Fatalf("before the deadline: %d, %v", n, err)
	}
	s.pass(12 * 24 * time.Hour)
	if n, err := sched.Once(t.Context()); n != 1 || err != nil {
		t.Fatalf("after the deadline: %d, %v", n, err)
	}
	if n, err := sched.Once(t.Context()); n != 0 || err != nil {
		t.Fatalf("again: %d, %v", n, err)
	}
	if st := s.fold(r.Dossier).Status(); st != domain.StatusNotAccepted {
		t.Fatalf("status %v", st)
	}
}
