package commands

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// TestNothingToDoIsDecidedOnWhatIsThere: what looks done in memory may have
// been undone by another instance.
func TestNothingToDoIsDecidedOnWhatIsThere(t *testing.T) {
	a := newShop(t)
	b := openShop(t, a.log, a.keys)
	r := a.submit("1")
	a.must(by(officer, "a"), r.Dossier, domain.AcceptDossier{})
	a.must(by(officer, "r"), r.Dossier, domain.Route{Agency: decider})
	b.must(by(chief, "back"), r.Dossier, domain.Route{Agency: deskB})
	a.must(by(officer, "r2"), r.Dossier, domain.Route{Agency: decider})
	if at := a.fold(r.Dossier).Current; at != decider {
		t.Fatalf("the dossier is at %s", at)
	}
}

// TestForbiddenTellsNoRevision: who may not act learns nothing by If-Match.
func TestForbiddenTellsNoRevision(t *testing.T) {
	s := newShop(t)
	r := s.submit("1")
	req := by(domain.Actor{Role: domain.Applicant, ID: "stranger"}, "x")
	req.IfMatch = ptr(uint64(7))
	s.refused("forbidden", req, r.Dossier, domain.Withdraw{})
}

// TestSchedulerPassesByWhatItCannotRead: one broken dossier holds up no other.
func TestSchedulerPassesByWhatItCannotRead(t *testing.T) {
	s := newShop(t)
	r := s.submit("1")
	s.must(by(officer, "back"), r.Dossier, domain.ReturnForSupplement{Guide: "Thiếu tờ khai"})
	broken := uuid.New()
	bad := eventlog.Proposed{ID: uuid.New(), Type: "dossier.submitted", Data: []byte(`{}`), Meta: []byte(`{}`)}
	if _, err := s.log.Append(t.Context(), domain.DossierStream(broken), eventlog.NoStream, []eventlog.Proposed{bad}); err != nil {
		t.Fatal(err)
	}
	s.pass(12 * 24 * time.Hour)
	sched := Scheduler{Handler: s.Handler, Lapsed: func(context.Context, time.Time, int) ([]uuid.UUID, error) {
		return []uuid.UUID{broken, r.Dossier}, nil
	}}
	if n, err := sched.Once(t.Context()); n != 1 || err == nil {
		t.Fatalf("%d lapsed, %v; want 1, and the broken one told", n, err)
	}
}

// TestFarDatesAreRefused: a slip in the year must not end in a lost due date.
func TestFarDatesAreRefused(t *testing.T) {
	s := newShop(t)
	r := s.submit("1")
	s.must(by(officer, "a"), r.Dossier, domain.AcceptDossier{})
	for i, year := range []int{2206, 9999} {
		due := time.Date(year, 12, 31, 23, 59, 59, 0, time.FixedZone("", -12*3600))
		s.refused("field_invalid", by(chief, fmt.Sprint("x", i)), r.Dossier, domain.ExtendDueDate{DueAt: due, Reason: "x"})
		s.refused("field_invalid", by(officer, fmt.Sprint("c", i)), r.Dossier, domain.RequestCorrection{Field: domain.CorrectDueAt, Time: &due, Reason: "x"})
	}
}

// TestLongDossierLoadsInLinearRoom: ten thousand contacts are a nuisance, no
// outage. Copying the list of commands for each would take four gigabytes.
func TestLongDossierLoadsInLinearRoom(t *testing.T) {
	s := newShop(t)
	r := s.submit("1")
	l, err := s.load(t.Context(), r.Dossier, true)
	for i := 0; i < 10_000 && err == nil; {
		var drafts []codec.Draft
		for range 500 {
			drafts = append(drafts, codec.Draft{Event: domain.Contacted{Means: "phone"},
				Meta: codec.Meta{Command: CommandID(citizen, fmt.Sprint("c", i)), Actor: citizen, RecordedAt: monday}})
			i++
		}
		l, err = s.append(t.Context(), l, drafts)
	}
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	l, err = New(s.Config).load(t.Context(), r.Dossier, false)
	runtime.ReadMemStats(&after)
	if took := (after.TotalAlloc - before.TotalAlloc) >> 20; err != nil || l.tip.Revision != 10_001 || took > 500 {
		t.Fatalf("revision %d with %d MB, %v", l.tip.Revision, took, err)
	}
	if d, ok := l.find(CommandID(citizen, "c0")); !ok || d.revision != 2 {
		t.Fatalf("the first contact is not found: %+v", d)
	}
}
