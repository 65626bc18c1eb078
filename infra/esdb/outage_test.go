package esdb_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"hoso/domain/eventlog"
	"hoso/infra/esdb"
	"hoso/infra/esdb/esdbtest"
)

// traffic is what goes on while something happens to the server: four writers, each in
// a stream of its own and in one that they share, and two followers, one of them filtered.
type traffic struct {
	t      *testing.T
	log    *esdb.Log
	prefix string
	ctx    context.Context
	stop   chan struct{}

	mu           sync.Mutex
	acknowledged map[uuid.UUID]string // where each event stands
	grew         chan struct{}        // closed at the next acknowledgement, then replaced
	writers      errgroup.Group
	followers    errgroup.Group
	seen         [2][]eventlog.Recorded
}

func startTraffic(t *testing.T, l *esdb.Log, limit time.Duration) *traffic {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	tr := &traffic{t: t, log: l, prefix: "traffic-" + uuid.NewString() + "-", ctx: ctx, stop: make(chan struct{}), acknowledged: map[uuid.UUID]string{}, grew: make(chan struct{})}
	start, err := l.Head(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range []eventlog.Filter{{}, {StreamPrefixes: []string{tr.prefix}}} {
		tr.followers.Go(func() error { return tr.follow(i, start, f) })
	}
	for w := range 4 {
		tr.writers.Go(func() error { return tr.write(fmt.Sprintf("%s%d", tr.prefix, w)) })
		tr.writers.Go(func() error { return tr.write(tr.prefix + "shared") })
	}
	return tr
}

func (tr *traffic) write(stream string) error {
	for at := eventlog.NoStream; ; {
		select {
		case <-tr.stop:
			return nil
		default:
		}
		list := proposed(2)
		done, err := tr.log.Append(tr.ctx, stream, at, list)
		if c := conflictOf(err); c != nil {
			at = c.Actual
			continue
		}
		if err != nil {
			return fmt.Errorf("append to %s: %w", stream, err)
		}
		tr.mu.Lock()
		for i, e := range list {
			tr.acknowledged[e.ID] = fmt.Sprintf("%s/%d", stream, int(at)+1+i)
		}
		close(tr.grew)
		tr.grew = make(chan struct{})
		tr.mu.Unlock()
		at = eventlog.Expected(done.Revision)
	}
}

func (tr *traffic) follow(i int, after eventlog.Position, f eventlog.Filter) error {
	mine := eventlog.Filter{StreamPrefixes: []string{tr.prefix}}
	for b, err := range tr.log.Subscribe(tr.ctx, after, f) {
		if err != nil {
			return fmt.Errorf("follower %d: %w", i, err)
		}
		for _, e := range b.Events {
			if mine.Has(e.Stream) {
				tr.seen[i] = append(tr.seen[i], e)
			}
			if e.Stream == tr.prefix+"last" {
				return nil
			}
		}
	}
	return errors.New("the subscription ended without an error")
}

// more waits until n further events are acknowledged.
func (tr *traffic) more(n int) {
	tr.t.Helper()
	for want := -1; ; {
		tr.mu.Lock()
		have, grew := len(tr.acknowledged), tr.grew
		tr.mu.Unlock()
		if want < 0 {
			want = have + n
		}
		if have >= want {
			return
		}
		select {
		case <-grew:
		case <-tr.ctx.Done():
			tr.t.Fatalf("%d of %d events acknowledged, and no more come", have, want)
		}
	}
}

// end stops the writers and checks that both followers saw every acknowledged event
// once, where it was acknowledged, and nothing else.
func (tr *traffic) end() {
	tr.t.Helper()
	close(tr.stop)
	if err := tr.writers.Wait(); err != nil {
		tr.t.Fatal(err)
	}
	last := proposed(1)
	if _, err := tr.log.Append(tr.ctx, tr.prefix+"last", eventlog.NoStream, last); err != nil {
		tr.t.Fatal(err)
	}
	tr.acknowledged[last[0].ID] = tr.prefix + "last/0"
	if err := tr.followers.Wait(); err != nil {
		tr.t.Fatal(err)
	}
	for i, list := range tr.seen {
		once := map[uuid.UUID]bool{}
		for k, e := range list {
			if k > 0 && !list[k-1].Position.Before(e.Position) {
				tr.t.Fatalf("follower %d: position %s after %s", i, e.Position, list[k-1].Position)
			}
			if got := fmt.Sprintf("%s/%d", e.Stream, e.Revision); tr.acknowledged[e.ID] != got || once[e.ID] {
				tr.t.Fatalf("follower %d: an event at %s, acknowledged at %q; seen before: %t", i, got, tr.acknowledged[e.ID], once[e.ID])
			}
			once[e.ID] = true
		}
		if len(once) != len(tr.acknowledged) {
			tr.t.Fatalf("follower %d saw %d of %d events", i, len(once), len(tr.acknowledged))
		}
	}
}

// A server that is away for a while costs nothing but the time.
func TestServerAway(t *testing.T) {
	outages := map[string]time.Duration{"restarted at once": 0, "for 5 seconds": 5 * time.Second}
	if os.Getenv("HOSO_LONG_OUTAGE") == "1" {
		outages["for 5 minutes"] = 5 * time.Minute
	}
	for name, away := range outages {
		t.Run(name, func(t *testing.T) {
			server := outageTarget(t)
			tr := startTraffic(t, openLog(t, server.connection), away+2*patience)
			tr.more(100)
			server.stop()
			<-time.After(away)
			server.start()
			tr.more(100)
			tr.end()
		})
	}
}

// Every connection cut, several times, while everything runs.
func TestConnectionsCut(t *testing.T) {
	srv := double(t, esdbtest.Options{})
	tr := startTraffic(t, openLog(t, srv.ConnectionString()), 2*patience)
	for range 10 {
		tr.more(40)
		srv.CutConnections()
	}
	tr.more(40)
	tr.end()
}

// A server that answers "not ready" or "too busy" to some of everything, and loses answers.
func TestServerStumbles(t *testing.T) {
	srv := double(t, esdbtest.Options{})
	l := openLog(t, srv.ConnectionString())
	tr := startTraffic(t, l, 2*patience)
	tr.more(20)
	for range 5 {
		srv.Inject(esdbtest.NotReady(esdbtest.AnyCall, 5))
		srv.Inject(esdbtest.TooBusy(esdbtest.Append, 5))
		srv.Inject(esdbtest.Fault{On: esdbtest.Append, Times: 3, After: true, Drop: true})
		srv.Inject(esdbtest.Fault{On: esdbtest.Subscribe, Times: 2, Messages: 3, Drop: true})
		tr.more(60)
	}
	tr.end()
}

// Two programs write and read beside each other: conflicts are all that they notice.
func TestTwoInstances(t *testing.T) {
	server := outageTarget(t)
	first, second := openLog(t, server.connection), openLog(t, server.connection)
	if first.ID() != second.ID() {
		t.Fatalf("ids %s and %s on one server", first.ID(), second.ID())
	}
	tr := startTraffic(t, first, 2*patience)
	other := &traffic{t: t, log: second, prefix: tr.prefix, ctx: tr.ctx, stop: tr.stop, acknowledged: map[uuid.UUID]string{}, grew: make(chan struct{})}
	other.writers.Go(func() error { return other.write(tr.prefix + "shared") })
	other.writers.Go(func() error { return other.write(tr.prefix + "second") })
	tr.more(200)
	other.more(50)
	tr.writers.Go(func() error { // the second's events count with the first's before the end
		err := other.writers.Wait()
		tr.mu.Lock()
		defer tr.mu.Unlock()
		for id, where := range other.acknowledged {
			tr.acknowledged[id] = where
		}
		return err
	})
	tr.end()
}
