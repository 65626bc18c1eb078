package keystest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"

	"hoso/infra/keys"
)

func rewrap(t *testing.T, p Place) {
	old, next := keys.NewMaster(), keys.NewMaster()
	s := p.open(t, old)
	a := person(t, s, uuid.New(), "001085000001")
	for i := range 50 {
		person(t, s, uuid.New(), fmt.Sprintf("%012d", i))
	}
	gone := someone(t, s)
	if err := s.Destroy(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	box, hash := seal(t, s, a, "x"), s.IDHash("1")
	if err := s.Rewrap(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if unseal(t, s, a, box) != "x" {
		t.Error("the running store lost the key")
	}
	b := person(t, s, uuid.New(), "new")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Open(old); !errors.Is(err, keys.ErrWrongMaster) {
		t.Error("the old master key still opens:", err)
	}
	again := p.open(t, next)
	if unseal(t, again, a, box) != "x" || again.IDHash("1") != hash || person(t, again, uuid.New(), "000000000000") == uuid.Nil {
		t.Error("keys or hashes changed with the master key")
	}
	n := 0
	for l, err := range again.Each(t.Context()) {
		if n++; err != nil {
			t.Fatal(err)
		}
		if _, err := again.Key(l.Subject); err != nil {
			t.Error(err)
		}
	}
	if _, err := again.Key(b); err != nil || n != 52 {
		t.Error("made after the change:", err, "persons:", n)
	}
}

// rewrapAtOnce: whoever is made while the master key changes has a key that
// the new one opens.
func rewrapAtOnce(t *testing.T, p Place) {
	m := keys.NewMaster()
	s := p.open(t, m)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				a, err := s.Resolve(t.Context(), uuid.New())
				if err == nil {
					_, err = s.Key(a)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 5 {
		m = keys.NewMaster()
		if err := s.Rewrap(t.Context(), m); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := p.open(t, m)
	for l, err := range again.Each(t.Context()) {
		if err == nil {
			_, err = again.Key(l.Subject)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func wrongMaster(t *testing.T, p Place) {
	m := keys.NewMaster()
	s := p.open(t, m)
	a := someone(t, s)
	box := seal(t, s, a, "x")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Open(keys.NewMaster()); !errors.Is(err, keys.ErrWrongMaster) {
		t.Errorf("writing: %v", err)
	}
	if _, err := p.OpenReadOnly(keys.NewMaster()); !errors.Is(err, keys.ErrWrongMaster) {
		t.Errorf("reading: %v", err)
	}
	if unseal(t, p.open(t, m), a, box) != "x" {
		t.Error("the attempt has spoilt something")
	}
}
