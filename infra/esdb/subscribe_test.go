package esdb_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"

	"hoso/domain/eventlog"
	"hoso/infra/esdb"
	"hoso/infra/esdb/esdbtest"
)

// collected is what a subscription yields until it is live.
type collected struct {
	events  []eventlog.Recorded
	batches int
	end     eventlog.Position
}

func catchUp(ctx context.Context, l eventlog.Log, after eventlog.Position, f eventlog.Filter) (c collected, err error) {
	for b, err := range l.Subscribe(ctx, after, f) {
		if err != nil {
			return c, err
		}
		if b.End.Before(c.end) {
			return c, fmt.Errorf("End %s after %s", b.End, c.end)
		}
		c.events, c.batches, c.end = append(c.events, b.Events...), c.batches+1, b.End
		if b.Live {
			return c, nil
		}
	}
	return c, errors.New("the subscription ended without an error")
}

// A subscription that is cut while it catches up goes on behind the last event,
// whether the cut comes before, at or between checkpoints.
func TestSubscriptionSurvivesCuts(t *testing.T) {
	needsDouble(t)
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			srv := double(t, esdbtest.Options{Version: version})
			l := openLog(t, srv.ConnectionString())
			want := 0
			for i := range 60 {
				stream := fmt.Sprintf("wanted-%d", i)
				if i%3 > 0 {
					stream = fmt.Sprintf("noise-%d", i)
				} else {
					want += 100
				}
				mustAppend(t, l, stream, eventlog.NoStream, proposed(100))
			}
			for _, f := range []eventlog.Filter{{}, {StreamPrefixes: []string{"wanted-"}}} {
				for _, messages := range []int{0, 1, 700, 1999} {
					srv.Heal()
					srv.Inject(esdbtest.Fault{On: esdbtest.Subscribe, Times: 3, Messages: messages, Drop: true})
					c, err := catchUp(within(t), l, eventlog.Position{}, f)
					if err != nil {
						t.Fatal(err)
					}
					n := 6000
					if len(f.StreamPrefixes) > 0 {
						n = want
					}
					if len(c.events) != n {
						t.Errorf("filter %v, cut after %d: %d events, want %d", f.StreamPrefixes, messages, len(c.events), n)
					}
					for i := 1; i < len(c.events); i++ {
						if !c.events[i-1].Position.Before(c.events[i].Position) {
							t.Fatalf("event %d: position %s after %s", i, c.events[i].Position, c.events[i-1].Position)
						}
					}
				}
			}
		})
	}
}

// Batches are of at most 500 events, so that little is in memory, and not of one each.
func TestBatches(t *testing.T) {
	srv := double(t, esdbtest.Options{})
	l := openLog(t, srv.ConnectionString())
	for i := range 20 {
		mustAppend(t, l, "a-1", eventlog.Expected(i*200-1), proposed(200))
	}
	n := 0
	for b, err := range l.Subscribe(within(t), eventlog.Position{}, eventlog.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; len(b.Events) > 500 {
			t.Errorf("a batch of %d events", len(b.Events))
		}
		if b.Live {
			break
		}
	}
	if n > 40 {
		t.Errorf("4,000 events came in %d batches", n)
	}
	large := proposed(1)
	large[0].Data = make([]byte, 1_000_000)
	for i := range 12 {
		mustAppend(t, l, fmt.Sprintf("large-%d", i), eventlog.NoStream, large)
	}
	for b, err := range l.Subscribe(within(t), eventlog.Position{}, eventlog.Filter{StreamPrefixes: []string{"large-"}}) {
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Events) > 5 {
			t.Errorf("a batch of %d MB", len(b.Events))
		}
		if b.Live {
			break
		}
	}
}

// A filter that lets nothing through still says how far the server is, and live.
func TestFilterThatDropsAll(t *testing.T) {
	needsDouble(t)
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			srv := double(t, esdbtest.Options{Version: version})
			l := openLog(t, srv.ConnectionString())
			last := mustAppend(t, l, "a-1", eventlog.NoStream, proposed(300))
			c, err := catchUp(within(t), l, eventlog.Position{}, eventlog.Filter{StreamPrefixes: []string{"nothing-"}})
			if err != nil || len(c.events) != 0 || c.end.Before(last.Position) {
				t.Errorf("%d events up to %s, %v; the log goes to %s", len(c.events), c.end, err, last.Position)
			}
		})
	}
}

// Positions that this server never had are told apart from a passing fault, at once.
func TestForeignPositions(t *testing.T) {
	needsDouble(t)
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			srv := double(t, esdbtest.Options{Version: version})
			l := openLog(t, srv.ConnectionString())
			done := mustAppend(t, l, "a-1", eventlog.NoStream, proposed(3)).Position
			for what, p := range map[string]eventlog.Position{
				"inside a record":       {Commit: done.Commit - 1, Prepare: done.Commit - 1},
				"at the very beginning": {Commit: 7, Prepare: 7},
				"behind the end":        {Commit: done.Commit + 5000, Prepare: done.Commit + 5000},
				"prepare behind commit": {Commit: done.Commit, Prepare: done.Commit + 1},
			} {
				for _, f := range []eventlog.Filter{{}, {StreamPrefixes: []string{"a-"}}} {
					if c, err := catchUp(within(t), l, p, f); !errors.Is(err, eventlog.ErrForeignPosition) {
						t.Errorf("%s (%s): %d events, %v; want ErrForeignPosition", what, p, len(c.events), err)
					}
				}
			}
			mustAppend(t, l, "a-1", 2, proposed(1)) // something to come
			srv.Inject(esdbtest.Fault{On: esdbtest.Subscribe, Times: 1, Code: codes.Unavailable, Message: "error reading from server: EOF"})
			if _, err := catchUp(within(t), l, done, eventlog.Filter{}); err != nil {
				t.Errorf("a passing fault: %v", err)
			}
			srv.Inject(esdbtest.Fault{On: esdbtest.Subscribe, Times: 1, Code: codes.Unknown, Message: "Exception was thrown by handler."})
			if _, err := catchUp(within(t), l, done, eventlog.Filter{}); err == nil || errors.Is(err, eventlog.ErrForeignPosition) || !errors.Is(err, esdb.ErrServer) {
				t.Errorf("an unexpected error at a good position: %v", err)
			}
		})
	}
}

// Subscriptions that the server ends while they are live resume without anybody noticing.
func TestLiveSubscriptionEndedByServer(t *testing.T) {
	srv := double(t, esdbtest.Options{})
	tr := startTraffic(t, openLog(t, srv.ConnectionString()), 2*patience)
	for _, code := range []codes.Code{codes.Unavailable, codes.Aborted, codes.Internal, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Canceled} {
		tr.more(40)
		srv.CutSubscriptions(code, "the server ends this")
	}
	tr.more(40)
	tr.end()
}
