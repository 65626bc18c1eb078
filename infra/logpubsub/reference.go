package logpubsub

import (
	"context"
	"iter"

	"github.com/ThreeDotsLabs/watermill/message"
)

// valueKey is where a message's context carries what the message is about.
type valueKey struct{}

// Value gives what a received message carries by reference: the
// eventlog.Recorded of a Subscriber made with NewSubscriber, the value of one
// made with ByReference. It is to be read only, for others may read it too.
// False for another type, and for a message that was copied.
func Value[T any](msg *message.Message) (T, bool) {
	v, ok := msg.Context().Value(valueKey{}).(T)
	return v, ok
}

// ByReference is a Subscriber of anything that comes in order, such as batches
// of a log that are decoded once for many: each value is a message without id
// and payload, and Value gives it. Sequences get the context of their
// subscription and end with it; where one ends by itself the channel is closed.
// Positions are the business of who makes the sequence. Every topic is the same.
func ByReference[T any](values func(ctx context.Context) iter.Seq[T], pace Pace) *Subscriber {
	empty := func() *message.Message { return message.NewMessage("", nil) }
	return &Subscriber{
		pace:  pace.orDefault(),
		check: func(string) error { return nil },
		feed: func(ctx context.Context, _ string, hand func(parcel) bool) {
			for v := range values(ctx) {
				if !hand(parcel{v, empty}) {
					return
				}
			}
		},
	}
}
