package keystest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"

	"hoso/domain/codec"
	"hoso/infra/keys"
)

func destroyed(t *testing.T, p Place) {
	m := keys.NewMaster()
	s := p.open(t, m)
	ctx := t.Context()
	a := person(t, s, uuid.New(), "001085000001", "012345678")
	other := person(t, s, uuid.New(), "001085000099")
	seal(t, s, a, "the key is in the cache now")
	for range 2 { // the second time changes nothing
		if err := s.Destroy(ctx, a); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Key(a); !errors.Is(err, codec.ErrErased) {
		t.Error("the key is still there:", err)
	}
	if _, err := s.Digest(a, nil); !errors.Is(err, codec.ErrErased) {
		t.Error("digests are still made:", err)
	}
	for _, ids := range [][]string{nil, {"001085000001"}, {"5"}} {
		if _, err := s.Resolve(ctx, a, ids...); !errors.Is(err, codec.ErrErased) {
			t.Errorf("%v: a command from before the erasure, sent again: %v", ids, err)
		}
	}
	if err := s.Make(ctx, a); !errors.Is(err, codec.ErrErased) {
		t.Error("who was erased was made again:", err)
	}
	if _, known, err := s.Find(ctx, "012345678"); known || err != nil {
		t.Error("the number still leads somewhere", err)
	}
	b := uuid.New()
	if got := person(t, s, b, "012345678"); got != b {
		t.Error("a later submission makes a new person, not", got)
	}
	stranger := uuid.New()
	if err := s.Destroy(ctx, stranger); err != nil {
		t.Error("destroying somebody unknown:", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = p.open(t, m)
	if _, err := s.Key(a); !errors.Is(err, codec.ErrErased) {
		t.Error("back after opening again:", err)
	}
	if _, err := s.Resolve(ctx, stranger); !errors.Is(err, codec.ErrErased) {
		t.Error("who was destroyed before there was a key came all the same:", err)
	}
	if got := person(t, s, uuid.New(), "001085000099"); got != other {
		t.Error("somebody else was lost")
	}
}

func destroyAtOnce(t *testing.T, p Place) {
	m := keys.NewMaster()
	maker, s := p.open(t, m), (*keys.Store)(nil)
	var subjects []uuid.UUID
	for range 20 {
		subjects = append(subjects, someone(t, maker))
	}
	if err := maker.Close(); err != nil {
		t.Fatal(err)
	}
	s = p.open(t, m) // with nothing at hand: every first Key reads
	for _, a := range subjects {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { s.Key(a) })
		}
		wg.Go(func() {
			if err := s.Destroy(t.Context(), a); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		if _, err := s.Key(a); !errors.Is(err, codec.ErrErased) {
			t.Fatal("a destroyed key stayed in the cache")
		}
	}
}

// resolveAndDestroy: a number never leads to somebody destroyed, however a new
// number of theirs and their erasure fall together.
func resolveAndDestroy(t *testing.T, p Place) {
	s := p.open(t, keys.NewMaster())
	for i := range 20 {
		first, second := fmt.Sprint("1-", i), fmt.Sprint("2-", i)
		a := person(t, s, uuid.New(), first)
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := s.Destroy(t.Context(), a); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if _, err := s.Resolve(t.Context(), uuid.New(), first, second); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		for _, id := range []string{first, second} {
			who, known, err := s.Find(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Key(who); known && (who == a || err != nil) {
				t.Fatalf("%s leads to a person without a key: %v", id, err)
			}
		}
	}
}
