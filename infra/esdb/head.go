package esdb

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"hoso/domain/eventlog"
)

// backwards is how many events one call looks at on the way back; the first call looks at few.
const (
	backwardsFirst = 32
	backwards      = 4096
)

// headCache spares Head the server's own events that it once passed by: a quiet
// server writes statistics every half minute.
type headCache struct {
	mu  sync.Mutex
	raw eventlog.Position // newest record when looked
	own eventlog.Position // newest event of the log then
}

// Head implements eventlog.Log; it waits as ReadStream does.
func (l *Log) Head(ctx context.Context) (eventlog.Position, error) {
	return again(ctx, l, func(ctx context.Context, c *conn) (eventlog.Position, error) {
		l.head.mu.Lock()
		raw, own := l.head.raw, l.head.own
		l.head.mu.Unlock()
		newest, found, err := l.lookBack(ctx, c, raw, isOwn)
		switch {
		case err != nil:
			return eventlog.Position{}, err
		case newest.Before(raw): // the server was restored under us
			if newest, found, err = l.lookBack(ctx, c, eventlog.Position{}, isOwn); err != nil {
				return eventlog.Position{}, err
			}
		case found == (eventlog.Position{}):
			found = own
		}
		l.head.mu.Lock()
		l.head.raw, l.head.own = newest, found
		l.head.mu.Unlock()
		return found, nil
	})
}

// isOwn tells whether an event is part of the log, and not the server's or the
// log's identity. The mark of a tombstone stands in a stream of ours under the type $streamDeleted.
func isOwn(e *esdb.RecordedEvent) bool {
	return !strings.HasPrefix(e.StreamID, "$") && !strings.HasPrefix(e.EventType, "$") && e.StreamID != IdentityStream
}

// lookBack reads all events backwards from the end down to a position: it gives
// the newest record of all, and the newest behind that position that match lets through (zero: none).
func (l *Log) lookBack(ctx context.Context, c *conn, downTo eventlog.Position, match func(*esdb.RecordedEvent) bool) (newest, found eventlog.Position, err error) {
	var from esdb.AllPosition = esdb.End{}
	for count := uint64(backwardsFirst); ; count = backwards {
		last, n, done := eventlog.Position{}, uint64(0), false
		err = c.call(ctx, func(ctx context.Context, client *esdb.Client) error {
			reading, err := client.ReadAll(ctx, esdb.ReadAllOptions{Direction: esdb.Backwards, From: from, Deadline: l.readTime()}, count)
			if err != nil {
				return err
			}
			defer reading.Close()
			for ; n < count && !done; n++ {
				resolved, err := reading.Recv()
				if errors.Is(err, io.EOF) {
					return nil
				}
				if err != nil {
					return err
				}
				e := resolved.OriginalEvent()
				last = eventlog.Position{Commit: e.Position.Commit, Prepare: e.Position.Prepare}
				if newest == (eventlog.Position{}) {
					newest = last
				}
				switch {
				case !downTo.Before(last):
					done = true
				case match(e):
					found, done = last, true
				}
			}
			return nil
		})
		if err != nil || done || n < count {
			return newest, found, l.rightToAll(err)
		}
		from = esdb.Position{Commit: last.Commit, Prepare: last.Prepare}
	}
}

// rightToAll words a refusal to read all streams so that somebody can act on it.
func (l *Log) rightToAll(err error) error {
	if err == nil || !errors.Is(classify(err), ErrNoRight) {
		return err
	}
	user := l.link.settings.client.Username
	if user == "" {
		return ErrPassword.from(err) // nobody signed in
	}
	return noRightToAll(user).from(err)
}
