package esdb_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"hoso/domain/eventlog"
	"hoso/infra/esdb"
	"hoso/infra/esdb/esdbtest"
)

func conflictOf(err error) *eventlog.ConflictError {
	var c *eventlog.ConflictError
	errors.As(err, &c)
	return c
}

// ambiguous are the answers after which nobody knows whether an append was written.
var ambiguous = map[string]esdbtest.Fault{
	"Aborted":          {Code: codes.Aborted, Message: "Operation timed out: Commit phase timeout."},
	"DeadlineExceeded": {Code: codes.DeadlineExceeded, Message: "context deadline exceeded"},
	"Unavailable":      {Code: codes.Unavailable, Message: "error reading from server: EOF"},
	"not ready":        {Code: codes.Unavailable, Message: "Server Is Not Ready"},
	"connection cut":   {Drop: true},
	"reset":            {Code: codes.Internal, Message: "stream terminated by RST_STREAM"},
}

// An ambiguous answer is followed by the same append until there is a clear one:
// it stands in the log once, whether or not the first try was written.
func TestAppendRepeatedAfterAmbiguousAnswers(t *testing.T) {
	needsDouble(t)
	for name, fault := range ambiguous {
		for _, written := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, written %t", name, written), func(t *testing.T) {
				srv := double(t, esdbtest.Options{})
				l := openLog(t, srv.ConnectionString())
				first := proposed(2)
				mustAppend(t, l, "a-1", eventlog.NoStream, first)
				fault.On, fault.Times, fault.After = esdbtest.Append, 4, written
				srv.Inject(fault)
				before := srv.Calls(esdbtest.Append)
				list := proposed(3)
				done := mustAppend(t, l, "a-1", 1, list)
				if done.Revision != 4 {
					t.Errorf("revision %d, want 4", done.Revision)
				}
				if n := srv.Calls(esdbtest.Append) - before; n != 5 {
					t.Errorf("the server was asked %d times, want 5", n)
				}
				mustHold(t, l, "a-1", append(first, list...))
				if last, _, err := l.Last(within(t), "a-1"); err != nil || last.Position != done.Position {
					t.Errorf("the receipt says %s, the event stands at %s (%v)", done.Position, last.Position, err)
				}
			})
		}
	}
}

// When the context ends first, the caller hears that it is not known, and why.
func TestAppendAmbiguousWhenTheContextEnds(t *testing.T) {
	needsDouble(t)
	for name, fault := range map[string]esdbtest.Fault{
		"answered":   {On: esdbtest.Append, After: true, Code: codes.Aborted, Message: "Operation timed out: Commit phase timeout."},
		"unanswered": {On: esdbtest.Append, After: true, Delay: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			srv := double(t, esdbtest.Options{})
			l := openLog(t, srv.ConnectionString())
			srv.Inject(fault)
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer cancel()
			list := proposed(1)
			_, err := l.Append(ctx, "a-1", eventlog.NoStream, list)
			if !errors.Is(err, eventlog.ErrAmbiguous) || !errors.Is(err, context.DeadlineExceeded) || name == "answered" && !errors.Is(err, esdb.ErrDeadline) {
				t.Errorf("got %v, want ErrAmbiguous with the context's error, and the last fault where there was one", err)
			}
			srv.Heal()
			mustAppend(t, l, "a-1", eventlog.NoStream, list)
			mustHold(t, l, "a-1", list)
		})
	}
}

// A server that was never reached cannot have written.
func TestAppendNotSentIsNotAmbiguous(t *testing.T) {
	srv := double(t, esdbtest.Options{})
	l := openLog(t, srv.ConnectionString())
	srv.Kill()
	short := func() context.Context {
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}
	if _, _, err := l.Last(short(), "a-1"); !errors.Is(err, esdb.ErrUnreachable) { // from here on the connection is known to be lost
		t.Errorf("read: %v, want ErrUnreachable", err)
	}
	if _, err := l.Append(short(), "a-1", eventlog.NoStream, proposed(1)); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, esdb.ErrUnreachable) || errors.Is(err, eventlog.ErrAmbiguous) {
		t.Errorf("append: %v, want the context's error and ErrUnreachable alone", err)
	}
	ended, end := context.WithCancel(context.Background())
	end()
	if _, err := l.Append(ended, "a-1", eventlog.NoStream, proposed(1)); !errors.Is(err, context.Canceled) || errors.Is(err, eventlog.ErrAmbiguous) {
		t.Errorf("got %v, want the context's error alone", err)
	}
}

