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
		source := &subscription{feed: func(ctx context.Context, deliver func(any) bool) {
			for b := range r.Batches(ctx) {
				if !deliver(b) {
					return
				}
			}
		}}
		router.AddConsumerHandler("projection "+r.Name(), "batches", source, func(msg *message.Message) error {
			b, ok := msg.Context().Value(valueKey{}).(*projections.Batch)
			if !ok {
				return fmt.Errorf("bus: a message without a batch came to projection %s", r.Name())
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
	// Watermill tells every start and stop of a handler; that is nobody's news.
	quiet := watermill.NewSlogLoggerWithLevelMapping(logger, map[slog.Level]slog.Level{slog.LevelInfo: slog.LevelDebug})
	return message.NewRouter(message.RouterConfig{CloseTimeout: closeTimeout}, quiet)
}
