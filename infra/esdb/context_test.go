package esdb_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"hoso/domain/eventlog"
	"hoso/infra/esdb"
	"hoso/infra/esdb/esdbtest"
)

// each method of the port that can wait for the server.
var methods = map[string]func(ctx context.Context, l eventlog.Log) error{
	"Append": func(ctx context.Context, l eventlog.Log) error {
		_, err := l.Append(ctx, "a-9", eventlog.NoStream, proposed(1))
		return err
	},
	"ReadStream": func(ctx context.Context, l eventlog.Log) (last error) {
		for _, err := range l.ReadStream(ctx, "a-1", 0) {
			last = err
		}
		return last
	},
	"Last": func(ctx context.Context, l eventlog.Log) error {
		_, _, err := l.Last(ctx, "a-1")
		return err
	},
	"Head": func(ctx context.Context, l eventlog.Log) error {
		_, err := l.Head(ctx)
		return err
	},
	"Subscribe": func(ctx context.Context, l eventlog.Log) (last error) {
		for _, err := range l.Subscribe(ctx, eventlog.Position{}, eventlog.Filter{}) {
			last = err
		}
		return last
	},
}

// slack is how late an answer to an ended context may be on a busy machine.
const slack = 2 * time.Second

// Sixteen calls of every method end with their contexts, whatever the server does or does not.
func TestContextHonoured(t *testing.T) {
	needsDouble(t)
	for name, trouble := range map[string]func(*esdbtest.Server){
		"server gone":      (*esdbtest.Server).Kill,
		"server silent":    func(s *esdbtest.Server) { s.Inject(esdbtest.Fault{Delay: time.Hour}) },
		"server not ready": func(s *esdbtest.Server) { s.Inject(esdbtest.NotReady(esdbtest.AnyCall, 0)) },
	} {
		t.Run(name, func(t *testing.T) {
			srv := double(t, esdbtest.Options{})
			l := openLog(t, srv.ConnectionString())
			mustAppend(t, l, "a-1", eventlog.NoStream, proposed(3))
			trouble(srv)
			const limit = 400 * time.Millisecond
			var g errgroup.Group
			for what, call := range methods {
				for range 16 {
					g.Go(func() error {
						ctx, cancel := context.WithTimeout(context.Background(), limit)
						defer cancel()
						start := time.Now()
						err := call(ctx, l)
						if took := time.Since(start); took > limit+slack {
							return fmt.Errorf("%s took %s", what, took)
						}
						if !errors.Is(err, context.DeadlineExceeded) {
							return fmt.Errorf("%s: %v, want the context's error", what, err)
						}
						return nil
					})
				}
			}
			if err := g.Wait(); err != nil {
				t.Error(err)
			}
			srv.Heal()
		})
	}
}

// Close ends what waits for a server that is away, at once, and what runs, in time.
func TestCloseWhileCallsRun(t *testing.T) {
	needsDouble(t)
	for name, trouble := range map[string]func(*esdbtest.Server){
		"server well":   func(*esdbtest.Server) {},
		"server gone":   (*esdbtest.Server).Kill,
		"server silent": func(s *esdbtest.Server) { s.Inject(esdbtest.Fault{Delay: time.Hour}) },
	} {
		t.Run(name, func(t *testing.T) {
			srv := double(t, esdbtest.Options{})
			l := openLog(t, srv.ConnectionString())
			mustAppend(t, l, "a-1", eventlog.NoStream, proposed(3))
			trouble(srv)
			var g errgroup.Group
			started := make(chan struct{}, 64)
			for what, call := range methods {
				for range 8 {
					g.Go(func() error {
						for ctx := within(t); ; {
							select {
							case started <- struct{}{}:
							default:
							}
							err := call(ctx, l)
							if errors.Is(err, eventlog.ErrStopped) {
								return nil
							}
							if err != nil && conflictOf(err) == nil {
								return fmt.Errorf("%s: %w", what, err)
							}
						}
					})
				}
			}
			for range 40 {
				<-started
			}
			start := time.Now()
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			if took := time.Since(start); took > 5*time.Second+slack {
				t.Errorf("Close took %s", took)
			}
			if err := g.Wait(); err != nil {
				t.Error(err)
			}
			if err := l.Healthy(); !errors.Is(err, eventlog.ErrStopped) {
				t.Errorf("health of a closed log: %v", err)
			}
			srv.Heal()
		})
	}
}

// The client prints to the standard log if it is let; nothing of ours goes there.
func TestStandardLogStaysEmpty(t *testing.T) {
	var mu sync.Mutex
	var printed strings.Builder
	defer log.SetOutput(log.Writer())
	log.SetOutput(writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return printed.Write(p)
	}))
	srv := double(t, esdbtest.Options{})
	l, err := esdb.Open(within(t), srv.ConnectionString()+"&keepAliveInterval=50&noSuchSetting=1", esdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	if n := len(l.Warnings()); n != 3 { // not encrypted, too short, unknown
		t.Errorf("%d warnings: %q", n, l.Warnings())
	}
	mustAppend(t, l, "a-1", eventlog.NoStream, proposed(1))
	srv.CutConnections()
	mustAppend(t, l, "a-1", 0, proposed(1))
	mu.Lock()
	defer mu.Unlock()
	if printed.Len() > 0 {
		t.Errorf("on the standard log: %s", printed.String())
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
