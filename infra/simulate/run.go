// Package simulate lives simulated dossiers through the real command handlers:
// applicants and officers who act at believable hours, wait, forget, pay, err
// and put right. Nothing reaches the log past the handlers. One seed gives one
// history, up to keys, nonces and the days it is laid on.
package simulate

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"hoso/commands"
	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// Options say what is lived through.
type Options struct {
	Handler  *commands.Handler // its Now must be the Clock's
	Clock    *Clock
	Seed     uint64
	Dossiers int
	From, To time.Time // dossiers arrive between them; whatever lies after To does not happen any more
	// Caught has one dossier just submitted at To, and one waiting for its
	// supplement if any can (a few hundred over months are enough).
	Caught bool
	// Daily, where set, is called at the end of each simulated day, to sign a root.
	Daily func(ctx context.Context) error
	// Progress, where set, hears how many dossiers were submitted so far.
	Progress func(submitted int)
}

// Report is what a simulation did.
type Report struct {
	Dossiers int
	Commands map[string]int // done, by command name
	Refused  map[string]int // refused by a guard or the policy, by code: the simulation's own mistakes
}

// ErrLaterEvents says that the log holds an event from after the simulation's first day.
var ErrLaterEvents = errors.New("the log holds events later than the first simulated day; use an empty folder, or simulate later days")

// space is the name space of simulated ids.
var space = uuid.MustParse("1d1f0f6e-52f5-5d34-8a41-6c0f8a55b0ce")

// EventIDs gives the ids of a simulation's events (codec.Codec.NewID): the same
// for one seed and one head of the log, never the same again on a log that has
// grown since.
func EventIDs(seed uint64, head eventlog.Position) func() uuid.UUID {
	source := rand.NewPCG(seed, head.Commit)
	return func() uuid.UUID {
		var id uuid.UUID
		binary.BigEndian.PutUint64(id[:8], source.Uint64())
		binary.BigEndian.PutUint64(id[8:], source.Uint64())
		id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
		return id
	}
}

// Run lives the dossiers through. Errors: ErrLaterEvents, one that says what is
// wrong with the options or the catalogue, the log's, the context's.
func Run(ctx context.Context, o Options) (Report, error) {
	if o.Dossiers < 1 || !o.From.Before(o.To) {
		return Report{}, fmt.Errorf("simulate: nothing to do: %d dossiers from %s to %s", o.Dossiers, o.From.Format(time.DateOnly), o.To.Format(time.DateOnly))
	}
	head, err := o.Handler.Log.Head(ctx)
	if err != nil {
		return Report{}, err
	}
	if err := refuseLater(ctx, o); err != nil {
		return Report{}, err
	}
	w, err := newWorld(ctx, o, uuid.NewSHA1(space, fmt.Appendf(nil, "%d/%d", o.Seed, head.Commit)))
	if err != nil {
		return Report{}, err
	}
	arrivals, err := w.plan()
	if err != nil {
		return Report{}, err
	}
	w.spawn(o.From, func(l *life) error { return w.arrive(l, arrivals) })
	w.spawn(o.To.Add(-6*time.Hour), w.eraseSome)
	if o.Daily != nil {
		w.spawn(o.From, w.closeDays)
	}
	return w.report, w.run()
}

// refuseLater reads the log for an event that the clock would stand before.
func refuseLater(ctx context.Context, o Options) error {
	for batch, err := range o.Handler.Log.Subscribe(ctx, eventlog.Position{}, eventlog.Filter{}) {
		if err != nil {
			return err
		}
		for _, r := range batch.Events {
			m, err := codec.ParseMeta(r.Meta)
			if err != nil {
				return err
			}
			if m.RecordedAt.After(o.From) {
				return ErrLaterEvents
			}
		}
		if batch.Live {
			return nil
		}
	}
	return nil
}

// eraseSome erases a few people who have nothing open any more; each costs a
// reading of the log.
func (w *world) eraseSome(*life) error {
	for i, p := range w.crowd.settled(min(5, 1+w.Dossiers/500)) {
		subject, err := w.Handler.Keys.Resolve(w.ctx, uuid.NewSHA1(w.space, fmt.Appendf(nil, "erase %d", i)), p.IDNumber)
		if err != nil {
			return err
		}
		req := commands.Request{Actor: domain.Actor{Role: domain.Administrator, ID: "admin1"}, ID: uuid.NewSHA1(w.space, fmt.Appendf(nil, "erasure %d", i))}
		done, err := w.Handler.Erase(w.ctx, req, subject, "Luật Bảo vệ dữ liệu cá nhân 91/2025/QH15")
		if err := w.note("redact", err); err != nil {
			return err
		}
		w.report.Commands["redact"] += max(0, done.Dossiers-1)
		p.erased = true
	}
	return nil
}

// closeDays calls Daily each evening.
func (w *world) closeDays(l *life) error {
	for day := endOfDay(w.From); ; day = day.AddDate(0, 0, 1) {
		if err := l.until(day); err != nil {
			return err
		}
		if err := w.Daily(w.ctx); err != nil {
			return err
		}
	}
}
