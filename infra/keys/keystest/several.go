package keystest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/infra/keys"
)

func openedAtOnce(t *testing.T, p Place) {
	m := keys.NewMaster()
	stores := make([]*keys.Store, 6)
	var wg sync.WaitGroup
	for i := range stores {
		wg.Go(func() {
			var err error
			if stores[i], err = p.Open(m); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, s := range stores {
		if s == nil {
			continue
		}
		defer s.Close()
		if s.IDHash("1") != stores[0].IDHash("1") {
			t.Error("two seeds were made")
		}
	}
}

// race: 100 persons with two numbers each, submitted for the first time
// through two stores at once, each number first in turn.
func race(t *testing.T, p Place) {
	m := keys.NewMaster()
	stores := []*keys.Store{p.open(t, m), p.open(t, m)}
	var got [2][100]domain.SubjectID
	var boxes [2][100][]byte
	var wg sync.WaitGroup
	for which, s := range stores {
		for i := range 100 {
			wg.Go(func() {
				ids := []string{fmt.Sprintf("0010850%05d", i), fmt.Sprintf("01234%04d", i)}
				if which == 1 {
					ids[0], ids[1] = ids[1], ids[0]
				}
				var err error
				if got[which][i], err = s.Resolve(t.Context(), uuid.New(), ids...); err != nil {
					t.Error(err)
					return
				}
				boxes[which][i] = seal(t, s, got[which][i], "x")
			})
		}
	}
	wg.Wait()
	for i := range 100 {
		if got[0][i] != got[1][i] {
			t.Fatal("two persons for one number")
		}
		if unseal(t, stores[1], got[0][i], boxes[0][i]) != "x" || unseal(t, stores[0], got[0][i], boxes[1][i]) != "x" {
			t.Fatal("two keys for one person")
		}
	}
	if n := count(t, stores[0]); n != 100 {
		t.Errorf("%d persons of 100 were made", n)
	}
}

func goneForAll(t *testing.T, p Place) {
	m := keys.NewMaster()
	one, two := p.open(t, m), p.open(t, m)
	reader, err := p.OpenReadOnly(m)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for i := range 10 {
		a := person(t, one, uuid.New(), fmt.Sprint(i))
		for _, s := range []*keys.Store{one, two, reader} {
			seal(t, s, a, "the key is at hand now")
		}
		began := time.Now()
		if err := one.Destroy(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 4*time.Second { // a store that does not answer is waited for 5 s
			t.Errorf("all answer, and destroying took %v", took)
		}
		for n, s := range []*keys.Store{one, two, reader} {
			if _, err := s.Key(a); !errors.Is(err, codec.ErrErased) {
				t.Fatalf("store %d still gives the key: %v", n, err)
			}
		}
		if _, err := two.Resolve(t.Context(), a); !errors.Is(err, codec.ErrErased) {
			t.Error("back through another store:", err)
		}
		if err := two.Destroy(t.Context(), a); err != nil {
			t.Error("again, by the other:", err)
		}
	}
}

// destroyedElsewhere reads all the time while another destroys: no read that
// begins after Destroy has returned gets the key.
func destroyedElsewhere(t *testing.T, p Place) {
	m := keys.NewMaster()
	one, two := p.open(t, m), p.open(t, m)
	for range 10 {
		a := someone(t, one)
		gone := make(chan struct{})
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for {
					over := false
					select {
					case <-gone:
						over = true
					default:
					}
					_, err := two.Key(a)
					if over && !errors.Is(err, codec.ErrErased) {
						t.Error("a read that began after the erasure:", err)
					}
					if over {
						return
					}
				}
			})
		}
		if err := one.Destroy(t.Context(), a); err != nil {
			t.Error(err)
		}
		close(gone)
		wg.Wait()
	}
}

func rewrappedElsewhere(t *testing.T, p Place) {
	old, next := keys.NewMaster(), keys.NewMaster()
	one, two := p.open(t, old), p.open(t, old)
	a, b := someone(t, one), someone(t, one)
	if err := one.Rewrap(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if _, err := two.Resolve(t.Context(), uuid.New()); !errors.Is(err, keys.ErrWrongMaster) {
		t.Errorf("a key was wrapped by a master key that is out of use: %v", err)
	}
	if _, err := two.Key(b); !errors.Is(err, keys.ErrWrongMaster) || !errors.Is(err, eventlog.ErrUnavailable) {
		t.Errorf("a key that is wrapped by another master key: %v", err)
	}
	if err := two.Rewrap(t.Context(), keys.NewMaster()); !errors.Is(err, keys.ErrWrongMaster) {
		t.Error(err)
	}
	for end := time.Now().Add(time.Minute); !errors.Is(two.Healthy(), keys.ErrWrongMaster); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the other does not say that it needs the new master key:", two.Healthy())
		}
	}
	if one.Healthy() != nil || person(t, one, a) != a {
		t.Error("who changed it goes on", one.Healthy())
	}
	if err := one.Destroy(t.Context(), a); err != nil {
		t.Error(err)
	}
}
