package esdb

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"hoso/domain/eventlog"
)

const (
	// The server looks at so many events at a time, and tells after so many such
	// windows how far it is though nothing matched. The client's 32 × 1 is a
	// message for every 32 events; a window of 0 is silence for ever.
	searchWindow       = 500
	checkpointInterval = 4

	// lagging is how long a node of a cluster may take to have what another one showed.
	lagging = 10 * time.Second
)

// Subscribe implements eventlog.Log. What the filter drops, the server drops. When
// the server is lost, the subscription goes on where it was as soon as there is one again,
// for as long as the context lasts; then batches are not Live until it has caught up.
//
// It ends with eventlog.ErrForeignPosition when the position is no record of this
// server or lies behind its newest one, with a *Fault that does not pass (ErrNoRightToAll, ErrPassword, …),
// with eventlog.ErrStopped when the log is closed.
func (l *Log) Subscribe(ctx context.Context, after eventlog.Position, f eventlog.Filter) iter.Seq2[eventlog.Batch, error] {
	return func(yield func(eventlog.Batch, error) bool) {
		s := &subscription{log: l, filter: f, end: after, delivered: after, yield: yield}
		if err := s.run(ctx); !errors.Is(err, errLeft) {
			yield(eventlog.Batch{}, err)
		}
	}
}

var (
	errLeft  = errors.New("esdb: the caller left")
	errNudge = errors.New("esdb: the server has news that the filter dropped")
)

// subscription lives through several sessions with the server.
type subscription struct {
	log       *Log
	filter    eventlog.Filter
	end       eventlog.Position // up to here everything was yielded or dropped
	delivered eventlog.Position // newest event taken into a batch
	told      time.Time         // when a batch was yielded last
	yield     func(eventlog.Batch, error) bool
}

// run holds session after session; its error is never nil.
func (s *subscription) run(ctx context.Context) error {
	l, p := s.log, begun()
	for {
		from := s.end
		err := s.session(ctx)
		if s.end != from {
			p = begun()
		}
		switch {
		case errors.Is(err, errLeft):
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case l.stopping.Err() != nil:
			return errClosed()
		case errors.Is(err, errNudge), errors.Is(err, errGone):
			continue
		case errors.Is(err, eventlog.ErrForeignPosition) && l.link.settings.cluster && p.lasted() < lagging:
		case !passes(err):
			return err
		}
		if err := p.wait(ctx, l, err); err != nil {
			return err
		}
	}
}

// everything tells whether the filter lets all streams through.
func (s *subscription) everything() bool {
	return len(s.filter.StreamPrefixes) == 0 || slices.Contains(s.filter.StreamPrefixes, "")
}

func (s *subscription) serverFilter() *esdb.SubscriptionFilter {
	if s.everything() {
		return &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Regex: "^[^$].*"}
	}
	return &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: s.filter.StreamPrefixes}
}

// wants tells whether an event that the server sent belongs to the subscription.
func (s *subscription) wants(e *esdb.RecordedEvent) bool { return isOwn(e) && s.filter.Has(e.StreamID) }

// sends tells whether the server sends an event, wanted or not.
func (s *subscription) sends(e *esdb.RecordedEvent) bool {
	if s.everything() {
		return !strings.HasPrefix(e.StreamID, "$")
	}
	return s.filter.Has(e.StreamID)
}
