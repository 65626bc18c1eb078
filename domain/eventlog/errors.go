package eventlog

import (
	"errors"
	"fmt"
)

var (
	// ErrAmbiguous: the append may or may not have been written.
	ErrAmbiguous = errors.New("event log: it is not known whether the events were written; retry with the same ids and revision")
	// ErrTooLarge: the events of one append exceed MaxAppendBytes together.
	ErrTooLarge = errors.New("event log: the events of one append exceed 1 MiB")
	// ErrInvalid: the append breaks a rule of the port.
	ErrInvalid = errors.New("event log: invalid append")
	// ErrStopped: the log takes no more writes (a failed commit, a full disk, or it is closed).
	ErrStopped = errors.New("event log: writing has stopped")
	// ErrUnavailable: the engine does not answer now; the same call may succeed later.
	ErrUnavailable = errors.New("event log: it does not answer at the moment")
	// ErrReadOnly: the log was opened for reading.
	ErrReadOnly = errors.New("event log: opened for reading only")
	// ErrForeignPosition: a subscription starts at a position this log never had
	// (a checkpoint of another log, or of this one before an older copy was restored).
	ErrForeignPosition = errors.New("event log: the position is not of this log; rebuild the view from the start")
)

// ConflictError says that the stream is not at the expected revision.
type ConflictError struct {
	Stream   string
	Expected Expected
	Actual   Expected // NoStream when the stream has no events
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("event log: stream %s is at revision %d, expected %d", e.Stream, e.Actual, e.Expected)
}
