package proof

import (
	"context"
	"errors"
	"time"

	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// lastSeal bounds the root that Run makes when it ends.
const lastSeal = 5 * time.Second

// Run seals at every interval, and whenever max events wait for a root (max 0:
// only at intervals), until the context ends; then it seals a last time and
// returns nil. Close the log after it. It returns an error where trying again
// cannot help: the log is broken (*codec.BrokenError) or takes no more writes
// (eventlog.ErrStopped, eventlog.ErrReadOnly).
func (s *Sealer) Run(ctx context.Context, every time.Duration, max int) error {
	ctx, cancel := context.WithCancel(ctx)
	full, followed := make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(followed)
		if max > 0 {
			s.follow(ctx, uint64(max), full)
		}
	}()
	defer func() { cancel(); <-followed }()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for age := time.Duration(0); ; {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSeal)
			defer cancel()
			_, _, err := s.SealNow(last)
			return err
		case <-tick.C:
			age = every - every/10 // a tick may come early; another's root spares this one
		case <-full:
			age = 0
		}
		if _, _, err := s.sealAfter(ctx, age); hopeless(err) {
			return err
		} else if err != nil && ctx.Err() == nil {
			s.failed(err)
		}
	}
}

func hopeless(err error) bool {
	var broken *codec.BrokenError
	return errors.As(err, &broken) || errors.Is(err, eventlog.ErrStopped) || errors.Is(err, eventlog.ErrReadOnly)
}

func (s *Sealer) failed(err error) {
	if s.Failed != nil {
		s.Failed(err)
	}
}

// follow reads along and says when max events wait for a root. What goes wrong
// here goes wrong at the next interval again, and is told there.
func (s *Sealer) follow(ctx context.Context, max uint64, full chan<- struct{}) {
	for ctx.Err() == nil {
		s.mu.Lock()
		after := s.position
		s.mu.Unlock()
		for batch, err := range s.log.Subscribe(ctx, after, eventlog.Filter{}) {
			if err != nil || s.takeLocked(batch) != nil {
				break
			}
			if s.waiting() >= max {
				select {
				case full <- struct{}{}:
				default:
				}
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (s *Sealer) takeLocked(batch eventlog.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.take(batch)
}

// Standing tells of the log as far as the sealer has read it: how many signed
// roots it holds, when the newest was signed (zero: there is none), and how
// many events no root covers. It never waits: false while the sealer is at
// work, which at its start may take long.
func (s *Sealer) Standing() (roots, unsealed uint64, newest time.Time, ok bool) {
	if !s.mu.TryLock() {
		return 0, 0, time.Time{}, false
	}
	defer s.mu.Unlock()
	return s.ledger.roots, s.ledger.uncovered(), s.ledger.newest.At, true
}

// waiting is how many events no root covers, without the newest root.
func (s *Sealer) waiting() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ledger.uncovered()
}
