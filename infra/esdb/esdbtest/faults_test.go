package esdbtest

import (
	"context"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// TestFaultsOfAppends: each misfortune gives the error it is to give, and an
// append is written, or not, as it says.
func TestFaultsOfAppends(t *testing.T) {
	t.Parallel()
	cut := func(code esdb.ErrorCode) func(error) bool { return func(err error) bool { return isCode(err, code) } }
	for _, c := range []struct {
		name    string
		fault   Fault
		is      func(error) bool
		written bool
	}{
		{"cut before", Fault{On: Append, Times: 1, Drop: true}, cut(esdb.ErrorUnavailable), false},
		{"cut after", Fault{On: Append, Times: 1, Drop: true, After: true}, cut(esdb.ErrorUnavailable), true},
		{"aborted before", Fault{On: Append, Times: 1, Code: codes.Aborted, Message: "x"}, cut(esdb.ErrorAborted), false},
		{"aborted after", Fault{On: Append, Times: 1, Code: codes.Aborted, After: true}, cut(esdb.ErrorAborted), true},
		{"too slow", Fault{On: Append, Times: 1, Delay: time.Minute, After: true}, cut(esdb.ErrorCodeDeadlineExceeded), true},
		{"too slow before", Fault{On: Append, Times: 1, Delay: time.Minute}, cut(esdb.ErrorCodeDeadlineExceeded), false},
		{"too busy", TooBusy(Append, 1), cut(esdb.ErrorUnavailable), false},
		{"not ready", NotReady(AnyCall, 1), cut(esdb.ErrorUnavailable), false},
		{"trailers", Fault{On: Append, Times: 1, Code: codes.NotFound, Trailers: map[string]string{
			"exception": "stream-deleted", "stream-name": "s"}}, cut(esdb.ErrorCodeStreamDeleted), false},
		{"another call's", Fault{On: Read, Times: 1, Drop: true}, func(err error) bool { return err == nil }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := started(t, Options{})
			client := connect(t, s.ConnectionString())
			if _, err := appendAt(t.Context(), client, "s", esdb.NoStream{}, "a"); err != nil { // connected from here on
				t.Fatal(err)
			}
			s.Inject(c.fault)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := appendAt(ctx, client, "s", esdb.Revision(0), "b")
			if !c.is(err) {
				t.Errorf("got %v", err)
			}
			if v := s.cluster.log().view("s"); (v.count == 2) != c.written {
				t.Errorf("%d events", v.count)
			}
			if _, err := appendAt(t.Context(), client, "s", esdb.Revision(0), "b"); err != nil {
				t.Errorf("retry: %v", err)
			}
			if n := s.Calls(Append); n != 3 {
				t.Errorf("%d appends arrived", n)
			}
		})
	}
}

// TestFaultCounts: skipping, repeating and healing.
func TestFaultCounts(t *testing.T) {
	t.Parallel()
	var fs faults
	struck := func() bool { return fs.arrived(Append) != nil }
	fs.inject(Fault{On: Append, Skip: 1, Times: 2})
	for i, want := range []bool{false, true, true, false} {
		if fs.arrived(Gossip) != nil || struck() != want {
			t.Errorf("call %d: not %v", i, want)
		}
	}
	fs.inject(Fault{})
	for range 3 {
		if !struck() {
			t.Error("a fault without a number ended")
		}
	}
	if fs.heal(); struck() || fs.count(Append) != 8 || fs.count(AnyCall) != 12 {
		t.Errorf("after healing; %d appends of %d calls", fs.count(Append), fs.count(AnyCall))
	}
}

