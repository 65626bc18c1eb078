package esdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var (
	errGone     = errors.New("esdb: the connection is not used any more") // before anything was sent
	errPanicked = errors.New("esdb: the client panicked")
)

// stumbles is how many answers "not in time" in a row make us look for another node.
const stumbles = 3

// conn is one client with one connection to one node. The client would mend a
// broken connection itself, but it forgets to close the broken one, and calls that
// come while it looks for a node in vain hang for ever. So each conn is
// given up as soon as it breaks, closed when its last user has left, and link makes the next.
type conn struct {
	client  *esdb.Client
	version esdb.ServerVersion
	logger  *slog.Logger

	// gate is held for reading while a call waits for the client's one goroutine to
	// hand it the connection. giveUp takes it for writing, so that when it
	// returns no call is waiting there, nor will be.
	gate sync.RWMutex
	gone atomic.Bool

	users int // guarded by link.mu
	slow  atomic.Int32
}

// call runs one call of the client. errGone: nothing was sent.
func (c *conn) call(ctx context.Context, do func(context.Context, *esdb.Client) error) (err error) {
	c.gate.RLock()
	past := sync.OnceFunc(c.gate.RUnlock)
	defer past()
	if c.gone.Load() {
		return errGone
	}
	defer func() {
		if r := recover(); r != nil { // the client does where an answer lacks what it expects
			err = fmt.Errorf("%w: %v", errPanicked, r)
		}
	}()
	return do(handed{ctx, past}, c.client)
}

// handed is a call's context. The client asks it for its deadline first thing after
// it was handed its connection: that tells when the gate may be let go.
type handed struct {
	context.Context
	past func()
}

// Deadline implements context.Context.
func (h handed) Deadline() (time.Time, bool) {
	h.past()
	return h.Context.Deadline()
}

// giveUp lets no more calls begin here; those that run may finish.
func (c *conn) giveUp() {
	c.gone.Store(true)
	c.gate.Lock() // waits for those that saw it before
	defer c.gate.Unlock()
}

// listen is the client's logger. It tells of a call that found the server
// unavailable before it tells its own goroutine to look for a node: the moment to give up.
func (c *conn) listen(level esdb.LogLevel, format string, args ...any) {
	c.logger.Debug("event store client: " + fmt.Sprintf(format, args...))
	if level != esdb.LogError || len(args) != 1 {
		return
	}
	if err, ok := args[0].(error); ok && status.Code(err) == codes.Unavailable && format == "unexpected exception: %v" {
		c.giveUp()
	}
}

// judge takes note of how a call went.
func (c *conn) judge(err error) {
	switch {
	case err == nil:
		c.slow.Store(0)
	case errors.Is(err, io.EOF): // the server ended this call, for a reason that the client did not read
	case errors.Is(err, ErrUnreachable), errors.Is(err, ErrTLS), errors.Is(err, ErrNotReady):
		c.giveUp()
	case errors.Is(err, ErrDeadline):
		if c.slow.Add(1) >= stumbles {
			c.giveUp()
		}
	}
}
