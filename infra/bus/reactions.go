package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/projections"
)

// Reaction does something because of an event: finish, notify, pay. It may see
// an event again, after a crash or when the log is another one, and must then do nothing new.
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

// Reactions carries single events to reactions, in the log's order for each.
type Reactions struct {
	log    eventlog.Log
	feed   *projections.Feed
	ledger *Ledger
	logger *slog.Logger
	router *message.Router
}

// reacted is what a message to a reaction is about.
type reacted struct {
	event codec.Decoded
	err   error // why it could not be decoded
}

// NewReactions routes a log's events to reactions, each from its own
// checkpoint in the ledger on.
func NewReactions(log eventlog.Log, feed *projections.Feed, ledger *Ledger, logger *slog.Logger, reactions ...Reaction) (*Reactions, error) {
	router, err := newRouter(logger)
	if err != nil {
		return nil, err
	}
	r := &Reactions{log: log, feed: feed, ledger: ledger, logger: logger, router: router}
	router.AddMiddleware(r.poison, r.retry, r.recoverer) // the first is the outermost
	for _, one := range reactions {
		source := &subscription{feed: func(ctx context.Context, deliver func(any) bool) { r.follow(ctx, one, deliver) }}
		router.AddConsumerHandler(one.name, "events", source, func(msg *message.Message) error {
			e, ok := msg.Context().Value(valueKey{}).(*reacted)
			switch {
			case !ok:
				return fmt.Errorf("bus: a message without an event came to reaction %s", one.name)
			case e.err != nil:
				return &unreadableError{e.err}
			}
			return one.handle(msg.Context(), e.event)
		})
	}
	return r, nil
}

// Run reacts until the context ends, and returns nil then. Call it once.
func (r *Reactions) Run(ctx context.Context) error { return r.router.Run(ctx) }

// follow goes on over faults of the log and the ledger until the context ends.
func (r *Reactions) follow(ctx context.Context, one Reaction, deliver func(any) bool) {
	for wait := 50 * time.Millisecond; ctx.Err() == nil; wait = min(2*wait, 10*time.Second) {
		err := r.followOnce(ctx, one, deliver)
		if ctx.Err() != nil {
			return
		}
		r.logger.Error("a reaction cannot go on; trying again", "reaction", one.name, "error", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

func (r *Reactions) followOnce(ctx context.Context, one Reaction, deliver func(any) bool) error {
	cp, err := r.resume(ctx, one)
	if err != nil {
		return err
	}
	read, open := cp, unsettled{} // how far the log was read, and what of that is not done
	for batch, err := range r.log.Subscribe(ctx, cp.Resume, eventlog.Filter{}) {
		if err != nil {
			return err
		}
		for _, e := range batch.Events {
			switch {
			case slices.Contains(one.types, e.Type):
				open.hold(e, read)
			case one.settledBy != "" && e.Type == one.settledBy:
				open.settle(e.Stream)
			}
			read.Resume, read.Last = e.Position, projections.MarkOf(e)
		}
		if read.Resume.Before(batch.End) {
			read.Resume = batch.End
		}
		if cp, err = r.handle(ctx, one, cp, &open, batch.Live || one.settledBy == "", deliver); err != nil {
			return err
		}
		if reached := open.reached(read); cp.Resume.Before(reached.Resume) {
			cp = reached
			if err := r.ledger.done(ctx, one.name, cp); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// handle delivers what is held back no longer, each with its checkpoint.
func (r *Reactions) handle(ctx context.Context, one Reaction, cp projections.Checkpoint, open *unsettled, all bool, deliver func(any) bool) (projections.Checkpoint, error) {
	for e, more := open.take(all); more; e, more = open.take(all) {
		d, passing, err := r.feed.Decode(e)
		if passing {
			return cp, err
		}
		if !deliver(&reacted{d, err}) {
			return cp, ctx.Err()
		}
		cp.Resume, cp.Last = e.Position, projections.MarkOf(e)
		if err := r.ledger.done(ctx, one.name, cp); err != nil {
			return cp, err
		}
	}
	return cp, nil
}

// resume gives the reaction's checkpoint, the log's beginning where it is of no use.
func (r *Reactions) resume(ctx context.Context, one Reaction) (projections.Checkpoint, error) {
	first := projections.Checkpoint{Log: r.log.ID()}
	cp, found, err := r.ledger.checkpoint(ctx, one.name)
	if err != nil || !found {
		return first, err
	}
	why, err := projections.Foreign(ctx, r.log, cp)
	if err != nil {
		return first, err
	}
	if why != "" {
		r.logger.Warn("a reaction starts again from the first event", "reaction", one.name, "why", why)
		return first, nil
	}
	return cp, nil
}

// giveUp puts an event that a reaction could not cope with into the ledger.
func (r *Reactions) giveUp(msg *message.Message, cause error) error {
	e, ok := msg.Context().Value(valueKey{}).(*reacted)
	if !ok {
		return cause
	}
	p := Poison{
		Reaction: message.HandlerNameFromCtx(msg.Context()), Reason: cause.Error(),
		Position: e.event.Position, Stream: e.event.Stream, Revision: e.event.Revision, Type: e.event.Type, At: time.Now().UTC(),
	}
	if err := r.ledger.poison(msg.Context(), p); err != nil {
		return errors.Join(cause, err) // not acknowledged: it comes again
	}
	r.logger.Error("a reaction gave an event up", "reaction", p.Reaction, "position", p.Position.String(),
		"stream", p.Stream, "revision", p.Revision, "type", p.Type, "reason", p.Reason)
	return nil
}
