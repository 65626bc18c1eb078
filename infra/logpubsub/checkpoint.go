package logpubsub

import (
	"context"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
)

// Checkpoint is how far a subscription has come, and in which log.
type Checkpoint struct {
	Log      uuid.UUID         // the log's id
	Position eventlog.Position // everything of the topic up to here is done
	Last     Mark              // the newest event of the topic up to there; zero before the first
}

// Mark names an event so that a log restored from an older backup, which may
// have grown past the same position since, is noticed.
type Mark struct {
	Stream   string
	Revision uint64
	Position eventlog.Position
	ID       uuid.UUID
}

func markOf(e eventlog.Recorded) Mark { return Mark{e.Stream, e.Revision, e.Position, e.ID} }

// Checkpoints keeps the positions of one consumer group: one per topic. Where
// it is on disk, subscriptions go on there after a restart. Safe for concurrent use.
type Checkpoints interface {
	// Load gives the topic's checkpoint; false when there is none yet.
	Load(ctx context.Context, topic string) (Checkpoint, bool, error)
	// Save replaces it. A checkpoint that a crash loses costs repetitions, no gap.
	Save(ctx context.Context, topic string, c Checkpoint) error
}

// Memory keeps checkpoints for as long as the program runs. The zero Memory is ready.
type Memory struct {
	mu     sync.Mutex
	topics map[string]Checkpoint
}

// Load implements Checkpoints.
func (m *Memory) Load(_ context.Context, topic string) (Checkpoint, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.topics[topic]
	return c, ok, nil
}

// Save implements Checkpoints.
func (m *Memory) Save(_ context.Context, topic string, c Checkpoint) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.topics == nil {
		m.topics = map[string]Checkpoint{}
	}
	m.topics[topic] = c
	return nil
}

// foreign tells why a checkpoint is not one of the log as it is now: it is
// another log's, or an older state of the log was restored. Empty when it is.
func (c Checkpoint) foreign(ctx context.Context, log eventlog.Log) (why string, err error) {
	if c.Log != log.ID() {
		return fmt.Sprintf("it belongs to another log, %s, not to this one, %s", c.Log, log.ID()), nil
	}
	head, err := log.Head(ctx)
	if err != nil {
		return "", err
	}
	if head.Before(c.Last.Position) {
		return fmt.Sprintf("it has seen position %s, the log ends at %s: an older state of the log was restored", c.Last.Position, head), nil
	}
	if c.Last.Stream == "" {
		return "", nil
	}
	for e, err := range log.ReadStream(ctx, c.Last.Stream, c.Last.Revision) {
		if err != nil {
			return "", err
		}
		if markOf(e) == c.Last {
			return "", nil
		}
		break
	}
	return fmt.Sprintf("the event it saw last, at position %s, is not in the log any more: an older state of the log was restored", c.Last.Position), nil
}
