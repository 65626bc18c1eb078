package logtest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"hoso/domain/eventlog"
)

// everyMethod calls each method that can fail once and gives its error.
func everyMethod(ctx context.Context, l eventlog.Log) map[string]error {
	errs := map[string]error{}
	_, errs["Append"] = l.Append(ctx, "a-9", eventlog.NoStream, events(1))
	for _, err := range l.ReadStream(ctx, "a-1", 0) {
		errs["ReadStream"] = err
	}
	_, _, errs["Last"] = l.Last(ctx, "a-1")
	for _, err := range l.Subscribe(ctx, eventlog.Position{}, eventlog.Filter{}) {
		if errs["Subscribe"] = err; err == nil {
			break
		}
	}
	_, errs["Head"] = l.Head(ctx)
	return errs
}

var methods = []string{"Append", "ReadStream", "Last", "Subscribe", "Head"}

func contextEnded(t *testing.T, l eventlog.Log) {
	mustAppend(t, l, "a-1", eventlog.NoStream, events(1))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	errs := everyMethod(ctx, l)
	for _, m := range methods {
		if !errors.Is(errs[m], context.Canceled) {
			t.Errorf("%s: got %v, want the context's error", m, errs[m])
		}
	}
	if got := readStream(t, l, "a-9", 0); len(got) != 0 {
		t.Errorf("an append whose context had ended left %d events", len(got))
	}
}

func contextEndsMidway(t *testing.T, l eventlog.Log) {
	for i := range 6 {
		mustAppend(t, l, "a-1", eventlog.Expected(i*200-1), events(200))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	var last error
	for _, err := range l.Subscribe(ctx, eventlog.Position{}, eventlog.Filter{}) {
		last = err
	}
	if !errors.Is(last, context.DeadlineExceeded) {
		t.Errorf("the subscription ended with %v", last)
	}
	reading, stop := context.WithCancel(context.Background())
	defer stop()
	n := 0
	for _, err := range l.ReadStream(reading, "a-1", 0) {
		if n++; n == 100 {
			stop()
		}
		last = err
	}
	if n >= 1200 || !errors.Is(last, context.Canceled) {
		t.Errorf("the read ended after %d events with %v", n, last)
	}
}

// contextInQueue: an append answers the context's error alone only when it wrote nothing.
func contextInQueue(t *testing.T, l eventlog.Log) {
	type outcome struct {
		id  uuid.UUID
		err error
	}
	var mu sync.Mutex
	outcomes := map[string]outcome{}
	var g errgroup.Group
	for i := range 400 {
		g.Go(func() error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i*10)*time.Microsecond)
			defer cancel()
			list, stream := events(1), fmt.Sprintf("a-%d", i)
			_, err := l.Append(ctx, stream, eventlog.NoStream, list)
			mu.Lock()
			defer mu.Unlock()
			outcomes[stream] = outcome{list[0].ID, err}
			return nil
		})
	}
	_ = g.Wait() // no goroutine returns an error
	for stream, o := range outcomes {
		n := len(readStream(t, l, stream, 0))
		switch {
		case o.err == nil && n != 1:
			t.Errorf("%s: acknowledged, %d events", stream, n)
		case o.err != nil && !errors.Is(o.err, context.DeadlineExceeded):
			t.Errorf("%s: %v", stream, o.err)
		case o.err != nil && !errors.Is(o.err, eventlog.ErrAmbiguous) && n != 0:
			t.Errorf("%s: %v, yet %d events", stream, o.err, n)
		}
	}
}

func leaveEarly(t *testing.T, l eventlog.Log) {
	mustAppend(t, l, "a-1", eventlog.NoStream, events(400))
	mustAppend(t, l, "a-1", 399, events(400))
	leave := func() {
		for range 50 {
			for _, err := range l.ReadStream(within(t), "a-1", 0) {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
			for _, err := range l.Subscribe(within(t), eventlog.Position{}, eventlog.Filter{}) {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			for range l.Subscribe(ctx, eventlog.Position{}, eventlog.Filter{}) { // to the context's end
			}
			cancel()
		}
	}
	for range 1 + runtime.GOMAXPROCS(0)/64 { // until every connection that an engine opens at need is open
		leave()
	}
	before := runtime.NumGoroutine()
	leave()
	// A number and no list of names: an engine may put a new goroutine in an ended one's place.
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	var left strings.Builder
	_ = pprof.Lookup("goroutine").WriteTo(&left, 1) // a Builder gives no error
	t.Errorf("%d goroutines, before it were %d:\n%s", runtime.NumGoroutine(), before, &left)
}

func closeWhileAppending(t *testing.T, l eventlog.Log) {
	var g errgroup.Group
	started := make(chan struct{}, 64)
	for w := range 16 {
		g.Go(func() error {
			for n := 0; ; n++ {
				_, err := l.Append(within(t), fmt.Sprintf("a-%d-%d", w, n), eventlog.NoStream, events(2))
				if errors.Is(err, eventlog.ErrStopped) {
					return nil
				}
				if err != nil {
					return fmt.Errorf("got %w, want success or ErrStopped", err)
				}
				select {
				case started <- struct{}{}:
				default:
				}
			}
		})
	}
	for range 32 {
		<-started
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

func closeEnds(t *testing.T, l eventlog.Log) {
	mustAppend(t, l, "a-1", eventlog.NoStream, events(1))
	atHead, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		var last error
		live := false
		for b, err := range l.Subscribe(within(t), eventlog.Position{}, eventlog.Filter{}) {
			if last = err; b.Live && !live {
				live = true
				close(atHead)
			}
		}
		ended <- last
	}()
	<-atHead
	for range 2 {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-ended:
		if !errors.Is(err, eventlog.ErrStopped) {
			t.Errorf("the subscription ended with %v, want ErrStopped", err)
		}
	case <-time.After(patience):
		t.Error("the subscription did not end")
	}
	errs := everyMethod(within(t), l)
	for _, m := range methods {
		if !errors.Is(errs[m], eventlog.ErrStopped) {
			t.Errorf("%s after Close: got %v, want ErrStopped", m, errs[m])
		}
	}
}
