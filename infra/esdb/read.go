package esdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"hoso/domain/eventlog"
)

// A page is what one call takes into memory.
const (
	pageEvents = 500
	pageBytes  = 4 << 20
)

// pageTime bounds one call of a read; a page that takes longer is asked for again.
const pageTime = 10 * time.Second

// ReadStream implements eventlog.Log. A stream that does not begin where asked, or has
// a gap, was deleted or cut short by somebody else: ErrDeletedStream. While the server
// is away it waits, until the context ends or the patience of the connection string's settings is over; then the error is a *Fault.
func (l *Log) ReadStream(ctx context.Context, stream string, from uint64) iter.Seq2[eventlog.Recorded, error] {
	return func(yield func(eventlog.Recorded, error) bool) {
		if l.noName(stream) || from > math.MaxInt64 {
			if err := l.usable(ctx); err != nil {
				yield(eventlog.Recorded{}, err)
			}
			return
		}
		for next := from; ; {
			page, err := l.page(ctx, stream, esdb.Forwards, esdb.Revision(next), pageEvents)
			for _, e := range page.events {
				if err == nil {
					err = ctx.Err()
				}
				if err == nil && e.Revision != next {
					err = ErrDeletedStream.from(fmt.Errorf("stream %s goes on with revision %d where %d should stand", stream, e.Revision, next))
				}
				if err != nil {
					break
				}
				if !yield(e, nil) {
					return
				}
				next++
			}
			if err != nil {
				yield(eventlog.Recorded{}, err)
				return
			}
			if page.end {
				return
			}
		}
	}
}

// Last implements eventlog.Log; it waits as ReadStream does.
func (l *Log) Last(ctx context.Context, stream string) (eventlog.Recorded, bool, error) {
	if l.noName(stream) {
		return eventlog.Recorded{}, false, l.usable(ctx)
	}
	page, err := l.page(ctx, stream, esdb.Backwards, esdb.End{}, 1)
	if err != nil || len(page.events) == 0 {
		return eventlog.Recorded{}, false, err
	}
	return page.events[0], true, nil
}

// noName tells of names that the log cannot have, though the server may: asked for them, it shows nothing.
func (l *Log) noName(stream string) bool {
	return stream == "" || strings.HasPrefix(stream, "$") || stream == IdentityStream
}

// usable gives the error of a call that needs no server.
func (l *Log) usable(ctx context.Context) error {
	if l.stopping.Err() != nil {
		return errClosed()
	}
	return ctx.Err()
}

type page struct {
	events []eventlog.Recorded
	end    bool // nothing stands behind
}

func (l *Log) page(ctx context.Context, stream string, way esdb.Direction, from esdb.StreamPosition, count uint64) (page, error) {
	return again(ctx, l, l.readPage(stream, way, from, count))
}

func (l *Log) readPage(stream string, way esdb.Direction, from esdb.StreamPosition, count uint64) func(context.Context, *conn) (page, error) {
	options := esdb.ReadStreamOptions{Direction: way, From: from, Deadline: l.readTime()}
	return func(ctx context.Context, c *conn) (p page, err error) {
		err = c.call(ctx, func(ctx context.Context, client *esdb.Client) error {
			reading, err := client.ReadStream(ctx, stream, options, count)
			if err != nil {
				return err
			}
			defer reading.Close()
			return p.fill(reading, count)
		})
		return p, err
	}
}

// readTime is the deadline of one read: the client knows none for reads.
func (l *Log) readTime() *time.Duration {
	within := pageTime
	if d := l.link.settings.client.DefaultDeadline; d != nil {
		within = *d
	}
	return &within
}

func (p *page) fill(reading *esdb.ReadStream, count uint64) error {
	for size := 0; uint64(len(p.events)) < count && size < pageBytes; {
		e, err := reading.Recv()
		var own *esdb.Error
		switch {
		case errors.Is(err, io.EOF), errors.As(err, &own) && own.Code() == esdb.ErrorCodeResourceNotFound && own.Err() != nil && strings.HasSuffix(own.Err().Error(), "is not found"):
			p.end = true
			return nil
		case err != nil:
			return err
		}
		r := recorded(e.OriginalEvent())
		p.events = append(p.events, r)
		size += len(r.Data) + len(r.Meta)
	}
	return nil
}

// recorded takes an event over; its bytes are the client's, which keeps none.
func recorded(e *esdb.RecordedEvent) eventlog.Recorded {
	return eventlog.Recorded{
		ID: e.EventID, Stream: e.StreamID, Revision: e.EventNumber, Type: e.EventType,
		Position: eventlog.Position{Commit: e.Position.Commit, Prepare: e.Position.Prepare},
		Data:     e.Data, Meta: e.UserMetadata,
	}
}
