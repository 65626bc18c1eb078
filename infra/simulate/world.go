package simulate

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/calendar"
)

// world runs the lives of all dossiers, one step at a time, in the order of
// the simulated clock; steps of the same instant in the order they were planned.
type world struct {
	Options
	ctx    context.Context
	space  uuid.UUID
	rng    *rand.Rand
	desks  map[string]*desk
	crowd  *crowd
	queue  steps
	lives  int // begun so far
	order  int // steps planned so far
	err    error
	report Report
}

// step is a life that waits for its time.
type step struct {
	at    time.Time
	order int
	next  func() (time.Time, bool)
	stop  func()
}

type steps []step

func (s steps) Len() int { return len(s) }
func (s steps) Less(i, j int) bool {
	if s[i].at.Equal(s[j].at) {
		return s[i].order < s[j].order
	}
	return s[i].at.Before(s[j].at)
}
func (s steps) Swap(i, j int) { s[i], s[j] = s[j], s[i] }
func (s *steps) Push(x any)   { *s = append(*s, x.(step)) }
func (s *steps) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}

var (
	errOver    = errors.New("simulate: the time is over")
	errEnded   = errors.New("simulate: the dossier ended")
	errRefused = errors.New("simulate: refused")
)

func newWorld(ctx context.Context, o Options, space uuid.UUID) (*world, error) {
	w := &world{
		Options: o, ctx: ctx, space: space, rng: rand.New(rand.NewPCG(o.Seed, 1)),
		report: Report{Commands: map[string]int{}, Refused: map[string]int{}},
	}
	var err error
	if w.desks, err = openDesks(o.Handler.Catalogue, o.From); err != nil {
		return nil, err
	}
	w.crowd = newCrowd(rand.New(rand.NewPCG(o.Seed, 2)))
	return w, nil
}

// spawn lets a script begin at a time. Its life has dice of its own, so that
// what one life does changes nothing in another's.
func (w *world) spawn(at time.Time, script func(*life) error) *life {
	w.lives++
	w.order++
	l := &life{world: w, index: w.lives, rng: rand.New(rand.NewPCG(w.Seed, uint64(w.lives)<<8|3))}
	next, stop := iter.Pull(func(yield func(time.Time) bool) {
		l.yield = yield
		if err := script(l); err != nil && !errors.Is(err, errOver) && !errors.Is(err, errEnded) && !errors.Is(err, errRefused) && w.err == nil {
			w.err = err
		}
	})
	heap.Push(&w.queue, step{at: at, order: w.order, next: next, stop: stop})
	return l
}

// run steps until nothing is left to happen before To.
func (w *world) run() error {
	defer func() {
		for _, s := range w.queue {
			s.stop()
		}
	}()
	for len(w.queue) > 0 && w.err == nil {
		s := heap.Pop(&w.queue).(step)
		if s.at.After(w.To) {
			heap.Push(&w.queue, s)
			break
		}
		if err := w.ctx.Err(); err != nil {
			heap.Push(&w.queue, s)
			return err
		}
		if s.at.After(w.Clock.Now()) {
			w.Clock.Set(s.at)
		}
		at, more := s.next()
		if more {
			w.order++
			s.at, s.order = at, w.order
			heap.Push(&w.queue, s)
		}
	}
	if w.err == nil {
		w.Clock.Set(w.To)
	}
	return w.err
}

// note counts a command. A refusal is the simulation's own mistake: counted,
// and the end of that life.
func (w *world) note(command string, err error) error {
	switch code := domain.CodeOf(err); {
	case err == nil:
		w.report.Commands[command]++
		return nil
	case code != "":
		w.report.Refused[command+": "+code]++
		return errRefused
	}
	return fmt.Errorf("simulate: %s: %w", command, err)
}

// endOfDay is 23:30 in Viet Nam on the day of t.
func endOfDay(t time.Time) time.Time {
	return calendar.DateOf(t).Start().Add(23*time.Hour + 30*time.Minute)
}
