package projections

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// catalogueStreams begin the names of the streams that the catalogue is folded from.
var catalogueStreams = []string{"procedure-", "agency-", "calendar-"}

// history keeps every event of the catalogue with its position, so that each
// event of a dossier sees the catalogue that stood at its own position:
// a rebuild then shows the same names, whatever was published since.
type history struct {
	log    eventlog.Log
	decode func(eventlog.Recorded) (codec.Decoded, error)
	logger *slog.Logger

	mu     sync.Mutex
	seen   eventlog.Position // everything up to here is in events
	events []codec.Decoded   // in log order
	tips   map[string]codec.Hash
	folded map[int]*domain.Catalogue // by the number of events folded
}

// maxFolded bounds the catalogues kept ready; a rebuild meets each once, in order.
const maxFolded = 16

// reach reads the catalogue's streams at least up to a position.
func (h *history) reach(ctx context.Context, at eventlog.Position) error {
	h.mu.Lock()
	from := h.seen
	h.mu.Unlock()
	if from != (eventlog.Position{}) && !from.Before(at) {
		return nil
	}
	for b, err := range h.log.Subscribe(ctx, from, eventlog.Filter{StreamPrefixes: catalogueStreams}) {
		if err != nil {
			return err
		}
		h.note(b.Events, b.End)
		if b.Live {
			break
		}
	}
	return nil
}

// note takes a run of the log; what it already holds it passes by.
func (h *history) note(events []eventlog.Recorded, end eventlog.Position) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range events {
		if h.seen.Before(r.Position) && hasPrefix(r.Stream, catalogueStreams) {
			h.take(r)
		}
	}
	if h.seen.Before(end) {
		h.seen = end
	}
}

// take adds an event. One that cannot be read is left out, the same way in
// every rebuild, and said aloud: views then show a code in place of a name.
func (h *history) take(r eventlog.Recorded) {
	d, err := h.decode(r)
	if _, broken := codec.Check(h.tips[r.Stream], r); broken != nil {
		err = broken
	}
	if tip, unreadable := codec.HashOf(r); unreadable == nil {
		h.tips[r.Stream] = tip
	}
	if err == nil {
		err = domain.NewCatalogue().Apply(d.Event)
	}
	if err != nil {
		h.logger.Error("an event of the catalogue is left out of the views: it cannot be read",
			"stream", r.Stream, "position", r.Position.String(), "error", err)
		return
	}
	h.events = append(h.events, d)
}

// at gives the catalogue as it stood at a position; nobody may change it.
func (h *history) at(p eventlog.Position) *domain.Catalogue {
	h.mu.Lock()
	defer h.mu.Unlock()
	n, _ := slices.BinarySearchFunc(h.events, p, func(d codec.Decoded, p eventlog.Position) int {
		if p.Before(d.Position) {
			return 1
		}
		return -1
	})
	c, ok := h.folded[n]
	if ok {
		return c
	}
	c = domain.NewCatalogue()
	for _, d := range h.events[:n] {
		_ = c.Apply(d.Event) // take has tried it
	}
	if len(h.folded) >= maxFolded {
		clear(h.folded)
	}
	h.folded[n] = c
	return c
}

func hasPrefix(stream string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(stream, p) })
}

// keyFault is a key store that does not answer: the event may be sound, so
// nothing is parked for it.
type keyFault struct{ err error }

func (f *keyFault) Error() string { return "key store: " + f.err.Error() }
func (f *keyFault) Unwrap() error { return f.err }

// mayPass reports whether trying again later may succeed.
func mayPass(err error) bool {
	var fault *keyFault
	return errors.As(err, &fault) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