// What the server says is told apart, and what is clear is not repeated.
func TestAppendRefusals(t *testing.T) {
	srv := double(t, esdbtest.Options{})
	l := openLog(t, srv.ConnectionString())
	mustAppend(t, l, "a-1", eventlog.NoStream, proposed(3))
	before := srv.Calls(esdbtest.Append)
	_, err := l.Append(within(t), "a-1", 0, proposed(1))
	if c := conflictOf(err); c == nil || c.Actual != 2 || errors.Is(err, esdb.ErrMissingStream) {
		t.Errorf("conflict: %v", err)
	}
	_, err = l.Append(within(t), "a-2", 0, proposed(1))
	if c := conflictOf(err); c == nil || c.Actual != eventlog.NoStream || !errors.Is(err, esdb.ErrMissingStream) {
		t.Errorf("missing stream: %v", err)
	}
	if n := srv.Calls(esdbtest.Append) - before; n != 2 {
		t.Errorf("two clear answers took %d calls", n)
	}
	big := proposed(2)
	big[1].Data = make([]byte, eventlog.MaxAppendBytes)
	if _, err := l.Append(within(t), "a-1", 2, big); !errors.Is(err, eventlog.ErrTooLarge) || srv.Calls(esdbtest.Append) != before+2 {
		t.Errorf("too large: %v; %d calls", err, srv.Calls(esdbtest.Append)-before)
	}
	srv.Inject(esdbtest.Fault{On: esdbtest.Append, Code: codes.InvalidArgument, Message: "Maximum Append Size of 1024 Exceeded."})
	if _, err := l.Append(within(t), "a-1", 2, proposed(1)); !errors.Is(err, eventlog.ErrTooLarge) || errors.Is(err, eventlog.ErrAmbiguous) {
		t.Errorf("too large for a server with a lower limit: %v", err)
	}
	srv.Heal()
	if _, err := l.Append(within(t), esdb.IdentityStream, 0, proposed(1)); !errors.Is(err, eventlog.ErrInvalid) {
		t.Errorf("the identity's stream took an append: %v", err)
	}
}

// Faults that pass are named while they last.
func TestAppendPassingFaults(t *testing.T) {
	needsDouble(t)
	for name, c := range map[string]struct {
		fault esdbtest.Fault
		want  *esdb.Fault
	}{
		"overloaded": {esdbtest.TooBusy(esdbtest.Append, 0), esdb.ErrOverloaded},
		"not ready":  {esdbtest.NotReady(esdbtest.Append, 0), esdb.ErrNotReady},
		"deadline":   {esdbtest.Fault{On: esdbtest.Append, Code: codes.DeadlineExceeded, Message: "late"}, esdb.ErrDeadline},
		"not leader": {esdbtest.Fault{On: esdbtest.Append, Code: codes.NotFound, Message: "Leader info available"}, esdb.ErrNotLeader},
	} {
		t.Run(name, func(t *testing.T) {
			srv := double(t, esdbtest.Options{})
			l := openLog(t, srv.ConnectionString())
			srv.Inject(c.fault)
			ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
			defer cancel()
			_, err := l.Append(ctx, "a-1", eventlog.NoStream, proposed(1))
			var fault *esdb.Fault
			if !errors.Is(err, c.want) || !errors.As(err, &fault) || fault.VI == "" || fault.EN != c.want.EN {
				t.Errorf("got %v, want %s", err, c.want.Code)
			}
			if !errors.Is(l.Healthy(), c.want) {
				t.Errorf("health: %v, want %s", l.Healthy(), c.want.Code)
			}
			srv.Heal()
			mustAppend(t, l, "a-2", eventlog.NoStream, proposed(1))
			if err := l.Healthy(); err != nil {
				t.Errorf("health after a good append: %v", err)
			}
		})
	}
}

// A caller who is in a hurry says nothing about the server.
func TestShortDeadlinesAreNoFault(t *testing.T) {
	srv := double(t, esdbtest.Options{})
	l := openLog(t, srv.ConnectionString())
	srv.Inject(esdbtest.Fault{On: esdbtest.Append, Delay: time.Hour})
	before := srv.Calls(esdbtest.Features)
	for range 20 {
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Millisecond)
		if _, err := l.Append(ctx, "a-1", eventlog.NoStream, proposed(1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		cancel()
	}
	if err := l.Healthy(); err != nil {
		t.Errorf("health: %v", err)
	}
	if n := srv.Calls(esdbtest.Features) - before; n != 0 {
		t.Errorf("the connection was made anew %d times", n)
	}
	srv.Heal()
}
