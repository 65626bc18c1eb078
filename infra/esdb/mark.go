package esdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"hoso/domain/eventlog"
)

// FrozenError says that a log takes no more events because it is being moved, or
// was moved, elsewhere. It is eventlog.ErrStopped.
type FrozenError struct {
	To    string // where to, without a password
	At    time.Time
	Moved bool // the move is done
}

func (e *FrozenError) Error() string {
	if e.Moved {
		return fmt.Sprintf("this event log was moved to %s at %s and stands here only as it was then: go on there (hoso move --thaw takes it back, without what was written there since)", e.To, e.At.Format(time.RFC3339))
	}
	return fmt.Sprintf("this event log is frozen since %s, because it is being moved to %s: finish the move by running it again, or take it back with hoso move --thaw", e.At.Format(time.RFC3339), e.To)
}

// Is makes it eventlog.ErrStopped.
func (e *FrozenError) Is(target error) bool { return target == eventlog.ErrStopped }

// ErrUnfinished says that a log is being filled by a move or a restore that has not finished.
var ErrUnfinished = errors.New("the event log on this server is only partly there: a move or a restore into it has not finished; run it again to its end")

// mark is the newest event of the identity's stream.
type mark struct {
	kind     string
	revision uint64
	To       string    `json:"to,omitempty"`
	At       time.Time `json:"at,omitzero"`
}

func (m mark) frozen() *FrozenError {
	if m.kind != typeFrozen && m.kind != typeMoved {
		return nil
	}
	return &FrozenError{To: m.To, At: m.At, Moved: m.kind == typeMoved}
}

func proposedMark(kind, to string) eventlog.Proposed {
	data, err := json.Marshal(mark{To: to, At: time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		panic(err) // a text and a time
	}
	return eventlog.Proposed{ID: uuid.New(), Type: kind, Data: data, Meta: []byte(`{}`)}
}

func (l *Log) readMark(ctx context.Context) (m mark, err error) {
	p, err := l.page(ctx, IdentityStream, esdb.Backwards, esdb.End{}, 1)
	if err != nil || len(p.events) == 0 {
		return m, err
	}
	newest := p.events[0]
	if err := json.Unmarshal(newest.Data, &m); err != nil {
		return m, fmt.Errorf("stream %s on this server is of something else: %w", IdentityStream, err)
	}
	m.kind, m.revision = newest.Type, newest.Revision
	return m, nil
}

// admit refuses who may not work on the log as it stands.
func (l *Log) admit(ctx context.Context, opt Options) error {
	m, err := l.readMark(ctx)
	if err != nil {
		return err
	}
	switch frozen := m.frozen(); {
	case opt.Fill != uuid.Nil && (l.id != opt.Fill || m.kind != typeFilling && m.kind != typeFilled):
		return fmt.Errorf("the server holds event log %s already: name one that is empty", l.id)
	case opt.Fill == uuid.Nil && m.kind == typeFilling:
		return ErrUnfinished
	case frozen == nil || opt.Frozen || opt.ReadOnly && !frozen.Moved: // while it is being moved, it is still the one to ask
	default:
		return frozen
	}
	return nil
}

// heedMark looks how the log stands now, and stops or allows appends accordingly.
// It answers false where it could not be seen.
func (l *Log) heedMark(ctx context.Context) bool {
	if l.mover || l.readOnly {
		return true
	}
	m, err := l.readMark(ctx)
	if err != nil {
		return false
	}
	before := l.frozen.Swap(m.frozen())
	if now := l.frozen.Load(); now != nil && before == nil {
		l.logger.Error("the event log takes no more events", "error", now)
	}
	return true
}

// mustBeEmpty refuses a server on which somebody's events stand though it has no identity.
func (l *Log) mustBeEmpty(ctx context.Context) error {
	head, err := l.Head(ctx)
	if err == nil && head != (eventlog.Position{}) {
		err = errors.New("the server holds events of something else: name one that is empty")
	}
	return err
}

// Complete reports whether a log opened with Options.Fill was filled to its end before.
func (l *Log) Complete(ctx context.Context) (bool, error) {
	m, err := l.readMark(ctx)
	return m.kind == typeFilled, err
}

// Filled ends the filling: from here on the log is one like any other.
func (l *Log) Filled(ctx context.Context) error { return l.setMark(ctx, typeFilled, "") }

// Freeze makes the log refuse events while it is moved to another place: for who
// opens it from now on, and for who follows it without a filter, within moments.
// What others had under way may still be written: look at the head afterwards.
func (l *Log) Freeze(ctx context.Context, to string) error { return l.setMark(ctx, typeFrozen, to) }

// Moved says that the frozen log now stands in the other place.
func (l *Log) Moved(ctx context.Context, to string) error { return l.setMark(ctx, typeMoved, to) }

// Thaw takes Freeze and Moved back.
func (l *Log) Thaw(ctx context.Context) error { return l.setMark(ctx, typeThawed, "") }

// setMark writes how the log stands, unless it stands so already.
func (l *Log) setMark(ctx context.Context, kind, to string) error {
	m, err := l.readMark(ctx)
	if err != nil || m.kind == kind && m.To == to {
		return err
	}
	_, err = l.append(ctx, IdentityStream, eventlog.Expected(m.revision), []eventlog.Proposed{proposedMark(kind, to)})
	return err
}

// Frozen tells where the log is being moved or was moved; nil: nowhere.
func (l *Log) Frozen(ctx context.Context) (*FrozenError, error) {
	m, err := l.readMark(ctx)
	return m.frozen(), err
}
