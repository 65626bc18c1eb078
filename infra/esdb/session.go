package esdb

import (
	"context"
	"errors"
	"fmt"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"hoso/domain/eventlog"
)

// ahead is how many messages may wait between the connection and the batch.
const ahead = 64

// session is one subscription at the server, on one connection. Two goroutines
// share it: pump asks the server, deliver makes batches for the caller.
type session struct {
	*subscription
	from     eventlog.Position // where it started
	conn     *conn
	messages chan message
	ended    error // why messages was closed

	depth  depth // deliver's, once measured
	live   bool  // deliver's
	marked bool  // deliver's: there is news of how the log stands
}

// message is what pump tells deliver: once how deep the log is, then what the server sends.
type message struct {
	depth *depth
	event *esdb.SubscriptionEvent
}

// depth is what a session knows of the server before it subscribes there.
type depth struct {
	newest   eventlog.Position // newest record: passed once the server says that we have caught up
	goal     eventlog.Position // newest event that it will send, where it cannot say so; zero: none
	tellsEnd bool              // it says so
}

// session follows the server until something ends it; then it gives why, never nil.
func (s *subscription) session(ctx context.Context) error {
	l := s.log
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := l.begin(); err != nil {
		return err
	}
	c, err := l.link.acquire(ctx)
	if err != nil {
		l.running.Done()
		l.note(err)
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.stopping, cancel)()
	n := &session{subscription: s, from: s.end, conn: c, messages: make(chan message, ahead)}
	go func() {
		defer l.running.Done()
		defer l.link.release(c)
		defer close(n.messages)
		n.ended = n.fail(ctx, n.pump(ctx))
	}()
	return n.deliver(ctx)
}

// fail names a fault and takes note of it.
func (n *session) fail(ctx context.Context, err error) error {
	if ctx.Err() != nil || errors.Is(err, errGone) || errors.Is(err, eventlog.ErrForeignPosition) {
		return err
	}
	if err = classify(err); callersDeadline(ctx, err) {
		return context.DeadlineExceeded
	}
	n.conn.judge(err)
	n.log.note(err)
	return err
}

// pump moves the server's messages into the channel until there are no more.
func (n *session) pump(ctx context.Context) error {
	d, err := n.measure(ctx)
	if err != nil {
		return err
	}
	n.log.note(nil)
	n.messages <- message{depth: &d} // the first: there is room
	options := esdb.SubscribeToAllOptions{
		From: esdb.Start{}, Filter: n.serverFilter(), MaxSearchWindow: searchWindow, CheckpointInterval: checkpointInterval,
	}
	if n.from != (eventlog.Position{}) {
		options.From = esdb.Position{Commit: n.from.Commit, Prepare: n.from.Prepare}
	}
	err = n.conn.call(ctx, func(ctx context.Context, client *esdb.Client) error {
		subscribed, err := client.SubscribeToAll(ctx, options)
		if err != nil {
			return n.log.rightToAll(err)
		}
		defer subscribed.Close()
		for {
			m := subscribed.Recv()
			if m.SubscriptionDropped != nil {
				return n.log.rightToAll(m.SubscriptionDropped.Error)
			}
			select {
			case n.messages <- message{event: m}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
	return n.foreign(ctx, err)
}

// measure looks how far the log goes, and whether the position to start from is in it.
func (n *session) measure(ctx context.Context) (d depth, err error) {
	if d.newest, _, err = n.log.lookBack(ctx, n.conn, eventlog.Position{}, anything); err != nil {
		return d, err
	}
	if d.newest.Commit < n.from.Commit || n.from.Prepare > n.from.Commit {
		return d, fmt.Errorf("%w: position %s, the server's newest record is at %s", eventlog.ErrForeignPosition, n.from, d.newest)
	}
	if v := n.conn.version; v.Major > 23 || v.Major == 23 && v.Minor >= 10 {
		d.tellsEnd = true
		return d, nil
	}
	_, d.goal, err = n.log.lookBack(ctx, n.conn, n.from, n.sends)
	return d, err
}

// foreign finds out whether the server refused the position. It then fails with a
// code that says nothing (Unknown; InvalidArgument from 24.10 on), so it is asked to read there.
func (n *session) foreign(ctx context.Context, err error) error {
	if err == nil || n.from == (eventlog.Position{}) || !errors.Is(classify(err), ErrServer) {
		return err
	}
	from := esdb.Position{Commit: n.from.Commit, Prepare: n.from.Prepare}
	again := n.conn.call(ctx, func(ctx context.Context, client *esdb.Client) error {
		reading, err := client.ReadAll(ctx, esdb.ReadAllOptions{From: from, Deadline: n.log.readTime()}, 1)
		if err != nil {
			return err
		}
		defer reading.Close()
		_, err = reading.Recv()
		return err
	})
	if again != nil && errors.Is(classify(again), ErrServer) {
		return fmt.Errorf("%w: position %s is no record of this server: %w", eventlog.ErrForeignPosition, n.from, again)
	}
	return err
}

func anything(*esdb.RecordedEvent) bool { return true }
