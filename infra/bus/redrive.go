package bus

import (
	"context"
	"errors"
	"slices"
	"time"

	"hoso/domain/eventlog"
)

// lookEvery is how often a running program looks for retries that were asked for.
const lookEvery = 2 * time.Second

// ErrGone says that an event which a reaction gave up is not in the log any
// more, as after an older backup was restored. It is then forgotten.
var ErrGone = errors.New("the event is not in this log any more")

// errNotThere keeps what may come yet: the node that answers lags, or the log
// is an older copy that has not grown as long again.
var errNotThere = errors.New("the log does not reach as far as this event")

// errUnknownReaction keeps what a reaction of another version gave up.
var errUnknownReaction = errors.New("this version has no reaction of that name")

// Redriven is how trying an event again ended.
type Redriven struct {
	Poison
	Err error // nil: done; ErrGone: forgotten; else given up again, with this reason
}

// Redrive tries each event again, once, that somebody asked for with
// Ledger.Retry, in the log's order: behind the ones that were handled
// meanwhile. An error is one that may pass, of the log, the keys or the ledger;
// what was not tried yet stays asked for, as does an event behind the log's
// head, which is passed by. It runs beside Run, or without.
func (r *Reactions) Redrive(ctx context.Context) (out []Redriven, err error) {
	list, err := r.ledger.Poisoned(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		if !p.Retry {
			continue
		}
		again := r.redrive(ctx, p)
		switch {
		case again != nil && ctx.Err() != nil:
			return out, ctx.Err()
		case again != nil && passes(again):
			return out, again
		case errors.Is(again, errNotThere):
			continue
		case again == nil, errors.Is(again, ErrGone):
			err = r.ledger.forget(ctx, p)
		case errors.Is(again, errUnknownReaction): // it was not tried: the reason stays
			p.Retry = false
			err = r.ledger.poison(ctx, p)
		default:
			p.Reason, p.At, p.Retry = again.Error(), time.Now().UTC(), false
			err = r.ledger.poison(ctx, p)
		}
		if err != nil {
			return out, err
		}
		out = append(out, Redriven{p, again})
	}
	return out, nil
}

// redrive finds the event by its place in its stream: its position is another
// one where the log was moved.
func (r *Reactions) redrive(ctx context.Context, p Poison) error {
	i := slices.IndexFunc(r.list, func(one Reaction) bool { return one.name == p.Reaction })
	if i < 0 {
		return errUnknownReaction
	}
	for e, err := range r.log.ReadStream(ctx, p.Stream, p.Revision) {
		if err != nil {
			return &passingError{err}
		}
		if e.Type == p.Type {
			return r.react(ctx, r.list[i], e)
		}
		break
	}
	switch head, err := r.log.Head(ctx); {
	case err != nil:
		return &passingError{err}
	case head.Before(p.Position):
		return errNotThere
	}
	return ErrGone
}

// watchRetries looks for retries until the context ends, at once for those
// asked for while nothing ran.
func (r *Reactions) watchRetries(ctx context.Context) {
	for told := ""; ; {
		done, err := r.Redrive(ctx)
		for _, one := range done {
			place := []any{"reaction", one.Reaction, "position", one.Position.String(), "stream", one.Stream, "revision", one.Revision}
			if one.Err != nil && !errors.Is(one.Err, ErrGone) {
				r.logger.Error("a reaction gave an event up again", append(place, "reason", one.Err.Error())...)
				continue
			}
			r.logger.Info("an event that a reaction had given up is settled", append(place, "forgotten", one.Err != nil)...)
		}
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			told = ""
		case err.Error() != told && !errors.Is(err, eventlog.ErrStopped): // a stopped ledger is told by /readyz
			told = err.Error()
			r.logger.Error("events that reactions gave up cannot be tried again now; trying on", "error", err)
		}
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			return
		}
	}
}
