package move

import (
	"context"

	"hoso/domain/eventlog"
)

// Bulk is a log that takes events of several streams in one transaction. One that
// does not (EventStoreDB has no such thing) gets an append for each run of events of
// one stream, one after the other: side by side they could overtake each other,
// and the order of the log is part of what its roots prove.
type Bulk interface {
	AppendRecorded(ctx context.Context, events []eventlog.Recorded) error
}

// Bounds of one append. Where it ends must not depend on the time: a run that a
// killed copy sent, and that is written after the next one looked, is then the
// same append, and not written twice.
const (
	runEvents  = 500
	runBytes   = eventlog.MaxAppendBytes * 3 / 4
	eventBytes = 256 // of an event besides its data and metadata, about

	bulkEvents = 4000
	bulkBytes  = 8 << 20
)

// run is events that may share an append.
type run struct {
	events []eventlog.Recorded
	bytes  int
}

func size(e eventlog.Recorded) int { return len(e.Data) + len(e.Meta) + eventBytes }

// takes reports whether an event may share the append of those before it.
// Most bounds a transaction of several streams.
func (r *run) takes(e eventlog.Recorded, bulk bool, most int) bool {
	if len(r.events) == 0 {
		return true
	}
	if bulk {
		return len(r.events) < most && r.bytes+size(e) <= bulkBytes
	}
	last := r.events[len(r.events)-1]
	return e.Stream == last.Stream && e.Revision == last.Revision+1 && len(r.events) < runEvents && r.bytes+size(e) <= runBytes
}

func (r *run) add(e eventlog.Recorded) {
	r.events = append(r.events, e)
	r.bytes += size(e)
}

func (r *run) write(ctx context.Context, to eventlog.Log) error {
	if bulk, ok := to.(Bulk); ok {
		return bulk.AppendRecorded(ctx, r.events)
	}
	proposed := make([]eventlog.Proposed, len(r.events))
	for i, e := range r.events {
		proposed[i] = eventlog.Proposed{ID: e.ID, Type: e.Type, Data: e.Data, Meta: e.Meta}
	}
	first := r.events[0]
	_, err := to.Append(ctx, first.Stream, eventlog.Expected(first.Revision)-1, proposed)
	return err
}
