// Package bus carries the log's news with Watermill: ordered batches to
// projections, by reference, and single events to reactions.
package bus

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"

	"hoso/infra/logpubsub"
	"hoso/projections"
)

// closeTimeout is how long a router waits for what it is doing when it is stopped.
const closeTimeout = 30 * time.Second

// Projections follows the log for every projection, each at its own pace.
type Projections struct{ router *message.Router }

// NewProjections routes batches to runners that have been started
// (projections.Start). A batch is acknowledged once the runner has written it
// with its checkpoint; the runner itself waits out faults and sets poison
// aside, so there is no middleware, and least of all a poison queue, which would
// acknowledge what was never applied.
func NewProjections(logger *slog.Logger, runners ...*projections.Runner) (*Projections, error) {
	router, err := newRouter(logger)
	if err != nil {
		return nil, err
	}
	for _, r := range runners {
		source := logpubsub.ByReference(r.Batches, logpubsub.Pace{CloseTimeout: closeTimeout})
		router.AddConsumerHandler("projection "+r.Label(), "batches", source, func(msg *message.Message) error {
			b, ok := logpubsub.Value[*projections.Batch](msg)
			if !ok {
				return fmt.Errorf("bus: a message without a batch came to projection %s", r.Label())
			}
			return r.Handle(msg.Context(), b)
		})
	}
	return &Projections{router}, nil
}

// Run follows the log until the context ends, and returns nil then.
func (p *Projections) Run(ctx context.Context) error { return p.router.Run(ctx) }

// Running is closed once batches flow.
func (p *Projections) Running() <-chan struct{} { return p.router.Running() }

func newRouter(logger *slog.Logger) (*message.Router, error) {
	return message.NewRouter(message.RouterConfig{CloseTimeout: closeTimeout}, quiet(logger))
}

// quiet is the program's log for Watermill, which tells every start and stop
// of a handler: that is nobody's news.
func quiet(logger *slog.Logger) watermill.LoggerAdapter {
	return watermill.NewSlogLoggerWithLevelMapping(logger, map[slog.Level]slog.Level{slog.LevelInfo: slog.LevelDebug})
}
