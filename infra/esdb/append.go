package esdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"hoso/domain/eventlog"
)

// Append implements eventlog.Log. It is repeated, with the same ids at the
// same revision, after every answer that leaves open whether the events were written, until
// there is a clear one or the context ends: then the error is eventlog.ErrAmbiguous, the context's and the last Fault's.
// A server that cannot be reached at all is waited for in the same way.
//
// Beside the port's errors it returns eventlog.ErrReadOnly, a *Fault, *FrozenError, and
// ErrMissingStream together with *eventlog.ConflictError.
func (l *Log) Append(ctx context.Context, stream string, at eventlog.Expected, events []eventlog.Proposed) (eventlog.Appended, error) {
	if l.readOnly {
		return eventlog.Appended{}, eventlog.ErrReadOnly
	}
	if err := eventlog.CheckAppend(stream, at, events); err != nil {
		return eventlog.Appended{}, err
	}
	if stream == IdentityStream {
		return eventlog.Appended{}, fmt.Errorf("%w: stream %s holds the log's identity", eventlog.ErrInvalid, stream)
	}
	if f := l.frozen.Load(); f != nil {
		return eventlog.Appended{}, f
	}
	return l.append(ctx, stream, at, events)
}

func (l *Log) append(ctx context.Context, stream string, at eventlog.Expected, events []eventlog.Proposed) (eventlog.Appended, error) {
	data := make([]esdb.EventData, len(events))
	for i, e := range events {
		data[i] = esdb.EventData{EventID: e.ID, EventType: e.Type, ContentType: esdb.ContentTypeJson, Data: e.Data, Metadata: e.Meta}
	}
	options := esdb.AppendToStreamOptions{ExpectedRevision: expected(at)}
	once := func(ctx context.Context, c *conn) (done eventlog.Appended, err error) {
		err = c.call(ctx, func(ctx context.Context, client *esdb.Client) error {
			result, err := client.AppendToStream(ctx, stream, options, data...)
			if err != nil {
				return conflictIn(err, stream, at)
			}
			done = eventlog.Appended{Revision: result.NextExpectedVersion, Position: eventlog.Position{Commit: result.CommitPosition, Prepare: result.PreparePosition}}
			return nil
		})
		return done, err
	}
	var p pause
	for maybe := false; ; {
		t := try(ctx, l, once)
		if t.err == nil {
			return t.value, checkRevision(stream, at, len(events), t.value)
		}
		maybe = maybe || t.sent && !refused(t.err)
		err := t.err
		if !passes(err) {
			err = p.after(err)
		} else if err = p.wait(ctx, l, err); err == nil {
			continue
		}
		var conflict *answered
		if maybe && !errors.As(err, &conflict) {
			err = unsure(err)
		}
		return eventlog.Appended{}, err
	}
}

// refused tells of the answers that say for certain that this try wrote nothing.
func refused(err error) bool {
	var conflict *answered
	return errors.As(err, &conflict) || errors.Is(err, eventlog.ErrTooLarge) || errors.Is(err, ErrNotLeader) || errors.Is(err, ErrDeletedStream) ||
		errors.Is(err, ErrPassword) || errors.Is(err, ErrNoRight) || unsent(err)
}

// unsent tells of a try that ended while the client was sending: the server had
// refused it early, for a reason that the client does not fetch (it gives io.EOF), and never
// saw the end of the request, before which it writes nothing.
func unsent(err error) bool {
	return errors.Is(err, io.EOF) && strings.Contains(err.Error(), "could not send append request")
}

// checkRevision: behind a soft delete the server accepts "no stream" and goes
// on counting, which the port's readers would take for a gap.
func checkRevision(stream string, at eventlog.Expected, n int, done eventlog.Appended) error {
	if want := uint64(int64(at) + int64(n)); done.Revision != want {
		return ErrDeletedStream.from(fmt.Errorf("the events were written to %s, the last at revision %d instead of %d", stream, done.Revision, want))
	}
	return nil
}

func expected(at eventlog.Expected) esdb.ExpectedRevision {
	if at == eventlog.NoStream {
		return esdb.NoStream{}
	}
	return esdb.Revision(uint64(at))
}

// conflictIn turns the client's conflict into the port's. The client gives the
// actual revision only in its text: "... but got '7'", or 'no_stream'.
func conflictIn(err error, stream string, at eventlog.Expected) error {
	var own *esdb.Error
	if !errors.As(err, &own) || own.Code() != esdb.ErrorCodeWrongExpectedVersion {
		return err
	}
	c := &eventlog.ConflictError{Stream: stream, Expected: at, Actual: eventlog.NoStream}
	_, text, _ := strings.Cut(err.Error(), "but got '")
	text, _, _ = strings.Cut(text, "'")
	if text == "no_stream" {
		return &answered{fmt.Errorf("%w: %w", ErrMissingStream, c)}
	}
	n, bad := strconv.ParseInt(text, 10, 64)
	if bad != nil {
		return err
	}
	c.Actual = eventlog.Expected(n)
	return &answered{c}
}
