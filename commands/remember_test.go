package commands

import (
	"testing"

	"hoso/domain"
)

// TestOlderFoldIsNotPutBack: a fold that a slow reader finishes late does not
// take the place of the newer one.
func TestOlderFoldIsNotPutBack(t *testing.T) {
	s := newShop(t)
	r := s.submit("1")
	old, err := s.load(t.Context(), r.Dossier, false)
	if err != nil {
		t.Fatal(err)
	}
	s.must(by(officer, "accept"), r.Dossier, domain.AcceptDossier{})
	s.remember(old)
	now, err := s.load(t.Context(), r.Dossier, false)
	if err != nil || now.tip.Revision != 2 {
		t.Fatalf("at hand: revision %d, %v", now.tip.Revision, err)
	}
}

// TestFourAtOnceAllSucceed: of four commands on one dossier each can lose three
// times at most, so none is refused for conflict.
func TestFourAtOnceAllSucceed(t *testing.T) {
	s := newShop(t)
	for round := range 200 {
		r := s.submit(string(rune('a'+round%26)) + string(rune('a'+round/26)))
		atOnce(t, 4, func(i int) (Receipt, error) {
			return s.Do(t.Context(), by(citizen, r.Code+string(rune('0'+i))), r.Dossier, domain.Contact{Means: "phone", Text: "xin hỏi"})
		})
	}
}
