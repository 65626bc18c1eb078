package logpubsub

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"hoso/domain/eventlog"
)

// All is the topic of every event of the log. No stream's name begins with $.
const All = "$all"

const prefixTopic = "$prefix:"

// Prefix is the topic of all streams whose names begin so.
func Prefix(beginning string) string { return prefixTopic + beginning }

// checkTopic refuses what is neither a stream's name nor All or a Prefix.
func checkTopic(topic string) error {
	if topic == All || strings.HasPrefix(topic, prefixTopic) {
		return nil
	}
	if topic == "" || strings.HasPrefix(topic, "$") {
		return fmt.Errorf("%w: topic %q is no stream's name; All is %q", eventlog.ErrInvalid, topic, All)
	}
	return nil
}

// follow yields the events of a topic behind a checkpoint, as the log's Subscribe does.
func follow(ctx context.Context, log eventlog.Log, topic string, after Checkpoint) iter.Seq2[eventlog.Batch, error] {
	if topic == All {
		return log.Subscribe(ctx, after.Position, eventlog.Filter{})
	}
	if beginning, ok := strings.CutPrefix(topic, prefixTopic); ok {
		return log.Subscribe(ctx, after.Position, eventlog.Filter{StreamPrefixes: []string{beginning}})
	}
	return followStream(ctx, log, topic, after)
}

// streamBatch bounds the events of a stream that are read ahead.
const streamBatch = 64

// followStream reads the stream to its end, then subscribes behind the last
// event found. Nothing of the stream stands before that in the log's order, so
// there is no gap, whichever node of a cluster answers which call; and what
// stands before the stream's end in the log is not looked through.
func followStream(ctx context.Context, log eventlog.Log, stream string, after Checkpoint) iter.Seq2[eventlog.Batch, error] {
	return func(yield func(eventlog.Batch, error) bool) {
		position, from := after.Position, uint64(0)
		if after.Last.Stream == stream {
			from = after.Last.Revision + 1
		}
		var batch eventlog.Batch
		for e, err := range log.ReadStream(ctx, stream, from) {
			if err != nil {
				yield(eventlog.Batch{}, err)
				return
			}
			position = e.Position
			batch.Events, batch.End = append(batch.Events, e), e.Position
			if len(batch.Events) == streamBatch {
				if !yield(batch, nil) {
					return
				}
				batch = eventlog.Batch{}
			}
		}
		if len(batch.Events) > 0 && !yield(batch, nil) {
			return
		}
		for b, err := range log.Subscribe(ctx, position, eventlog.Filter{StreamPrefixes: []string{stream}}) {
			if !yield(only(stream, b), err) || err != nil {
				return
			}
		}
	}
}

// only drops streams whose names go on behind this one's.
func only(stream string, b eventlog.Batch) eventlog.Batch {
	kept := b
	kept.Events = nil
	for _, e := range b.Events {
		if e.Stream == stream {
			kept.Events = append(kept.Events, e)
		}
	}
	return kept
}