// TestFaultsOfReads: cut in the middle of a read and of a subscription, all
// connections cut, all subscriptions ended.
func TestFaultsOfReads(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), started(t, Options{})
	c := connect(t, s.ConnectionString())
	if _, err := appendAt(ctx, c, "d-1", esdb.NoStream{}, "a", "b", "c"); err != nil {
		t.Fatal(err)
	}
	s.Inject(Fault{On: Read, Times: 1, Messages: 2, Code: codes.Unavailable, Message: "x"})
	r, err := c.ReadStream(ctx, "d-1", esdb.ReadStreamOptions{}, 10)
	if got, err := drained(t, r, err); got != "a b" || !isCode(err, esdb.ErrorUnavailable) {
		t.Errorf("read: %q, %v", got, err)
	}
	s.Inject(Fault{On: Subscribe, Times: 1, Messages: 3, Drop: true})
	if got := follow(ctx, t, c, esdb.Start{}, "d-").until(t, "dropped"); got != "a b c" {
		t.Errorf("subscription: %q", got)
	}
	for name, cut := range map[string]func(){
		"connections":   s.CutConnections,
		"subscriptions": func() { s.CutSubscriptions(codes.Unavailable, "enough") },
	} {
		eventuallyReads(ctx, t, c)
		for n := 0; s.Subscriptions() > 0 && n < 500; n++ { // the one before ends when the server has noticed
			time.Sleep(10 * time.Millisecond)
		}
		all := follow(ctx, t, c, esdb.Start{}, "d-")
		all.until(t, "live")
		if n := s.Subscriptions(); n != 1 {
			t.Errorf("%s: %d subscriptions run", name, n)
		}
		cut()
		e := all.sub.Recv()
		if e.SubscriptionDropped == nil || status.Code(e.SubscriptionDropped.Error) != codes.Unavailable {
			t.Errorf("%s: %+v", name, e)
		}
		if name == "subscriptions" && status.Convert(e.SubscriptionDropped.Error).Message() != "enough" {
			t.Errorf("it says %v", e.SubscriptionDropped.Error)
		}
	}
	if n := s.Events(); n != 4 { // one is the server's own
		t.Errorf("%d events", n)
	}
}

// eventuallyReads reads until the client has noticed that its connection went.
func eventuallyReads(ctx context.Context, t *testing.T, c *esdb.Client) {
	t.Helper()
	for n := 0; ; n++ {
		r, err := c.ReadStream(ctx, "d-1", esdb.ReadStreamOptions{}, 10)
		got, err := drained(t, r, err)
		if got == "a b c" && err == nil {
			return
		}
		if n > 100 {
			t.Fatalf("%q, %v", got, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestNotReady: just after its start a server may not be ready, and says so.
func TestNotReady(t *testing.T) {
	t.Parallel()
	const notReady = 300 * time.Millisecond
	begun := time.Now()
	s := started(t, Options{NotReadyFor: notReady})
	c := connect(t, s.ConnectionString())
	_, err := appendAt(t.Context(), c, "s", esdb.NoStream{}, "a")
	if err == nil && time.Since(begun) < notReady || err != nil && !isCode(err, esdb.ErrorUnavailable) {
		t.Errorf("at once: %v", err)
	}
	for err != nil && time.Since(begun) < time.Minute {
		_, err = appendAt(t.Context(), c, "s", esdb.NoStream{}, "a")
	}
	if err != nil || time.Since(begun) < notReady {
		t.Errorf("ready after %v: %v", time.Since(begun), err)
	}
}

// TestStopLetsAppendsEnd: Stop waits for an append that runs, and ends
// subscriptions; a second Stop does nothing.
func TestStopLetsAppendsEnd(t *testing.T) {
	t.Parallel()
	s := started(t, Options{})
	c := connect(t, s.ConnectionString())
	all := follow(t.Context(), t, c, esdb.Start{}, "d-")
	all.until(t, "live")
	s.Inject(Fault{On: Append, Delay: 300 * time.Millisecond})
	done := make(chan error, 1)
	go func() {
		_, err := appendAt(t.Context(), c, "d-1", esdb.NoStream{}, "a")
		done <- err
	}()
	for s.Calls(Append) == 0 {
		time.Sleep(time.Millisecond)
	}
	s.Stop()
	s.Stop()
	if err := <-done; err != nil {
		t.Errorf("the append that ran: %v", err)
	}
	all.until(t, "dropped")
	if s.Alive() || s.Events() != 0 {
		t.Error("it is still there")
	}
}
