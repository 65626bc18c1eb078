package bus

import (
	"errors"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"hoso/domain/eventlog"
)

// The middlewares of reactions, outermost first: poison, retry; within both,
// react makes errors of panics. The other way round would lose events: retry
// outside the poison queue sees its success, and a panic outside retry is
// never tried again. Watermill has the like, behind two more modules, and hands
// the poison queue a message where we want the event.

// poison gives an event up when the rest of the chain could not cope, so that
// those after it are handled. Being stopped is no fault of the event, nor is
// what passes: the event comes again.
func (r *Reactions) poison(next message.HandlerFunc) message.HandlerFunc {
	return func(msg *message.Message) ([]*message.Message, error) {
		out, err := next(msg)
		if err == nil || msg.Context().Err() != nil || passes(err) {
			return out, err
		}
		return nil, r.giveUp(msg, err)
	}
}

// passes tells errors of the log or of another store that does not answer, or
// takes no writes until the program is started again.
func passes(err error) bool {
	return errors.As(err, new(*passingError)) || errors.Is(err, eventlog.ErrUnavailable) || errors.Is(err, eventlog.ErrStopped) ||
		errors.Is(err, eventlog.ErrAmbiguous) || errors.Is(err, eventlog.ErrReadOnly)
}

const maxRetries = 5

// firstPause comes before the first retry, then three times as long each time:
// 0.1, 0.3, 0.9, 2.7, 8.1 s. A variable for the tests only.
var firstPause = 100 * time.Millisecond

// retry tries again what may pass.
func (r *Reactions) retry(next message.HandlerFunc) message.HandlerFunc {
	return func(msg *message.Message) (out []*message.Message, err error) {
		pause := firstPause
		for try := 0; ; try++ {
			if out, err = next(msg); err == nil || try == maxRetries || errors.As(err, new(*unreadableError)) {
				return out, err
			}
			select {
			case <-time.After(pause):
				pause *= 3
			case <-msg.Context().Done():
				return nil, errors.Join(err, msg.Context().Err())
			}
		}
	}
}

// unreadableError is an event that cannot be decoded; trying again does not help.
type unreadableError struct{ err error }

func (e *unreadableError) Error() string { return e.err.Error() }
func (e *unreadableError) Unwrap() error { return e.err }

// passingError is an event that cannot be decoded now: the key store does not answer.
type passingError struct{ err error }

func (e *passingError) Error() string { return e.err.Error() }
func (e *passingError) Unwrap() error { return e.err }
