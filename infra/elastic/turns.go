package elastic

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// Which process writes which partition stands in one document, <prefix>-turns,
// that all processes read every second and change by compare-and-set. A process
// counts as gone when the others have seen no beat of it for goneAfter, each by
// its own clock. Nothing depends on anybody being right about that: two that
// write the same partition for a while are fenced by its checkpoint. Every
// process writes the document every two seconds, so it is for a handful of them.
const (
	beatEvery = 2               // seconds
	goneAfter = 6               // seconds
	leaving   = 2 * time.Second // how long Close tries to say so
)

// turns is this process's part in it.
type turns struct {
	v       *Views
	id      string
	join    sync.Once
	follows atomic.Bool
	tact    time.Duration // 1 s; tests go faster

	lanes map[string]*lane

	mu   sync.Mutex
	held map[string]turn // by lane

	// Only the goroutine of rounds touches these.
	me     member
	beaten time.Time
	looked time.Time // when the document was last read
	blind  bool      // a look since then failed
	seen   map[string]sighting
}

// turn is a partition that is this process's to write.
type turn struct {
	during context.Context
	end    context.CancelFunc
}

// sighting is when the beat of another process was first seen.
type sighting struct {
	beat uint64
	at   time.Time
}

func newTurns(v *Views) *turns {
	host, _ := os.Hostname()
	t := &turns{v: v, id: uuid.NewString(), tact: cmp.Or(v.opt.tact, time.Second), lanes: map[string]*lane{}, held: map[string]turn{}, seen: map[string]sighting{}}
	t.me = member{Where: fmt.Sprintf("%s/%d", host, os.Getpid()), Since: time.Now().UTC()}
	return t
}

// name is the lane's in the document; another format's is another.
func (l *lane) name() string { return fmt.Sprintf("%s/%d/%d", l.alias(), l.part, len(l.lanes)) }

// Turn implements projections.Store. The first call joins those who take turns.
func (l *lane) Turn(following bool) context.Context {
	t := l.views.turns
	if l.views.opt.ReadOnly {
		return nil
	}
	if following {
		t.follows.Store(true)
	}
	t.join.Do(t.start)
	t.mu.Lock()
	defer t.mu.Unlock()
	if held, ok := t.held[l.name()]; ok {
		return held.during
	}
	return nil
}

func (t *turns) start() {
	for _, p := range t.v.all {
		for _, l := range p.lanes {
			t.me.Lanes = append(t.me.Lanes, l.name())
			t.lanes[l.name()] = l
		}
	}
	t.roundOrTell()
	t.v.work.Go(func() {
		for sleep(t.v.ctx, t.tact) == nil {
			t.roundOrTell()
		}
		t.leave()
	})
}

func (t *turns) roundOrTell() {
	ctx, cancel := context.WithTimeout(t.v.ctx, goneAfter/2*t.tact)
	defer cancel()
	err := t.round(ctx)
	if err != nil && t.v.ctx.Err() == nil {
		t.v.logger.Warn("who writes the views cannot be looked at; trying again", "error", err)
	}
	t.blind = err != nil
}

// missed leaves out of account the time since the last look, if a look in
// between failed: nobody could be seen to beat. A slow one is a look.
func (t *turns) missed(now time.Time) {
	if t.blind {
		for id, s := range t.seen {
			t.seen[id] = sighting{s.beat, s.at.Add(now.Sub(t.looked))}
		}
	}
	t.looked, t.blind = now, false
}

// round looks at the document, and changes it until nobody else does meanwhile.
func (t *turns) round(ctx context.Context) error {
	for {
		doc, seq, term, err := t.read(ctx)
		if err != nil {
			return err
		}
		now := time.Now()
		t.missed(now)
		if !t.decide(&doc, now) {
			t.keep(doc)
			return t.renewStale(ctx)
		}
		done, err := t.write(ctx, doc, seq, term)
		if err != nil {
			return err
		}
		if done {
			t.beaten = time.Now()
			t.keep(doc)
			return t.renewStale(ctx)
		}
	}
}

// decide brings the document to what this process makes of it, and reports
// whether it must be written: the dead go, and each living process has its fair
// share of the partitions it can write.
func (t *turns) decide(doc *turnsDoc, now time.Time) (changed bool) {
	for _, id := range t.dead(doc, now) {
		delete(doc.Members, id)
		changed = true
	}
	mine := 0
	for name, holder := range doc.Holders {
		if _, lives := doc.Members[holder]; !lives && holder != t.id {
			delete(doc.Holders, name)
			changed = true
		} else if holder == t.id {
			mine++
		}
	}
	t.me.Reads = t.follows.Load()
	if was, there := doc.Members[t.id]; !there || was.Reads != t.me.Reads || now.Sub(t.beaten) >= beatEvery*t.tact {
		t.me.Beat++
		changed = true
	}
	doc.Members[t.id] = t.me
	share := t.share(doc)
	for _, name := range t.inOrder() {
		switch holder := doc.Holders[name]; {
		case holder == "" && mine < share:
			doc.Holders[name] = t.id
			mine++
			changed = true
		case holder == t.id && mine > share && !t.builds(name):
			delete(doc.Holders, name)
			mine--
			changed = true
		}
	}
	return changed
}

// dead lists the members whose beat has been the same for too long.
func (t *turns) dead(doc *turnsDoc, now time.Time) (dead []string) {
	for id, m := range doc.Members {
		last, known := t.seen[id]
		switch {
		case id == t.id:
		case !known || last.beat != m.Beat:
			t.seen[id] = sighting{m.Beat, now}
		case now.Sub(last.at) >= goneAfter*t.tact:
			dead = append(dead, id)
			delete(t.seen, id)
		}
	}
	return dead
}

// share is how many partitions a process may hold: as many as the others that
// follow the log and can write the same, rounded up. One that does not follow
// it has all or none.
func (t *turns) share(doc *turnsDoc) int {
	peers := 0
	for _, m := range doc.Members {
		if m.Reads && slices.Equal(m.Lanes, t.me.Lanes) {
			peers++
		}
	}
	switch {
	case t.me.Reads:
		return (len(t.me.Lanes) + peers - 1) / peers
	case peers > 0:
		return 0
	}
	return len(t.me.Lanes)
}

// builds reports whether this process builds the view anew: it gives that up to
// nobody, who would only begin again.
func (t *turns) builds(name string) bool {
	l, ok := t.lanes[name]
	if !ok {
		return false
	}
	l.state.Lock()
	defer l.state.Unlock()
	return l.projection.builds > 0
}

// inOrder lists the lanes, each process beginning elsewhere.
func (t *turns) inOrder() []string {
	at := int(t.id[0]) % len(t.me.Lanes)
	return slices.Concat(t.me.Lanes[at:], t.me.Lanes[:at])
}
