package esdb

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// The gate is the reason why no call hangs in the client: the client reports "unavailable" to its logger before it
// looks for a node, and the report must not return while a call waits for the connection, nor let one in after.
func TestConnGivesUpBetweenCalls(t *testing.T) {
	c := &conn{logger: slog.New(slog.DiscardHandler)}
	inside, handed, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	running, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		ended <- c.call(running, func(ctx context.Context, _ *esdb.Client) error {
			close(inside) // as if the client's goroutine were busy
			<-handed
			_, _ = ctx.Deadline() // as the client does once it has its connection
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	<-inside
	reported := make(chan struct{})
	go func() {
		c.listen(esdb.LogError, "unexpected exception: %v", status.Error(codes.Unavailable, "EOF"))
		close(reported)
	}()
	select {
	case <-reported:
		t.Fatal("the report returned while a call waited for its connection")
	case <-time.After(50 * time.Millisecond): // nothing happens: no signal to wait for
	}
	close(handed)
	<-reported
	err := c.call(context.Background(), func(context.Context, *esdb.Client) error {
		t.Error("a call began on a connection that was given up")
		return nil
	})
	if !errors.Is(err, errGone) || !c.gone.Load() {
		t.Errorf("got %v, want errGone", err)
	}
	select {
	case err := <-ended:
		t.Errorf("the running call was ended: %v", err)
	default:
	}
}

// Only what makes the client look for a node ends a connection.
func TestConnListensForUnavailable(t *testing.T) {
	for name, c := range map[string]struct {
		format string
		arg    any
		gone   bool
	}{
		"unavailable":           {"unexpected exception: %v", status.Error(codes.Unavailable, "x"), true},
		"aborted":               {"unexpected exception: %v", status.Error(codes.Aborted, "x"), false},
		"a dropped subsription": {"subscription has dropped. Reason: %v", status.Error(codes.Unavailable, "x"), false},
		"text":                  {"unexpected exception: %v", "text", false},
	} {
		one := &conn{logger: slog.New(slog.DiscardHandler)}
		one.listen(esdb.LogError, c.format, c.arg)
		if one.gone.Load() != c.gone {
			t.Errorf("%s: given up %t", name, one.gone.Load())
		}
	}
}

// A client that panics is an error of that call.
func TestConnRecovers(t *testing.T) {
	c := &conn{logger: slog.New(slog.DiscardHandler)}
	err := c.call(context.Background(), func(context.Context, *esdb.Client) error { panic("index out of range") })
	if !errors.Is(err, errPanicked) || !errors.Is(classify(err), ErrUnreachable) {
		t.Errorf("got %v", err)
	}
	c.giveUp() // the gate was let go
}

// Answers in the client's three shapes, and what they mean.
func TestClassify(t *testing.T) {
	for text, want := range map[*status.Status]*Fault{
		status.New(codes.Unavailable, "Server Is Not Ready"):                           ErrNotReady,
		status.New(codes.Unavailable, "Server Is Too Busy"):                            ErrOverloaded,
		status.New(codes.Unavailable, "error reading from server: EOF"):                ErrUnreachable,
		status.New(codes.Unavailable, "transport: authentication handshake failed: x"): ErrTLS,
		status.New(codes.Aborted, "Operation timed out: Forwarding timeout"):           ErrDeadline,
		status.New(codes.DeadlineExceeded, "context deadline exceeded"):                ErrDeadline,
		status.New(codes.Unauthenticated, "Unauthenticated"):                           ErrPassword,
		status.New(codes.PermissionDenied, "Access Denied"):                            ErrNoRight,
		status.New(codes.FailedPrecondition, "Event stream 'x' is deleted."):           ErrDeletedStream,
		status.New(codes.NotFound, "Leader info available"):                            ErrNotLeader,
		status.New(codes.Unknown, "Exception was thrown by handler."):                  ErrServer,
		status.New(codes.Canceled, "grpc: the client connection is closing"):           ErrUnreachable,
	} {
		if err := classify(text.Err()); !errors.Is(err, want) {
			t.Errorf("%v: %v, want %s", text, err, want.Code)
		}
		if again := classify(classify(text.Err())); !errors.Is(again, want) {
			t.Errorf("%v named twice: %v, want %s", text, again, want.Code)
		}
	}
}
