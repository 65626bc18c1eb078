// Package eventlog is the port to the log: an append-only store of events in
// streams, with one total order over all of them. It carries raw bytes; what
// they mean is the business of package codec. Engines live under infra/ and
// each passes the contract suite in eventlog/logtest.
package eventlog

import (
	"context"
	"iter"
	"strconv"

	"github.com/google/uuid"
)

// Limits every engine keeps, so that a log can be moved from one to another.
// They are EventStoreDB's.
const (
	MaxAppendBytes = 1 << 20 // data and metadata of all events of one append
)

// Position is a place in the log's total order. SQLite uses Commit = Prepare =
// 1, 2, 3 …; EventStoreDB's are byte offsets. The zero Position stands before
// the first event. Positions of different logs do not compare.
type Position struct{ Commit, Prepare uint64 }

// Before reports whether p comes earlier in the log than q.
func (p Position) Before(q Position) bool {
	return p.Commit < q.Commit || p.Commit == q.Commit && p.Prepare < q.Prepare
}

// String gives the opaque form in which positions travel over HTTP.
func (p Position) String() string {
	if p.Commit == p.Prepare {
		return strconv.FormatUint(p.Commit, 10)
	}
	return strconv.FormatUint(p.Commit, 10) + "-" + strconv.FormatUint(p.Prepare, 10)
}

// Expected is the revision a stream must have for an append to succeed:
// NoStream, or the revision of its last event. There is no "any": it would
// give up both concurrency control and idempotent retries.
type Expected int64

// NoStream expects that the stream has no event yet.
const NoStream Expected = -1

// Proposed is an event on its way into the log.
type Proposed struct {
	ID   uuid.UUID // decides, with the expected revision, whether an append is a repetition
	Type string    // explicit name, e.g. "dossier.submitted"
	Data []byte    // JSON, personal values sealed
	Meta []byte    // JSON, ends in the event's hash (see codec)
}

// Recorded is an event as stored, byte for byte.
type Recorded struct {
	ID       uuid.UUID
	Stream   string
	Revision uint64 // 0, 1, 2 … within the stream, no gaps
	Position Position
	Type     string
	Data     []byte
	Meta     []byte
}

// Appended tells where the last event of an append stands.
type Appended struct {
	Revision uint64
	Position Position
}

// Filter narrows a subscription to streams whose names begin with one of the
// prefixes. The zero Filter lets everything through.
type Filter struct{ StreamPrefixes []string }

// Batch is a run of events in log order. A subscription that has read up to
// the head sends a batch with Live set (possibly empty) each time it gets there.
type Batch struct {
	Events []Recorded
	End    Position // where to resume: at or after the last event (filtered events may lie between)
	Live   bool
}

// Log is an append-only event log. All methods are safe for concurrent use and
// honour their context.
type Log interface {
	// ID names this log for ever; a checkpoint of another log is no checkpoint here.
	ID() uuid.UUID

	// Append adds events to a stream, all or none, and returns only when they
	// are on disk. The same ids at the same expected revision again (also a
	// leading part of the earlier append) answer the first result and append
	// nothing. Errors: *ConflictError; ErrTooLarge; ErrInvalid (no events, empty or
	// "$" stream name, nil id); ErrAmbiguous when it is unknown whether the
	// events were written: retry with the same ids and revision.
	Append(ctx context.Context, stream string, at Expected, events []Proposed) (Appended, error)

	// ReadStream yields the stream's events from a revision on, in order. A
	// missing stream yields nothing. An error is yielded last; the end without
	// an error is the end of the stream.
	ReadStream(ctx context.Context, stream string, from uint64) iter.Seq2[Recorded, error]

	// Last gives the newest event of a stream, and false when it has none.
	Last(ctx context.Context, stream string) (Recorded, bool, error)

	// Subscribe yields everything after a position in log order, in batches,
	// first what is there, then what comes, without gap or repetition, until
	// the context ends (then it yields the context's error) or the caller
	// stops ranging.
	Subscribe(ctx context.Context, after Position, f Filter) iter.Seq2[Batch, error]

	// Head is the position of the newest event, zero for an empty log.
	Head(ctx context.Context) (Position, error)

	// Close waits for running appends and releases the engine.
	Close() error
}
