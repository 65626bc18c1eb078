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
	for end := time.Now().Add(5 * time.Second); !true_(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not within 5 s: ", what)
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

// heldForAll: a bar in one store holds in all, and ends in all.
func heldForAll(t *testing.T, p Place) {
	m := keys.NewMaster()
	one, two := p.open(t, m), p.open(t, m)
	var mu sync.Mutex
	drained, gone := map[domain.SubjectID]bool{}, map[domain.SubjectID]bool{}
	two.Watch(func(_ context.Context, who domain.SubjectID) error {
		time.Sleep(100 * time.Millisecond) // a command that writes
		mu.Lock()
		defer mu.Unlock()
		drained[who] = true
		return nil
	}, func(who domain.SubjectID) {
		mu.Lock()
		defer mu.Unlock()
		gone[who] = true
	})
	has := func(set map[domain.SubjectID]bool, who domain.SubjectID) bool {
		mu.Lock()
		defer mu.Unlock()
		return set[who]
	}
	for range 5 {
		a := someone(t, one)
		began := time.Now()
		bar(t, one, a)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("all answer, and a bar took %v", took)
		}
		if !two.Current() || !two.Barred(a) || !has(drained, a) {
			t.Fatal("the bar stands, and another store does not know, or writes on")
		}
		if who := two.Bars(); len(who) != 1 || who[0] != a {
			t.Error("the other's bars:", who)
		}
		if err := two.Bar(t.Context(), a); !errors.Is(err, domain.ErrBeingErased) {
			t.Fatal("barred by two:", err)
		}
		if err := two.Unbar(t.Context(), a); err != nil || !one.Barred(a) {
			t.Error("ended by who did not set it", err)
		}
		if err := one.Unbar(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		free(t, two, a)
		bar(t, two, a)
		soon(t, "the first knows", func() bool { return one.Barred(a) })
		if err := two.Destroy(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		free(t, one, a)
		b := someone(t, one)
		bar(t, one, b)
		if err := one.Destroy(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if !has(gone, a) || !has(gone, b) {
			t.Error("what another store has at hand was not let go")
		}
		free(t, two, b)
	}
}

// barAtOnce: of several who bar a person one does, the others are told so.
func barAtOnce(t *testing.T, p Place) {
	m := keys.NewMaster()
	stores := []*keys.Store{p.open(t, m), p.open(t, m)}
	for range 5 {
		a := someone(t, stores[0])
		var mu sync.Mutex
		var winner *keys.Store
		won := 0
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				switch err := stores[i%2].Bar(t.Context(), a); {
				case err == nil:
					mu.Lock()
					won, winner = won+1, stores[i%2]
					mu.Unlock()
				case !errors.Is(err, domain.ErrBeingErased):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won != 1 {
			t.Fatalf("%d have barred one person", won)
		}
		if err := winner.Unbar(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
}

// barAmongWriters: two stores' commands write for a person all the time, one
// bars them again and again: while the bar stands, nothing is written.
func barAmongWriters(t *testing.T, p Place) {
	m := keys.NewMaster()
	stores := []*keys.Store{p.open(t, m), p.open(t, m)}
	a := someone(t, stores[0])
	var standing, written sync.Map // written: how often, by writer
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i, s := range stores {
		var gate sync.RWMutex // as those who write keep apart from who waits for them
		s.Watch(func(context.Context, domain.SubjectID) error { gate.Lock(); defer gate.Unlock(); return nil }, func(domain.SubjectID) {})
		for j := range 3 {
			wg.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-stop:
						return
					default:
					}
					gate.RLock()
					if s.Current() && !s.Barred(a) {
						time.Sleep(time.Millisecond)
						if _, is := standing.Load(a); is {
							t.Error("written while the bar stands")
						}
						written.Store(10*i+j, n)
					}
					gate.RUnlock()
					time.Sleep(100 * time.Microsecond)
				}
			})
		}
	}
	for i := range 30 {
		s := stores[i%2]
		soon(t, "barred", func() bool { return s.Bar(t.Context(), a) == nil })
		standing.Store(a, true)
		time.Sleep(3 * time.Millisecond)
		standing.Delete(a)
		if err := s.Unbar(t.Context(), a); err != nil {
			t.Error(err)
		}
		free(t, stores[0], a)
		free(t, stores[1], a)
		time.Sleep(3 * time.Millisecond)
	}
	close(stop)
	wg.Wait()
	n := 0
	written.Range(func(any, any) bool { n++; return true })
	if n != 6 {
		t.Errorf("only %d of 6 wrote anything", n)
	}
}
