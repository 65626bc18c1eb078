package commands

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
)

// Scheduler issues what time brings: supplements whose deadline has passed, and
// erasures whose instance has died.
// Running it twice, or in two places, does nothing twice.
type Scheduler struct {
	Handler *Handler
	// Lapsed lists dossiers whose supplement's deadline is before now. It may
	// lag; the command decides on the log.
	Lapsed func(ctx context.Context, now time.Time, limit int) ([]uuid.UUID, error)
	Log    *slog.Logger
}

// lapsedAtOnce bounds one round's work.
const lapsedAtOnce = 500

// Run works every interval until the context ends.
func (s *Scheduler) Run(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if n, err := s.Once(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("scheduler", "error", err)
		} else if n > 0 {
			s.Log.Info("supplements lapsed", "dossiers", n)
		}
		if err := s.Handler.TakeOver(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("an erasure that another instance left cannot be finished; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Once does what is due now and tells how many dossiers it changed. A dossier
// that cannot be read or written holds up no other: its error is told at the end.
func (s *Scheduler) Once(ctx context.Context) (int, error) {
	due, err := s.Lapsed(ctx, s.Handler.Now(), lapsedAtOnce)
	if err != nil {
		return 0, err
	}
	n := 0
	var failed error
	for _, dossier := range due {
		lapsed, err := s.lapse(ctx, dossier)
		if ctx.Err() != nil {
			return n, errors.Join(failed, err)
		}
		failed = errors.Join(failed, err)
		if lapsed {
			n++
		}
	}
	return n, failed
}

// lapse ends one dossier, unless it was answered meanwhile.
func (s *Scheduler) lapse(ctx context.Context, dossier uuid.UUID) (bool, error) {
	guide, err := s.guide(ctx, dossier)
	if guide == nil || err != nil {
		return false, err
	}
	// One id for one guide: the dossier and when the guide was given.
	id := uuid.NewSHA1(dossier, []byte("lapse"+guide.At.Format(time.RFC3339Nano)))
	r, err := s.Handler.Do(ctx, Request{Actor: domain.Actor{Role: domain.System}, ID: id}, dossier, domain.LapseSupplement{})
	if domain.CodeOf(err) != "" {
		return false, nil // answered, or extended, since
	}
	return err == nil && !r.Replayed, err
}

// guide is the one that waits for its answer, nil if none does.
func (s *Scheduler) guide(ctx context.Context, dossier uuid.UUID) (*domain.OpenSupplement, error) {
	l, err := s.Handler.load(ctx, dossier, false)
	if err != nil {
		return nil, err
	}
	return l.dossier.Supplement, nil
}
