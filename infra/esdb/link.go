package esdb

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"hoso/domain/eventlog"
)

// link keeps a connection to the server, and makes a new one when it broke and somebody asks.
type link struct {
	settings settings
	logger   *slog.Logger
	stopping <-chan struct{} // closed when the log is being closed

	mu      sync.Mutex
	current *conn
	open    map[*conn]struct{} // not closed yet
	running *attempt           // nil while nobody looks for a node
	closed  bool
}

// attempt is one look for a node; everybody who wants a connection waits for the same one.
type attempt struct {
	done chan struct{}
	err  error // set before done is closed
}

// acquire gives the connection; release must follow. Its error is the
// context's, eventlog.ErrStopped, or why the attempt that it waited for failed.
func (l *link) acquire(ctx context.Context) (*conn, error) {
	for {
		c, a, err := l.currentOrAttempt()
		if c != nil || err != nil {
			return c, err
		}
		select {
		case <-a.done:
			if a.err != nil {
				return nil, a.err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-l.stopping:
			return nil, errClosed()
		}
	}
}

func (l *link) currentOrAttempt() (*conn, *attempt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, nil, errClosed()
	}
	if l.current != nil && !l.current.gone.Load() {
		l.current.users++
		return l.current, nil, nil
	}
	if l.running == nil {
		l.running = &attempt{done: make(chan struct{})}
		go l.try(l.running)
	}
	return nil, l.running, nil
}

func (l *link) try(a *attempt) {
	c, err := l.connect()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running, a.err = nil, err
	if err == nil {
		l.current = c
		l.open[c] = struct{}{}
		l.closeUnused(c)
	}
	close(a.done)
}

// connect makes a client and lets it look for a node once, alone: later calls
// find the connection there. It takes at most the gossip timeout for each node named, twice.
func (l *link) connect() (*conn, error) {
	c := &conn{logger: l.logger}
	config := l.settings.client
	config.MaxDiscoverAttempts = 1 // we repeat: the client could not be stopped
	config.Logger = c.listen
	client, err := esdb.NewClient(&config)
	if err != nil {
		return nil, err
	}
	version, err := client.GetServerVersion()
	if err != nil {
		_ = client.Close() // never an error
		return nil, classify(err)
	}
	c.client, c.version = client, *version
	return c, nil
}

// release ends one use. The last user of a connection that was given up closes it.
func (l *link) release(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.users--
	l.closeUnused(c)
}

func (l *link) closeUnused(c *conn) {
	if c.users == 0 && (l.closed || c.gone.Load()) {
		_ = c.client.Close() // never an error
		delete(l.open, c)
		if l.current == c {
			l.current = nil
		}
	}
}

// close ends the link when the calls are over; it waits for an attempt that runs.
func (l *link) close() {
	l.mu.Lock()
	l.closed = true
	running := l.running
	if l.current != nil {
		l.closeUnused(l.current)
	}
	l.mu.Unlock()
	if running != nil {
		<-running.done
	}
}

// abandon closes clients under calls that do not end. They hang in the client, which
// has ended its own goroutine under them, and panic now; conn.call recovers.
func (l *link) abandon() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		c.gone.Store(true)
		_ = c.client.Close() // never an error
	}
}

func errClosed() error { return fmt.Errorf("%w: the log is closed", eventlog.ErrStopped) }
