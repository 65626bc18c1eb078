package logtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"hoso/domain/eventlog"
)

const (
	writers          = 8
	appendsPerWriter = 60
)

// writeAll lets eight writers append at once, half of them to one shared stream,
// and returns where each acknowledged event must stand.
func writeAll(t *testing.T, l eventlog.Log) (func() error, *sync.Map) {
	var acknowledged sync.Map // uuid.UUID → stream/revision
	var g errgroup.Group
	ctx := within(t)
	for w := range writers {
		stream := fmt.Sprintf("own-%d", w)
		if w%2 == 0 {
			stream = "shared"
		}
		g.Go(func() error {
			at := eventlog.NoStream
			for n := 0; n < appendsPerWriter; {
				list := events(1 + n%3)
				done, err := l.Append(ctx, stream, at, list)
				var c *eventlog.ConflictError
				if errors.As(err, &c) {
					at = c.Actual
					continue
				}
				if err != nil {
					return err
				}
				for i, e := range list {
					acknowledged.Store(e.ID, fmt.Sprintf("%s/%d", stream, int(at)+1+i))
				}
				at = eventlog.Expected(done.Revision)
				n++
			}
			return nil
		})
	}
	return g.Wait, &acknowledged
}

// collect follows the log until the event in the stream "after", which is appended last.
// With resume it leaves the subscription after each batch and comes back at its End.
func collect(ctx context.Context, l eventlog.Log, after eventlog.Position, resume bool) (list []eventlog.Recorded, err error) {
	for {
		for b, err := range l.Subscribe(ctx, after, eventlog.Filter{}) {
			if err != nil {
				return nil, err
			}
			list, after = append(list, b.Events...), b.End
			if n := len(list); n > 0 && list[n-1].Stream == "after" {
				return list, nil
			}
			if resume {
				break
			}
		}
	}
}

func subscribeWhileWriting(t *testing.T, l eventlog.Log) {
	mustAppend(t, l, "before", eventlog.NoStream, events(50))
	start, err := l.Head(within(t))
	if err != nil {
		t.Fatal(err)
	}
	results := make([][]eventlog.Recorded, 4)
	ctx := within(t)
	var followers errgroup.Group
	for i := range results {
		followers.Go(func() (err error) {
			results[i], err = collect(ctx, l, start, i%2 == 1)
			return err
		})
	}
	wait, acknowledged := writeAll(t, l)
	if err := wait(); err != nil {
		t.Fatal(err)
	}
	last := events(1)
	mustAppend(t, l, "after", eventlog.NoStream, last)
	acknowledged.Store(last[0].ID, "after/0")
	if err := followers.Wait(); err != nil {
		t.Fatal(err)
	}
	for i, list := range results {
		checkComplete(t, fmt.Sprintf("follower %d", i), list, acknowledged)
	}
}

// checkComplete: every acknowledged event once, where it was acknowledged, in rising order.
func checkComplete(t *testing.T, who string, list []eventlog.Recorded, acknowledged *sync.Map) {
	t.Helper()
	seen := map[uuid.UUID]bool{}
	for i, e := range list {
		if i > 0 && !list[i-1].Position.Before(e.Position) {
			t.Fatalf("%s: position %s after %s", who, e.Position, list[i-1].Position)
		}
		where, ok := acknowledged.Load(e.ID)
		if got := fmt.Sprintf("%s/%d", e.Stream, e.Revision); !ok || where != got || seen[e.ID] {
			t.Fatalf("%s: event %s at %s: acknowledged at %v, seen before: %t", who, e.ID, got, where, seen[e.ID])
		}
		seen[e.ID] = true
	}
	acknowledged.Range(func(id, where any) bool {
		if !seen[id.(uuid.UUID)] {
			t.Fatalf("%s: the event at %v is missing (%d seen)", who, where, len(seen))
		}
		return true
	})
}

func oneWinner(t *testing.T, l eventlog.Log) {
	const rounds, rivals = 30, 8
	for round := range rounds {
		at := eventlog.Expected(round - 1)
		var mu sync.Mutex
		var winners []uuid.UUID
		var g errgroup.Group
		for range rivals {
			list := events(1)
			g.Go(func() error {
				_, err := l.Append(within(t), "contested", at, list)
				var c *eventlog.ConflictError
				if errors.As(err, &c) {
					if c.Actual != at+1 {
						return fmt.Errorf("a loser hears of revision %d, want %d", c.Actual, at+1)
					}
					return nil
				}
				mu.Lock()
				defer mu.Unlock()
				winners = append(winners, list[0].ID)
				return err
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		got := readStream(t, l, "contested", uint64(round))
		if len(winners) != 1 || len(got) != 1 || got[0].ID != winners[0] {
			t.Fatalf("round %d: %d winners, %d events", round, len(winners), len(got))
		}
	}
}

func manyRepeats(t *testing.T, l eventlog.Log) {
	list := events(2)
	var mu sync.Mutex
	results := map[eventlog.Appended]int{}
	var g errgroup.Group
	for range 50 {
		g.Go(func() error {
			done, err := l.Append(within(t), "a-1", eventlog.NoStream, list)
			mu.Lock()
			defer mu.Unlock()
			results[done]++
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := readStream(t, l, "a-1", 0); len(results) != 1 || len(got) != 2 {
		t.Fatalf("%d different receipts, %d events", len(results), len(got))
	}
}
