package bus_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/infra/bus"
	"hoso/infra/esdb"
	"hoso/infra/esdb/esdbtest"
	"hoso/projections/projtest"
)

// office is what several instances do together: each submission gets a number
// once, whoever gives it and however often it is asked for.
type office struct {
	w        *projtest.World
	mu       sync.Mutex
	numbered map[string]int // by stream: how often a reaction asked
	late     bool           // reactions ask, and nothing comes of it
}

func (o *office) reaction() bus.Reaction {
	return bus.NewReaction("finish", []string{"dossier.submitted"}, func(_ context.Context, d codec.Decoded) error {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.numbered[d.Stream]++
		if o.numbered[d.Stream] == 1 && !o.late {
			o.number(d.Stream, len(o.numbered))
		}
		return nil
	}).SettledBy("dossier.numbered")
}

func (o *office) number(stream string, n int) {
	o.w.Append(stream, start.Add(time.Hour), domain.Numbered{Code: fmt.Sprintf("H99.14-260105-%04d", n), Agency: "H99.14", Day: "260105", Number: n})
}

// submit writes a submission, and its number at once unless it is left open.
func (o *office) submit(n int, open bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.w.Append(streams(n)[0], start, projtest.Submission(n))
	if !open {
		o.number(streams(n)[0], 5000+n)
	}
}

func (o *office) asked() map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := map[string]int{}
	for stream, n := range o.numbered {
		out[stream] = n
	}
	return out
}

// instance runs the office's reaction with a ledger of its own.
func (o *office) instance(t *testing.T) (stop func()) {
	t.Helper()
	r := &reactions{w: o.w, dir: t.TempDir(), logger: slog.New(slog.DiscardHandler)}
	_, stop = r.start(t, o.reaction())
	return stop
}

// sentinel waits until an instance has read to the head: an open submission
// behind everything is told by then.
func (o *office) sentinel(t *testing.T, n int) {
	t.Helper()
	o.submit(n, true)
	until(t, "the last submission is finished", func() bool { return o.asked()[streams(n)[0]] > 0 })
}

// TestInstancesShareTheWork: three instances on one log, each with a ledger of
// its own, leave alone what is numbered in time, and finish together what
// is not; a new instance with an empty ledger asks for nothing that is done.
func TestInstancesShareTheWork(t *testing.T) {
	for name, open := range map[string]func(*testing.T) eventlog.Log{
		"memory": func(*testing.T) eventlog.Log { return memory.New() },
		"esdb": func(t *testing.T) eventlog.Log {
			server, err := esdbtest.Start(esdbtest.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(server.Stop)
			l, err := esdb.Open(t.Context(), server.ConnectionString(), esdb.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			return l
		},
	} {
		t.Run(name, func(t *testing.T) {
			bus.SetPatience(t, 5*time.Second)
			o := &office{w: projtest.New(t, open(t)), numbered: map[string]int{}}
			var stops []func()
			for range 3 {
				stops = append(stops, o.instance(t))
			}
			var left []string
			for n := range 200 {
				o.submit(n, n%50 == 49)
				if n%50 == 49 {
					left = append(left, streams(n)...)
				}
			}
			o.sentinel(t, 900)
			left = append(left, streams(900)...)
			asked := o.asked()
			for stream := range asked {
				if !slices.Contains(left, stream) {
					t.Errorf("a reaction was told of %s, which has its number", stream)
				}
			}
			for _, stream := range left {
				if asked[stream] == 0 {
					t.Errorf("nobody was told of %s", stream)
				}
			}
			for _, stop := range stops {
				stop()
			}
			newcomer := &office{w: o.w, numbered: map[string]int{}} // with an empty ledger
			defer newcomer.instance(t)()
			newcomer.sentinel(t, 901)
			if asked := newcomer.asked(); len(asked) != 1 {
				t.Errorf("the new instance asked for what was done: %v", asked)
			}
		})
	}
}

// TestEveryInstanceAsks while nothing settles an event: when one instance
// cannot do the work, another has tried too.
func TestEveryInstanceAsks(t *testing.T) {
	o := &office{w: projtest.New(t, memory.New()), numbered: map[string]int{}, late: true}
	for range 3 {
		defer o.instance(t)()
	}
	o.submit(1, true)
	until(t, "all three have asked", func() bool { return o.asked()[streams(1)[0]] == 3 })
}
