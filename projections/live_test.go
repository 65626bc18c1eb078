package projections

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"hoso/domain/eventlog"
)

func at(n uint64) eventlog.Position { return eventlog.Position{Commit: n, Prepare: n} }

// follower is a member with what it must see next.
type follower struct {
	m    *member
	seen eventlog.Position
}

// TestLiveHandsEachMemberEverything: whoever follows sees each item after its
// own position once and in order, whatever the pace of the others, or is told
// that it was left behind.
func TestLiveHandsEachMemberEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := rapid.Uint64Range(0, 50).Draw(t, "start")
		l := &live{members: map[*member]struct{}{}, start: at(start), end: at(start), news: make(chan struct{})}
		head := start
		dossiers := map[uint64]bool{} // positions that are items; the others are of other streams
		var followers []*follower
		look := func(t *rapid.T) {
			if len(followers) == 0 {
				return
			}
			i := rapid.IntRange(0, len(followers)-1).Draw(t, "who")
			f := followers[i]
			b, _, err := f.m.look()
			if errors.Is(err, errLeftBehind) {
				if head-f.seen.Commit <= maxAhead {
					t.Fatalf("left behind at %s, the head is at %d", f.seen, head)
				}
				l.remove(f.m)
				followers = append(followers[:i], followers[i+1:]...)
				return
			}
			if b == nil {
				if f.seen.Before(l.end) {
					t.Fatalf("nothing to see after %s, the end is %s", f.seen, l.end)
				}
				return
			}
			items := b.Items
			for p := f.seen.Commit + 1; p <= b.End.Commit; p++ {
				if !dossiers[p] {
					continue
				}
				if len(items) == 0 || items[0].Position != at(p) {
					t.Fatalf("item %d is missing in a batch after %s", p, f.seen)
				}
				items = items[1:]
			}
			if len(items) > 0 || !f.seen.Before(b.End) {
				t.Fatalf("a batch after %s ends at %s and holds %d items too many", f.seen, b.End, len(items))
			}
			f.seen = b.End
		}
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				n := rapid.Uint64Range(0, 9000).Draw(t, "events")
				every := rapid.Uint64Range(1, 3).Draw(t, "every")
				b := &Batch{End: at(head + n)}
				for p := head + 1; p <= head+n; p++ {
					if p%every == 0 {
						dossiers[p] = true
						it := &Item{}
						it.Position = at(p)
						b.Items = append(b.Items, it)
					}
				}
				head += n
				l.take(b)
			},
			"join": func(t *rapid.T) {
				after := at(rapid.Uint64Range(l.start.Commit, head+3).Draw(t, "after"))
				m, ok := l.add(after)
				if !ok {
					t.Fatalf("cannot join after %s, the others begin at %s", after, l.start)
				}
				followers = append(followers, &follower{m, after})
			},
			"look": look,
			"":     func(*rapid.T) {},
		})
		if _, ok := l.add(eventlog.Position{}); ok && start > 0 {
			t.Fatal("joined before the first item at hand")
		}
	})
}
