package commands

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
)

// Scheduler issues what time brings: supplements whose deadline has passed.
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
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Once does what is due now and tells how many dossiers it changed.
func (s *Scheduler) Once(ctx context.Context) (int, error) {
	due, err := s.Lapsed(ctx, s.Handler.Now(), lapsedAtOnce)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, dossier := range due {
		l, err := s.Handler.load(ctx, dossier, false)
		if err != nil {
			return n, err
		}
		if l.dossier.Supplement == nil {
			continue // answered meanwhile
		}
		// One id for one guide: the dossier and when the guide was given.
		id := uuid.NewSHA1(dossier, []byte("lapse"+l.dossier.Supplement.At.Format(time.RFC3339Nano)))
		r, err := s.Handler.Do(ctx, Request{Actor: domain.Actor{Role: domain.System}, ID: id}, dossier, domain.LapseSupplement{})
		switch {
		case domain.CodeOf(err) != "":
			continue // answered, or extended, since
		case err != nil:
			return n, err
		case !r.Replayed:
			n++
		}
	}
	return n, nil
}
