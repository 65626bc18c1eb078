package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/infra/logpubsub"
	"hoso/projections"
)

// Reaction does something because of an event: finish, notify, pay.
//
// Each instance of the program reacts, from a ledger of its own. So an event is
// seen in every one of them, at about the same time, and in each again after a
// crash, or from the first event on where the ledger or the log is a new one. A
// reaction must then do nothing new; what it does must show in the log, as an
// event named with SettledBy, so that the others, and later ones, spare it.
type Reaction struct {
	name      string
	types     []string
	settledBy string // "" tells of every event
	handle    func(context.Context, codec.Decoded) error
}

// NewReaction makes a reaction to the events of some types, e.g.
// "dossier.submitted". The name is that of its checkpoint and stays. An error
// is tried again five times; then the event goes to the poison queue, with the
// error's text, which therefore holds no personal data.
func NewReaction(name string, types []string, handle func(context.Context, codec.Decoded) error) Reaction {
	return Reaction{name: name, types: types, handle: handle}
}

// SettledBy spares the reaction the events whose work the log shows to be done
// already: those with an event of this type behind them in their stream. While
// it is behind the log's head, as at the first start of an instance, it looks
// ahead; at the head it waits a few seconds for whoever wrote the event, or another
// instance, to do the work. Each instance waits for a time of its own,
// so that what is left undone is usually done by one.
func (r Reaction) SettledBy(eventType string) Reaction {
	r.settledBy = eventType
	return r
}

// settlePatience is the least time an event at the head waits to be settled;
// the most is twice as much. A variable for the tests only.
var settlePatience = 3 * time.Second

// Reactions carries single events to reactions, in the log's order for each.
type Reactions struct {
	log    eventlog.Log
	feed   *projections.Feed
	ledger *Ledger
	logger *slog.Logger
	router *message.Router
	list   []Reaction
}

// NewReactions routes a log's events to reactions, each from its own
// checkpoint in the ledger on.
func NewReactions(log eventlog.Log, feed *projections.Feed, ledger *Ledger, logger *slog.Logger, reactions ...Reaction) (*Reactions, error) {
	router, err := newRouter(logger)
	if err != nil {
		return nil, err
	}
	r := &Reactions{log: log, feed: feed, ledger: ledger, logger: logger, router: router, list: reactions}
	router.AddMiddleware(r.poison, r.retry) // the first is the outermost
	for _, one := range reactions {
		source := logpubsub.NewSubscriber(log, logpubsub.Options{
			Checkpoints: checkpoints{ledger, one.name}, Types: one.types,
			SettledBy: one.settledBy, Patience: settlePatience + rand.N(settlePatience),
			Pace: logpubsub.Pace{CloseTimeout: closeTimeout}, Logger: quiet(logger.With("reaction", one.name)),
		})
		router.AddConsumerHandler(one.name, logpubsub.All, source, func(msg *message.Message) error {
			e, ok := logpubsub.Value[eventlog.Recorded](msg)
			if !ok {
				return fmt.Errorf("bus: a message without an event came to reaction %s", one.name)
			}
			return r.react(msg.Context(), one, e)
		})
	}
	return r, nil
}

// Run reacts until the context ends, and returns nil then. Beside that it
// tries again what somebody asks for in the ledger. Call it once.
func (r *Reactions) Run(ctx context.Context) error {
	beside, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { r.watchRetries(beside) })
	defer running.Wait()
	defer stop()
	return r.router.Run(ctx)
}

// react decodes an event and lets the reaction handle it; a panic is an error.
func (r *Reactions) react(ctx context.Context, one Reaction, e eventlog.Recorded) (err error) {
	d, passing, err := r.feed.Decode(e)
	switch {
	case passing:
		return &passingError{err}
	case err != nil:
		return &unreadableError{err}
	}
	defer func() {
		if cause := recover(); cause != nil {
			r.logger.Error("a reaction panicked", "reaction", one.name, "panic", cause, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	return one.handle(ctx, d)
}

// giveUp puts an event that a reaction could not cope with into the ledger.
func (r *Reactions) giveUp(msg *message.Message, cause error) error {
	e, ok := logpubsub.Value[eventlog.Recorded](msg)
	if !ok {
		return cause
	}
	p := Poison{
		Reaction: message.HandlerNameFromCtx(msg.Context()), Reason: cause.Error(),
		Position: e.Position, Stream: e.Stream, Revision: e.Revision, Type: e.Type, At: time.Now().UTC(),
	}
	if err := r.ledger.poison(msg.Context(), p); err != nil {
		return errors.Join(cause, err) // not acknowledged: it comes again
	}
	r.logger.Error("a reaction gave an event up; hoso reactions lists those", "reaction", p.Reaction, "position", p.Position.String(),
		"stream", p.Stream, "revision", p.Revision, "type", p.Type, "reason", p.Reason)
	return nil
}
