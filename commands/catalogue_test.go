package commands

import (
	"testing"
	"time"

	"hoso/domain"
	"hoso/domain/calendar"
)

// TestDossierOutlivesItsProcedure: what came in on the procedure's last day
// can still be dealt with; nothing new comes in.
func TestDossierOutlivesItsProcedure(t *testing.T) {
	s := newShop(t)
	one, other, third := s.submit("1"), s.submit("2"), s.submit("3")
	p, _ := s.Catalogue.fold.Procedure("1.000001", calendar.DateOf(monday))
	p.Procedure.EffectiveTo = calendar.DateOf(monday)
	if _, err := s.Publish(t.Context(), admin, domain.ProcedurePublished{Procedure: p.Procedure}); err != nil {
		t.Fatal(err)
	}
	s.pass(24 * time.Hour)
	s.must(by(officer, "a"), one.Dossier, domain.AcceptDossier{})
	s.must(by(officer, "r"), other.Dossier, domain.Refuse{Reason: "x", LegalBasis: "Điều 1"})
	s.must(by(citizen, "w"), third.Dossier, domain.Withdraw{})
	if _, err := s.Submit(t.Context(), by(citizen, "4"), application("Người Thử", "")); domain.CodeOf(err) != "procedure_not_in_force" {
		t.Fatalf("submitted after the end: %v", err)
	}
}

// TestAgencyPublishedAheadHoldsFromItsDay: next month's version of an agency
// does not close its desk today.
func TestAgencyPublishedAheadHoldsFromItsDay(t *testing.T) {
	s := newShop(t)
	a, _ := s.Catalogue.Agency(deskA)
	a.Name, a.EffectiveFrom = "tên mới", calendar.DateOf(monday.AddDate(0, 1, 0))
	if _, err := s.Publish(t.Context(), admin, domain.AgencyEstablished{Agency: a}); err != nil {
		t.Fatal(err)
	}
	s.submit("1")
}

// TestAgenciesNamedMustExist: a dossier is never sent where nobody is.
func TestAgenciesNamedMustExist(t *testing.T) {
	s := newShop(t)
	lost := application("Người Thử", "")
	lost.Receiving.Place = "Nhà ông A"
	if _, err := s.Submit(t.Context(), by(citizen, "lost"), lost); domain.CodeOf(err) != "unknown_agency" {
		t.Fatalf("submit: %v", err)
	}
	r := s.submit("1")
	s.must(by(officer, "a"), r.Dossier, domain.AcceptDossier{})
	s.refused("unknown_agency", by(officer, "r"), r.Dossier, domain.Route{Agency: "H99.77"})
	s.must(by(chief, "d0"), r.Dossier, domain.DecideDossier{Outcome: domain.Granted})
	s.refused("unknown_agency", by(officer, "rr"), r.Dossier, domain.ReceiveResult{Place: "H99.77"})
}

func TestMisspeltDurationIsNotPublished(t *testing.T) {
	s := newShop(t)
	p := domain.Procedure{Code: "1.000002", EffectiveFrom: calendar.DateOf(monday), Duration: calendar.Duration{Quantity: 5, Unit: "working_days"}}
	if done, err := s.Publish(t.Context(), admin, domain.ProcedurePublished{Procedure: p}); done || err == nil {
		t.Fatalf("published: %v, %v", done, err)
	}
}
