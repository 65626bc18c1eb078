package elastic

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// How long a writer waits that was pushed back.
const (
	firstWait = 50 * time.Millisecond
	longest   = 10 * time.Second
)

// pace is how fast all writers of this process may write: a cluster that says
// "too many requests" doubles the wait before each bulk, one that takes a bulk
// halves it. The zero pace does not wait. Safe for concurrent use.
type pace struct {
	mu   sync.Mutex
	wait time.Duration
}

func (p *pace) pushedBack() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wait = min(max(2*p.wait, firstWait), longest)
}

func (p *pace) taken() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wait /= 2; p.wait < firstWait/2 {
		p.wait = 0
	}
}

// before waits until the next bulk may go, or the context ends, with its error.
func (p *pace) before(ctx context.Context) error {
	p.mu.Lock()
	wait := p.wait
	p.mu.Unlock()
	if wait == 0 {
		return ctx.Err()
	}
	return sleep(ctx, wait/2+rand.N(wait)) // writers pushed back together come back apart
}

// patiently does again what failed only for the moment, until it does not or
// the context ends: for what may be done twice.
func (v *Views) patiently(ctx context.Context, do func() error) error {
	for wait := firstWait; ; wait = min(2*wait, longest) {
		err := do()
		if !errors.Is(err, ErrUnavailable) {
			return err
		}
		v.logger.Error("Elasticsearch does not answer or has no room; trying again", "error", err)
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
