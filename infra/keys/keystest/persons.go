package keystest

import (
	"context"
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

func resolve(t *testing.T, p Place) {
	s := p.open(t, keys.NewMaster())
	a, b, c := uuid.New(), uuid.New(), uuid.New()
	if got := person(t, s, a, "001085000001"); got != a {
		t.Error("a new number makes the candidate a person")
	}
	if got := person(t, s, a, "001085000001"); got != a {
		t.Error("again, the same")
	}
	if got := person(t, s, b, "", "001085000001", "012345678"); got != a {
		t.Error("a known number names its person, whatever the candidate")
	}
	if _, err := s.Key(b); !errors.Is(err, codec.ErrErased) {
		t.Error("a candidate that was not needed has a key:", err)
	}
	if got := person(t, s, b, "012345678"); got != a {
		t.Error("the second number of a person was not kept")
	}
	if got := person(t, s, b, "0312345678", "0312345678"); got != b {
		t.Error("another number, even said twice, is another person")
	}
	if got := person(t, s, c, "0312345678", "001085000001"); got != b {
		t.Error("with two persons the first number wins")
	}
	if got := person(t, s, c, "001085000001", "0312345678"); got != a {
		t.Error("and nobody is merged")
	}
	for range 2 {
		if got := person(t, s, c); got != c {
			t.Error("without numbers the candidate itself, also when it is asked again")
		}
	}
	if got := person(t, s, c, "079200000009"); got != c || person(t, s, uuid.New(), "079200000009") != c {
		t.Error("a number learnt later belongs to the candidate that exists")
	}
	made := uuid.New()
	for range 2 {
		if err := s.Make(t.Context(), made); err != nil {
			t.Error("Make:", err)
		}
	}
	if _, err := s.Key(made); err != nil || person(t, s, made) != made {
		t.Error("made, and not there:", err)
	}
	if _, err := s.Resolve(t.Context(), uuid.Nil, "x"); err == nil || s.Make(t.Context(), uuid.Nil) == nil {
		t.Error("nobody was made a person")
	}
	if who, ok, err := s.Find(t.Context(), "012345678"); who != a || !ok || err != nil {
		t.Error("Find:", who, ok, err)
	}
	if _, ok, err := s.Find(t.Context(), "999"); ok || err != nil {
		t.Error("Find found", ok, err)
	}
}

// firstAtOnce shares numbers in both orders, so that a store which waits for
// one while it holds another would wait in a circle.
func firstAtOnce(t *testing.T, p Place) {
	s := p.open(t, keys.NewMaster())
	got := make([]domain.SubjectID, 100)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			ids := []string{"001085000001", fmt.Sprintf("0123456%02d", i%10)}
			if i%2 == 0 {
				ids[0], ids[1] = ids[1], ids[0]
			}
			var err error
			if got[i], err = s.Resolve(t.Context(), uuid.New(), ids...); err != nil {
				t.Error(err)
			} else if _, err := s.Key(got[i]); err != nil {
				t.Error("resolved, and no key:", err)
			}
		})
	}
	wg.Wait()
	for _, g := range got {
		if g != got[0] {
			t.Fatal("two persons for one number")
		}
	}
	if n := count(t, s); n != 1 {
		t.Errorf("%d persons were made", n)
	}
}

// count counts who lives.
func count(t *testing.T, s *keys.Store) (n int) {
	t.Helper()
	for _, err := range s.Each(t.Context()) {
		if n++; err != nil {
			t.Error(err)
		}
	}
	return n
}

