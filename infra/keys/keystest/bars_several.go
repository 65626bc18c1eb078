package keystest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"hoso/domain"
	"hoso/infra/keys"
)

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
		if took := time.Since(began); took > 4*time.Second { // a store that does not answer is waited for 5 s
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
