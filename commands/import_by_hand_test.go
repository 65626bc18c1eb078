package commands

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
)

// TestImportedDossierGoesOnByHand: the source told no person, and still an
// officer's words about the case can be written, and be erased with it.
func TestImportedDossierGoesOnByHand(t *testing.T) {
	s := newShop(t)
	c := oldCase()
	c.Facts = c.Facts[:2]
	done, err := s.ImportCase(t.Context(), Request{}, c)
	if err != nil {
		t.Fatal(err)
	}
	s.must(by(officer, "a"), done.Dossier, domain.AcceptDossier{Note: "đủ"})
	s.must(by(chief, "s"), done.Dossier, domain.Stop{Reason: "hết căn cứ", LegalBasis: "Điều 1"})
	d := s.fold(done.Dossier)
	if d.Status() != domain.StatusStopped || d.Owner.Subject == uuid.Nil {
		t.Fatalf("status %v, owner %v", d.Status(), d.Owner.Subject)
	}
	other := by(officer, "a")
	other.Body = []byte("another body")
	s.refused("key_reused", other, done.Dossier, domain.AcceptDossier{})
	if e, err := s.Erase(t.Context(), admin, d.Owner.Subject, "Điều 1"); err != nil || e.Dossiers != 1 {
		t.Fatalf("erase: %+v, %v", e, err)
	}
	if _, err := s.keys.Key(d.Owner.Subject); !errors.Is(err, codec.ErrErased) {
		t.Fatalf("the key is still there: %v", err)
	}
	again, err := s.ImportCase(t.Context(), Request{}, c)
	if err != nil || again.Appended != 0 || again.AlreadyThere != 3 {
		t.Fatalf("again: %+v, %v", again, err)
	}
}

// TestImportLosesNothingWhenPeopleWorkBetween: an import broken off, work by
// hand on the case, then the rest of the import.
func TestImportLosesNothingWhenPeopleWorkBetween(t *testing.T) {
	s := newShop(t)
	n := 0
	config := s.Config
	config.Log = &failingLog{Log: s.log, fails: func(string) bool { n++; return n > 3 }} // submitted, drawn, numbered
	if _, err := New(config).ImportCase(t.Context(), Request{}, oldCase()); err == nil {
		t.Fatal("the break went unnoticed")
	}
	id := uuid.NewSHA1(importSpace, []byte("test\x00case-1"))
	s.must(by(officer, "hello"), id, domain.Contact{Means: "phone", Text: "xin chào"})
	s.must(by(officer, "a"), id, domain.AcceptDossier{})
	done, err := s.ImportCase(t.Context(), Request{}, oldCase())
	if err != nil || done.AlreadyThere != 2 || done.Appended != 4 {
		t.Fatalf("%+v, %v", done, err)
	}
	want := []string{"dossier.submitted", "dossier.numbered", "dossier.contacted", "dossier.accepted", "dossier.progressed", "dossier.decided", "dossier.delivered", "dossier.progressed"}
	if got := s.types(domain.DossierStream(id)); !slices.Equal(got, want) {
		t.Fatalf("%v", got)
	}
	again, err := s.ImportCase(t.Context(), Request{}, oldCase())
	if err != nil || again.AlreadyThere != 6 || again.Appended != 0 {
		t.Fatalf("again: %+v, %v", again, err)
	}
}

// TestImportOfLongTexts: facts that do not fit one append go in several.
func TestImportOfLongTexts(t *testing.T) {
	s := newShop(t)
	c := oldCase()
	who := domain.SubjectID(uuid.New())
	if _, err := s.keys.Resolve(t.Context(), who); err != nil {
		t.Fatal(err)
	}
	c.Facts = c.Facts[:1]
	for range 300 {
		text := domain.About(who, strings.Repeat("ă", domain.MaxText))
		c.Facts = append(c.Facts, ImportedFact{domain.Progressed{Title: "T", Text: text}, c.Facts[0].At, c.Facts[0].By})
	}
	if done, err := s.ImportCase(t.Context(), Request{}, c); err != nil || done.Appended != 302 {
		t.Fatalf("%+v, %v", done, err)
	}
}

func TestImportOfNothingIsRefused(t *testing.T) {
	s := newShop(t)
	if _, err := s.ImportCase(t.Context(), Request{}, Case{Source: "test", ID: "empty"}); err == nil {
		t.Fatal("a case without facts was imported")
	}
}
