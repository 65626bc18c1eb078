package elastic

import (
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hoso/projections"
	"hoso/projections/viewtest"
)

// process takes part in turns on a document that no server keeps.
type process struct {
	*turns
	next time.Duration // of its rounds
}

// TestTurnsAreShared lets processes come, go and die at random: within
// seconds every partition is a living process's, none has more than its share,
// and what nobody had to give up stays where it is.
func TestTurnsAreShared(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lanes := []string{"a", "b", "c", "d", "e", "f", "g"}[:rapid.IntRange(1, 7).Draw(t, "lanes")]
		doc := turnsDoc{Members: map[string]member{}, Holders: map[string]string{}}
		slow := time.Duration(rapid.IntRange(1, 3).Draw(t, "seconds a round")) * time.Second
		begun := time.Now()
		var clock time.Duration
		var alive []*process
		round := func(p *process) {
			p.missed(begun.Add(clock))
			if p.decide(&doc, begun.Add(clock)) {
				p.beaten = begun.Add(clock)
			}
			p.next = clock + slow
		}
		pass := func(d time.Duration) {
			for end := clock + d; clock < end; clock += 100 * time.Millisecond {
				for _, p := range alive {
					if p.next <= clock {
						round(p)
					}
				}
			}
		}
		born := 0
		t.Repeat(map[string]func(*rapid.T){
			"come": func(t *rapid.T) {
				p := &process{turns: newTurns(&Views{opt: Options{tact: time.Second}})}
				p.id, p.me.Lanes = string(rune('A'+born%26))+p.id, lanes
				p.follows.Store(true)
				born++
				alive = append(alive, p)
				round(p)
			},
			"die": func(t *rapid.T) {
				if len(alive) > 0 {
					i := rapid.IntRange(0, len(alive)-1).Draw(t, "who")
					alive = slices.Delete(alive, i, i+1)
				}
			},
			"settle": func(t *rapid.T) {
				if len(alive) == 0 {
					return
				}
				pass(20 * time.Second)
				share, has := (len(lanes)+len(alive)-1)/len(alive), map[string]int{}
				for _, lane := range lanes {
					has[doc.Holders[lane]]++
				}
				for _, p := range alive {
					if has[p.id] > share {
						t.Fatalf("%s has %d of %d partitions among %d processes", p.id[:2], has[p.id], len(lanes), len(alive))
					}
					delete(has, p.id)
				}
				if len(has) > 0 {
					t.Fatalf("after twenty seconds these are not the living's: %v", has)
				}
				before := maps.Clone(doc.Holders)
				pass(20 * time.Second)
				if !maps.Equal(before, doc.Holders) {
					t.Fatalf("nobody came or went, and %v became %v", before, doc.Holders)
				}
			},
		})
	})
}

// TestAnOutageKillsNobody: while the server is away nobody can be seen to
// beat, and afterwards all have what they had.
func TestAnOutageKillsNobody(t *testing.T) {
	var away atomic.Bool
	open := opener(newPrefix(t), server(t), func(o *Options) {
		o.wrap = func(through http.RoundTripper) http.RoundTripper {
			return between(func(r *http.Request) (*http.Response, error) {
				if away.Load() {
					return nil, http.ErrServerClosed
				}
				return through.RoundTrip(r)
			})
		}
	})
	w := viewtest.NewWorld(t)
	sides := []*viewtest.Side{viewtest.Started(t, w, "p", open), viewtest.Started(t, w, "p", open)}
	turns := func() (held [2]int) {
		for i, s := range sides {
			for _, name := range viewtest.Names {
				if s.Views.Store(name).Turn(true) != nil {
					held[i]++
				}
			}
		}
		return held
	}
	shared := func() {
		t.Helper()
		for end := time.Now().Add(time.Minute); turns() != [2]int{2, 2}; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("they hold %v partitions, want two each", turns())
			}
		}
	}
	shared()
	was := sides[0].Views.Store(projections.DossierProjection).Turn(true)
	away.Store(true)
	time.Sleep(2 * time.Second)
	away.Store(false)
	time.Sleep(500 * time.Millisecond) // many beats: who was thought gone would be by then
	shared()
	if was != sides[0].Views.Store(projections.DossierProjection).Turn(true) {
		t.Error("after an outage they changed partitions")
	}
}

// TestTakeOver: what a process that died was to write, another one writes
// within ten beats of a second; here they beat faster.
func TestTakeOver(t *testing.T) {
	open := opener(newPrefix(t), server(t), nil)
	w := viewtest.NewWorld(t)
	at := w.Lives(1, viewtest.Start, 0, 5)
	one, two := viewtest.Started(t, w, "p", open), viewtest.Started(t, w, "p", open)
	defer one.Follow()()
	defer two.Follow()()
	w.Lives(2, at, 5, 20)
	two.CaughtUp()
	one.Crash()
	w.Lives(3, at, 20, 40)
	two.CaughtUp()
	viewtest.Same(t, "taken over, and built at once", two.Dump(), viewtest.Started(t, w, "fresh", open).Dump())
}

// TestPartitions: two processes write a view in three shares, each with its
// checkpoint; it is the one that a single process writes. Another number of
// shares is another view.
func TestPartitions(t *testing.T) {
	prefix := newPrefix(t)
	three := opener(prefix, server(t), func(o *Options) { o.Partitions = 3 })
	w := viewtest.NewWorld(t)
	at := w.Lives(1, viewtest.Start, 0, 20)
	one, two := viewtest.Started(t, w, "p", three), viewtest.Started(t, w, "p", three)
	stopOne, stopTwo := one.Follow(), two.Follow()
	for round := range 4 {
		at = w.Lives(uint64(round), at, 20+round*30, 50+round*30)
		if round == 1 {
			if err := projections.Rebuild(t.Context(), nil, two.Runners...); err != nil {
				t.Fatal(err)
			}
		}
	}
	one.CaughtUp()
	stopOne()
	stopTwo()
	got := one.Dump()
	viewtest.Same(t, "as both tell it", got, two.Dump())
	alone := viewtest.Started(t, w, "alone", opener(prefix, server(t), nil))
	viewtest.Same(t, "three shares, and one", got, alone.Dump())
	if l := one.Views.(*Views).all[0].lanes[1]; !func() bool { g, _, _ := l.Serving(t.Context()); return g != nil }() {
		t.Error("a share has no generation to write to")
	}
	another := viewtest.NewSide(t, w, "p", opener(prefix, server(t), func(o *Options) { o.Partitions = 2 }))
	if g, why, _ := another.Views.Store(projections.TimesProjection).Serving(t.Context()); g != nil || why != "it was built in 3 partitions, not in 2" {
		t.Errorf("two shares open a view of three: %q", why)
	}
}
