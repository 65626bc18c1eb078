package commands

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
)

// TestErasureThatFailedDoesNotBarTheNextStart: the key could not be destroyed,
// and the person submitted again before the restart.
func TestErasureThatFailedDoesNotBarTheNextStart(t *testing.T) {
	const id = "001200012345"
	s := newShop(t)
	first, err := s.Submit(t.Context(), by(citizen, "1"), application("Người Thử", id))
	if err != nil {
		t.Fatal(err)
	}
	s.must(by(citizen, "w"), first.Dossier, domain.Withdraw{})
	subject := s.fold(first.Dossier).Owner.Subject
	config := s.Config
	config.Keys = stuckKeys{s.keys}
	if _, err := New(config).Erase(t.Context(), admin, subject, "Điều 1"); err == nil {
		t.Fatal("the power cut went unnoticed")
	}
	second, err := s.Submit(t.Context(), by(citizen, "2"), application("Người Thử", id))
	if err != nil {
		t.Fatal(err)
	}
	if err := openShop(t, s.log, s.keys).FinishErasures(t.Context()); err != nil {
		t.Fatalf("start-up: %v", err)
	}
	s.must(by(citizen, "w2"), second.Dossier, domain.Withdraw{Reason: "thôi"})
	if err := openShop(t, s.log, s.keys).FinishErasures(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.keys.Key(subject); !errors.Is(err, codec.ErrErased) {
		t.Fatalf("the key is still there: %v", err)
	}
}

func TestNobodyCannotBeErased(t *testing.T) {
	s := newShop(t)
	if _, err := s.Erase(t.Context(), admin, uuid.Nil, "Điều 1"); err == nil {
		t.Fatal("nobody was erased")
	}
}

// TestMoneyGoesBackAfterErasure: reasons about an erased owner stay empty.
func TestMoneyGoesBackAfterErasure(t *testing.T) {
	s := newShop(t)
	r := s.submit("1")
	s.must(by(officer, "q"), r.Dossier, domain.RequestPayment{Obligation: "LP", Kind: "fee", Amount: 10, DuePoint: domain.DueAtReceipt})
	s.must(by(citizen, "p"), r.Dossier, domain.Pay{Obligation: "LP", Amount: 10, Transaction: "t1"})
	s.must(by(citizen, "w"), r.Dossier, domain.Withdraw{})
	if _, err := s.Erase(t.Context(), admin, s.fold(r.Dossier).Owner.Subject, "Điều 1"); err != nil {
		t.Fatal(err)
	}
	till := domain.Actor{Role: domain.Cashier, Agency: deskA, ID: "till"}
	s.must(by(till, "back"), r.Dossier, domain.RefundPayment{Obligation: "LP", Amount: 10, Transaction: "r1"})
}

// patiently does again what is refused because a person is being erased.
func patiently(command func() (Receipt, error)) (r Receipt, err error) {
	for range 1000 {
		if r, err = command(); !errors.Is(err, domain.ErrBeingErased) {
			return r, err
		}
		time.Sleep(time.Millisecond)
	}
	return r, err
}

// TestErasureAmongWriters: while people are erased others submit and withdraw;
// no event is ever left that cannot be folded, no erased value comes back.
func TestErasureAmongWriters(t *testing.T) {
	s := newShop(t)
	var subjects sync.Map
	atOnce(t, 60, func(i int) (Receipt, error) {
		number := fmt.Sprintf("0012000123%02d", i%6)
		r, err := patiently(func() (Receipt, error) {
			return s.Submit(t.Context(), by(citizen, fmt.Sprint(i)), application("Người Thử", number))
		})
		if err != nil {
			return r, err
		}
		if r, err = patiently(func() (Receipt, error) {
			return s.Do(t.Context(), by(citizen, fmt.Sprint("w", i)), r.Dossier, domain.Withdraw{Reason: "thôi"})
		}); err != nil {
			return r, err
		}
		subject := s.fold(r.Dossier).Owner.Subject
		_, err = s.Erase(t.Context(), admin, subject, "Điều 1")
		switch {
		case err == nil:
			subjects.Store(subject, true)
		case !errors.Is(err, domain.ErrStillOpen) && !errors.Is(err, domain.ErrBeingErased):
			return r, err
		}
		return r, nil
	})
	for i := range 60 {
		id := uuid.NewSHA1(CommandID(citizen, fmt.Sprint(i)), []byte("dossier"))
		d := s.fold(id)
		if _, erased := subjects.Load(d.Owner.Subject); erased && (d.Owner.Name.Text != "" || !d.Erased) {
			t.Errorf("dossier %d of an erased person: marked %v, name kept %v", i, d.Erased, d.Owner.Name.Text != "")
		}
		if l, ok := s.hot.Peek(id); ok && d.Erased && l.dossier.Owner.Name.Text != "" {
			t.Errorf("dossier %d: memory holds an erased name", i)
		}
	}
}
