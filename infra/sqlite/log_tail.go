package sqlite

import (
	"sync"

	"hoso/domain/eventlog"
)

// What the tail holds at most: enough for subscribers that pause between two
// readings under the heaviest load seen, and little beside the page caches.
const (
	tailEvents = 8192
	tailBytes  = 16 << 20
)

// tail keeps the newest committed events in memory, so that live subscribers
// need not read what was written a moment ago from the file again. What it no
// longer holds they read there. Safe for concurrent use.
type tail struct {
	mu     sync.RWMutex
	events []eventlog.Recorded // in log order, without gap
	bytes  int                 // of their data and metadata
}

// push takes events that were just committed; they follow those before them.
func (t *tail) push(events []eventlog.Recorded) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range events {
		t.bytes += len(e.Data) + len(e.Meta)
	}
	t.events = append(t.events, events...)
	if len(t.events) <= tailEvents && t.bytes <= tailBytes {
		return
	}
	// The newer half goes on in memory of its own: readers may hold the old one.
	t.events = append(make([]eventlog.Recorded, 0, tailEvents+len(events)), t.events[len(t.events)/2:]...)
	t.bytes = 0
	for _, e := range t.events {
		t.bytes += len(e.Data) + len(e.Meta)
	}
}

// after gives all events after a position, and false where it holds not all of
// them. Nobody may write to what it returns.
func (t *tail) after(p eventlog.Position) ([]eventlog.Recorded, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if len(t.events) == 0 || p.Commit+1 < t.events[0].Position.Commit {
		return nil, false
	}
	skip := p.Commit + 1 - t.events[0].Position.Commit
	if skip > uint64(len(t.events)) {
		return nil, false
	}
	n := len(t.events)
	return t.events[skip:n:n], true
}
