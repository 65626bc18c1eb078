package keystest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/infra/keys"
)

// soon waits for something that another store, or a moment, brings about.
func soon(t testing.TB, what string, true_ func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !true_(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not within a minute: ", what)
		}
	}
}

func free(t testing.TB, s *keys.Store, subject domain.SubjectID) {
	t.Helper()
	soon(t, "the bar is over", func() bool { return !s.Barred(subject) })
}

func bar(t testing.TB, s *keys.Store, subject domain.SubjectID) {
	t.Helper()
	if err := s.Bar(t.Context(), subject); err != nil {
		t.Fatal("Bar:", err)
	}
	if s.Current() && !s.Barred(subject) {
		t.Fatal("barred, and the store does not know")
	}
}

func bars(t *testing.T, p Place) {
	s := p.open(t, keys.NewMaster())
	a, b := someone(t, s), someone(t, s)
	if s.Barred(a) || !s.Current() || s.Bar(t.Context(), uuid.Nil) == nil {
		t.Error("barred before anybody was, or nobody was")
	}
	bar(t, s, a)
	if s.Barred(b) || len(s.Bars()) != 0 {
		t.Error("somebody else is barred, or by somebody else")
	}
	for range 2 {
		if err := s.Bar(t.Context(), a); !errors.Is(err, domain.ErrBeingErased) {
			t.Error("barred twice:", err)
		}
	}
	bar(t, s, b)
	if err := s.Unbar(t.Context(), a); err != nil {
		t.Error(err)
	}
	free(t, s, a)
	if !s.Barred(b) {
		t.Error("somebody else's bar is over")
	}
	if _, err := s.Key(a); err != nil || s.Unbar(t.Context(), a) != nil {
		t.Error("a bar took something away, or ends twice:", err)
	}
	bar(t, s, a)
	for range 2 { // the second time he is destroyed already
		if err := s.Destroy(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		free(t, s, a)
		if err := s.Bar(t.Context(), a); !errors.Is(err, domain.ErrBeingErased) {
			t.Error("barred while who has destroyed him still has his Unbar to call:", err)
		}
		if err := s.Unbar(t.Context(), a); err != nil {
			t.Error(err)
		}
		bar(t, s, a)
	}
	if err := s.Destroy(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	free(t, s, a)
	if _, err := s.Key(a); !errors.Is(err, codec.ErrErased) {
		t.Error("destroyed:", err)
	}
}

// barWaits: a bar stands when the last who writes has said so, and nobody who
// asks before writing slips in; one that is given up leaves nothing.
func barWaits(t *testing.T, p Place) {
	s := p.open(t, keys.NewMaster())
	a, b := someone(t, s), someone(t, s)
	release := make(chan struct{})
	var mu sync.Mutex
	var asked []domain.SubjectID
	s.Watch(func(ctx context.Context, who domain.SubjectID) error {
		mu.Lock()
		asked = append(asked, who)
		mu.Unlock()
		if !s.Barred(who) {
			t.Error("asked to end before others are kept from beginning")
		}
		if who != a {
			return nil
		}
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}, func(domain.SubjectID) {})
	bar(t, s, b)
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := s.Bar(short, a); !errors.Is(err, context.DeadlineExceeded) {
		t.Error("who writes did not end, and yet:", err)
	}
	free(t, s, a)
	var released time.Time
	time.AfterFunc(300*time.Millisecond, func() { released = time.Now(); close(release) })
	bar(t, s, a)
	if back := time.Now(); released.IsZero() || back.Before(released) {
		t.Error("Bar did not wait")
	}
	mu.Lock()
	defer mu.Unlock()
	if len(asked) < 3 || asked[0] != b {
		t.Error("asked:", asked)
	}
}

// destroyedIsTold: what is at hand of a person is let go before Destroy
// returns, and before anybody may write for them again.
func destroyedIsTold(t *testing.T, p Place) {
	s := p.open(t, keys.NewMaster())
	a, b := someone(t, s), someone(t, s)
	var mu sync.Mutex
	told := map[domain.SubjectID]int{}
	first := true
	s.Watch(func(context.Context, domain.SubjectID) error { return nil }, func(who domain.SubjectID) {
		mu.Lock()
		defer mu.Unlock()
		if told[who]++; first && !s.Barred(who) {
			t.Error("told when the bar was over")
		}
		first = false
		if _, err := s.Key(who); !errors.Is(err, codec.ErrErased) {
			t.Error("told while the key is there:", err)
		}
	})
	bar(t, s, a)
	if err := s.Destroy(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if told[a] == 0 || told[b] != 0 {
		t.Error("told:", told)
	}
}