func outlive(t *testing.T, p Place) {
	m := keys.NewMaster()
	s := p.open(t, m)
	a := person(t, s, uuid.New(), "001085000001")
	box := seal(t, s, a, "Nguyễn Thị Đào")
	hash, digest, proof := s.IDHash("1"), s.LogDigest([]byte("1")), s.ProofHash("last4", "1")
	own, err := s.Digest(a, []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := p.open(t, m)
	if unseal(t, again, a, box) != "Nguyễn Thị Đào" || person(t, again, uuid.New(), "001085000001") != a {
		t.Error("the key or the number is lost")
	}
	if again.IDHash("1") != hash || again.LogDigest([]byte("1")) != digest || again.ProofHash("last4", "1") != proof {
		t.Error("the hashes changed")
	}
	if d, err := again.Digest(a, []byte("1")); d != own || err != nil {
		t.Error("the digest changed", err)
	}
}

func hashes(t *testing.T, p Place) {
	s := p.open(t, keys.NewMaster())
	a, b := person(t, s, uuid.New(), "1"), person(t, s, uuid.New(), "2")
	da, _ := s.Digest(a, []byte("1"))
	db, _ := s.Digest(b, []byte("1"))
	seen := map[string]bool{}
	for _, h := range []string{
		s.IDHash("1"), s.IDHash("2"), s.ProofHash("", "1"), s.ProofHash("x", "1"), s.ProofHash("x1", ""), s.LogDigest([]byte("1")), s.PaperHash([]byte("1")), da, db,
	} {
		if len(h) != 64 || seen[h] {
			t.Errorf("%q twice, or no hash", h)
		}
		seen[h] = true
	}
}

func each(t *testing.T, p Place) {
	s := p.open(t, keys.NewMaster())
	began := time.Now().Add(-time.Second)
	var mu sync.Mutex
	want := map[domain.SubjectID]bool{}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 75 { // more than two pages in all
				who := uuid.New()
				if _, err := s.Resolve(t.Context(), who); err != nil {
					t.Error(err)
				}
				mu.Lock()
				want[who] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	gone := someone(t, s)
	if err := s.Destroy(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	for l, err := range s.Each(t.Context()) {
		if err != nil || !want[l.Subject] || l.CreatedAt.Before(began) || l.CreatedAt.After(time.Now().Add(time.Second)) {
			t.Fatal(l, err)
		}
		delete(want, l.Subject)
	}
	if len(want) != 0 {
		t.Errorf("%d were left out", len(want))
	}
}

func readOnly(t *testing.T, p Place) {
	m := keys.NewMaster()
	if _, err := p.OpenReadOnly(m); err == nil {
		t.Error("a store that is not there was opened")
	}
	s := p.open(t, m)
	r, err := p.OpenReadOnly(m)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	a := person(t, s, uuid.New(), "001085000001")
	if unseal(t, r, a, seal(t, s, a, "x")) != "x" || person(t, r, uuid.New(), "001085000001") != a {
		t.Error("the reader does not see what the writer wrote")
	}
	if _, err := r.Resolve(t.Context(), uuid.New(), "2"); !errors.Is(err, eventlog.ErrReadOnly) {
		t.Error(err)
	}
	if err := r.Destroy(t.Context(), a); !errors.Is(err, eventlog.ErrReadOnly) {
		t.Error(err)
	}
	if err := r.Rewrap(t.Context(), keys.NewMaster()); !errors.Is(err, eventlog.ErrReadOnly) {
		t.Error(err)
	}
	if err := r.Healthy(); err != nil {
		t.Error("a reader that reads is healthy:", err)
	}
}

func ended(t *testing.T, p Place) {
	s := p.open(t, keys.NewMaster())
	a := someone(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err1 := s.Resolve(ctx, uuid.New(), "1")
	_, _, err2 := s.Find(ctx, "1")
	err3, err4 := s.Destroy(ctx, a), s.Rewrap(ctx, keys.NewMaster())
	errs := []error{err1, err2, err3, err4}
	for _, err := range s.Each(ctx) {
		errs = append(errs, err)
	}
	for i, err := range errs {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if _, err := s.Key(a); err != nil || count(t, s) != 1 || s.Healthy() != nil {
		t.Error("a call that was given up changed something", err, s.Healthy())
	}
}

func closed(t *testing.T, p Place) {
	s := p.open(t, keys.NewMaster())
	a := someone(t, s)
	var wg sync.WaitGroup
	for range 8 { // calls that run meanwhile end, one way or the other
		wg.Go(func() {
			for {
				if _, err := s.Resolve(context.Background(), uuid.New()); err != nil {
					return
				}
			}
		})
	}
	time.Sleep(20 * time.Millisecond)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if _, err := s.Resolve(t.Context(), uuid.New(), "1"); err == nil {
		t.Error("a closed store made a person")
	}
	if err := s.Destroy(t.Context(), a); err == nil {
		t.Error("a closed store destroyed")
	}
	if s.Healthy() == nil {
		t.Error("a closed store says that it is healthy")
	}
}
