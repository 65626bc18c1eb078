//go:build !race

// The race detector does not stand the client's Close beside its own calls; that it does no harm here is the point.

package esdb

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"hoso/domain/eventlog"
)

// Calls that the client leaves hanging: sixteen at once, while it looks for a node that
// is not there. Their callers leave with their contexts, and Close ends the rest. In the
// log this takes a leader that is named and cannot be reached, at a bad moment; here it is built by hand.
func TestCloseEndsCallsThatHang(t *testing.T) {
	s, err := parseSettings("esdb://127.0.0.1:1?tls=false")
	if err != nil {
		t.Fatal(err)
	}
	l := newLog(s, Options{})
	config := s.client
	config.MaxDiscoverAttempts, config.Logger = 2, esdb.NoopLogging()
	client, err := esdb.NewClient(&config)
	if err != nil {
		t.Fatal(err)
	}
	c := &conn{client: client, logger: slog.New(slog.DiscardHandler)}
	l.link.current, l.link.open[c] = c, struct{}{}
	var callers sync.WaitGroup
	for range 16 {
		callers.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer cancel()
			start := time.Now()
			_, err := l.Append(ctx, "a-1", eventlog.NoStream, []eventlog.Proposed{{ID: [16]byte{1}, Type: "x"}})
			if took := time.Since(start); took > 3*time.Second || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("after %s: %v", took, err)
			}
		})
	}
	callers.Wait()
	start := time.Now()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took < grace || took > grace+hanging+3*time.Second {
		t.Errorf("Close took %s: nothing hung, or it did not end", took)
	}
}
