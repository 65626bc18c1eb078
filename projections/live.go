package projections

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"hoso/domain/eventlog"
)

// maxAhead is how many items wait in memory for the slowest of the live
// projections; one that falls behind further reads the log by itself again.
const maxAhead = 16_384

// live is what the projections at the log's head share: one subscription, whose
// events are decoded and folded once, and handed to each at its own pace.
type live struct {
	stop  context.CancelFunc
	ended chan struct{} // closed when the subscription is over

	mu      sync.Mutex
	members map[*member]struct{}
	items   []*Item           // after start, in log order
	start   eventlog.Position // nothing up to here is in items any more
	end     eventlog.Position // how far the log was read
	last    Mark              // the newest event of any stream; zero before the first
	err     error             // why the subscription ended
	news    chan struct{}     // closed at the next change
}

// member is one projection that follows live.
type member struct {
	of    *live
	after eventlog.Position // it has everything up to here
}

// join lets a projection that has seen everything up to a position follow with
// the others; false when they are too far ahead to be joined.
func (f *Feed) join(after eventlog.Position) (*member, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.live == nil || f.live.failed() {
		f.begin(after)
	}
	return f.live.add(after)
}

// leave ends with the last member also the subscription.
func (f *Feed) leave(m *member) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if l := m.of; l.remove(m) == 0 {
		l.stop()
		<-l.ended
		if f.live == l {
			f.live = nil
		}
	}
}

// begin starts the subscription; f.mu is held.
func (f *Feed) begin(after eventlog.Position) {
	if f.live != nil {
		<-f.live.ended // it folded with the same folder
	}
	ctx, stop := context.WithCancel(context.Background())
	l := &live{stop: stop, ended: make(chan struct{}), members: map[*member]struct{}{}, start: after, end: after, news: make(chan struct{})}
	f.live = l
	go func() {
		defer close(l.ended)
		defer stop()
		l.fail(f.follow(ctx, l, after))
	}()
}

// follow reads, decodes and folds for all members until it cannot go on.
func (f *Feed) follow(ctx context.Context, l *live, after eventlog.Position) error {
	for raw, err := range f.log.Subscribe(ctx, after, eventlog.Filter{}) {
		if err != nil {
			return err
		}
		b, err := f.batch(ctx, raw, f.shared)
		if err != nil {
			return err
		}
		l.take(b)
	}
	return ctx.Err()
}

func (l *live) failed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err != nil
}

func (l *live) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
	l.tell()
}

func (l *live) add(after eventlog.Position) (*member, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if after.Before(l.start) {
		return nil, false
	}
	m := &member{of: l, after: after}
	l.members[m] = struct{}{}
	return m, true
}

func (l *live) remove(m *member) (left int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.members, m)
	return len(l.members)
}

// take adds what was read, and forgets what every member has.
func (l *live) take(b *Batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	slowest := b.End
	for m := range l.members {
		if m.after.Before(slowest) {
			slowest = m.after
		}
	}
	done := max(l.past(slowest), len(l.items)+len(b.Items)-maxAhead)
	done = min(done, len(l.items))
	if done > 0 {
		l.start = l.items[done-1].Position
		// In memory of their own: members may hold the old one.
		l.items = append(make([]*Item, 0, len(l.items)-done+len(b.Items)), l.items[done:]...)
	}
	l.items = append(l.items, b.Items...)
	l.end = b.End
	if b.Last.Stream != "" {
		l.last = b.Last
	}
	l.tell()
}

// past counts the items up to a position.
func (l *live) past(p eventlog.Position) int {
	n, _ := slices.BinarySearchFunc(l.items, p, func(it *Item, p eventlog.Position) int {
		if p.Before(it.Position) {
			return 1
		}
		return -1
	})
	return n
}

func (l *live) tell() {
	close(l.news)
	l.news = make(chan struct{})
}

// The ends of following live that are no faults.
var (
	errEnough     = errors.New("projections: no more batches are wanted")
	errLeftBehind = errors.New("projections: the others are too far ahead")
)

// each yields what comes, with a rest after each batch. It ends with an error.
func (m *member) each(ctx context.Context, yield func(*Batch) bool) error {
	for {
		b, err := m.next(ctx)
		if err != nil {
			return err
		}
		began := time.Now()
		if !yield(b) {
			return errEnough
		}
		select {
		case <-time.After(min(restPerWork*time.Since(began), maxRest)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// next waits for news and gives them as one batch: all that waits, so that each
// dossier in it is written once.
func (m *member) next(ctx context.Context) (*Batch, error) {
	for {
		b, news, err := m.look()
		if b != nil || err != nil {
			return b, err
		}
		select {
		case <-news:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// look gives what there is after the member's position; else the channel to
// wait on.
func (m *member) look() (*Batch, <-chan struct{}, error) {
	l := m.of
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case m.after.Before(l.start):
		return nil, nil, errLeftBehind
	case l.err != nil:
		return nil, nil, l.err
	case !m.after.Before(l.end):
		return nil, l.news, nil
	}
	from := l.past(m.after)
	b := &Batch{Items: l.items[from:len(l.items):len(l.items)], After: m.after, End: l.end, Last: l.last, Live: true}
	m.after = b.End
	return b, nil, nil
}
