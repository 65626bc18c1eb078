package commands

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
)

var admin = Request{Actor: domain.Actor{Role: domain.Administrator, ID: "admin"}}

// ownerOfDossier folds a dossier as a reader would, with the keys there are now.
func (s *shop) fold(id uuid.UUID) domain.Dossier {
	s.t.Helper()
	fresh := New(s.Config)
	l, err := fresh.load(s.t.Context(), id, true)
	if err != nil {
		s.t.Fatal(err)
	}
	return l.dossier
}

func TestEraseIsRefusedWhileADossierIsOpen(t *testing.T) {
	s := newShop(t)
	r := s.submit("1")
	subject := s.fold(r.Dossier).Owner.Subject
	if _, err := s.Erase(t.Context(), admin, subject, "Luật 91/2025/QH15"); !errors.Is(err, domain.ErrStillOpen) {
		t.Fatalf("erase: %v", err)
	}
	if _, err := s.Erase(t.Context(), by(officer, "x"), subject, "Luật 91/2025/QH15"); !errors.Is(err, ErrForbidden) {
		t.Fatalf("erase by an officer: %v", err)
	}
	if _, err := s.Erase(t.Context(), admin, subject, ""); domain.CodeOf(err) != "legal_basis_missing" {
		t.Fatalf("erase without a basis: %v", err)
	}
	if s.fold(r.Dossier).Owner.Name.Text != "Người Thử" {
		t.Fatal("a refused erasure took something away")
	}
}

func TestEraseEndsInErasedValues(t *testing.T) {
	s := newShop(t)
	const id = "001200012345"
	first, err := s.Submit(t.Context(), by(citizen, "1"), application("Người Thử", id))
	if err != nil {
		t.Fatal(err)
	}
	s.must(by(citizen, "w"), first.Dossier, domain.Withdraw{Reason: "không cần nữa"})
	subject := s.fold(first.Dossier).Owner.Subject
	done, err := s.Erase(t.Context(), admin, subject, "Luật 91/2025/QH15")
	if err != nil || done.Dossiers != 1 {
		t.Fatalf("erase: %+v, %v", done, err)
	}
	d := s.fold(first.Dossier)
	if !d.Erased || !d.Owner.Name.Erased || d.Owner.Name.Text != "" || d.Status() != domain.StatusWithdrawn {
		t.Fatalf("after erasure: erased %v, name %+v, status %v", d.Erased, d.Owner.Name.Erased, d.Status())
	}
	if done, err := s.Erase(t.Context(), admin, subject, "Luật 91/2025/QH15"); err != nil || done.Dossiers != 1 {
		t.Fatalf("again: %+v, %v", done, err)
	}
	types := s.types(domain.DossierStream(first.Dossier))
	if last := types[len(types)-1]; last != "dossier.redacted" || types[len(types)-2] == last {
		t.Fatalf("stream ends in %v", types)
	}
	// The same number later makes a new person; the same command answers its first receipt.
	again, err := s.Submit(t.Context(), by(citizen, "2"), application("Người Thử", id))
	if err != nil {
		t.Fatal(err)
	}
	if s.fold(again.Dossier).Owner.Subject == subject {
		t.Fatal("the erased person came back")
	}
	replayed, err := s.Submit(t.Context(), by(citizen, "1"), application("Người Thử", id))
	if err != nil || !replayed.Replayed || replayed.Code != first.Code {
		t.Fatalf("replay after erasure: %+v, %v", replayed, err)
	}
}

// stuckKeys cannot destroy: the program dies there.
type stuckKeys struct{ *testKeys }

func (stuckKeys) Destroy(context.Context, domain.SubjectID) error { return errors.New("power cut") }

func TestInterruptedErasureIsFinishedAtStart(t *testing.T) {
	s := newShop(t)
	r := s.submit("1")
	s.must(by(citizen, "w"), r.Dossier, domain.Withdraw{})
	subject := s.fold(r.Dossier).Owner.Subject
	config := s.Config
	config.Keys = stuckKeys{s.keys}
	if _, err := New(config).Erase(t.Context(), admin, subject, "Luật 91/2025/QH15"); err == nil {
		t.Fatal("the power cut went unnoticed")
	}
	reborn := openShop(t, s.log, s.keys)
	if err := reborn.FinishErasures(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.keys.Key(subject); !errors.Is(err, codec.ErrErased) {
		t.Fatalf("the key is still there: %v", err)
	}
	before := s.types(domain.DossierStream(r.Dossier))
	if err := reborn.FinishErasures(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := s.types(domain.DossierStream(r.Dossier)); len(after) != len(before) {
		t.Fatalf("finished twice: %v", after)
	}
}
