package logpubsub_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"go.uber.org/goleak"

	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/infra/esdb"
	"hoso/infra/esdb/esdbtest"
	"hoso/infra/logpubsub"
	"hoso/infra/sqlite"
)

// restartArgument is the first argument with which this program, run as the suite's
// RestartServiceCommand, asks its parent to restart the server.
const restartArgument = "restart-server"

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == restartArgument {
		answer, err := http.Post(os.Args[2], "", nil)
		if err != nil || answer.StatusCode != http.StatusOK {
			fmt.Fprintln(os.Stderr, answer, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	flag.Parse()
	if !testing.Verbose() {
		log.SetOutput(io.Discard) // the suite tells a line for each bulk read
	}
	goleak.VerifyTestMain(m,
		// The suite's own: its subscriber over many never stops passing on what nobody
		// reads any more, and TestReconnect never ends collecting what was published.
		goleak.IgnoreAnyFunction("github.com/ThreeDotsLabs/watermill/internal/subscriber.(*multiplier).Subscribe.func2"),
		goleak.IgnoreAnyFunction("github.com/ThreeDotsLabs/watermill/internal/subscriber.(*multiplier).Subscribe.func3"),
		goleak.IgnoreAnyFunction("github.com/ThreeDotsLabs/watermill/pubsub/tests.TestReconnect.func2"),
	)
}

// engine is a log to run everything on.
type engine struct {
	name string
	open func(t *testing.T) (log eventlog.Log, restart func() error)
	// withoutRestart tells why the suite's TestReconnect is skipped.
	withoutRestart string
}

var engines = []engine{
	{"memory", func(*testing.T) (eventlog.Log, func() error) { return memory.New(), nil }, "lives and dies with the program"},
	{"sqlite", func(t *testing.T) (eventlog.Log, func() error) {
		l, err := sqlite.OpenLog(t.TempDir(), sqlite.LogOptions{})
		return opened(t, l, err), nil
	}, "a file of the program's own: there is no server to restart"},
	{"esdb", func(t *testing.T) (eventlog.Log, func() error) {
		server, err := esdbtest.Start(esdbtest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Stop)
		l, err := esdb.Open(t.Context(), server.ConnectionString(), esdb.Options{})
		return opened(t, l, err), func() error { server.Kill(); return server.Restart() }
	}, ""},
}

func opened[L eventlog.Log](t *testing.T, l L, err error) L {
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// TestWatermillSuite runs Watermill's own tests, one event a message. They know
// neither revisions nor types, so atEnd adds both. What they skip:
//
//   - TestReconnect on memory and SQLite: see withoutRestart. On EventStoreDB it
//     runs, and the server is killed twice meanwhile; not under the race
//     detector, for the test itself races (it reads publishedMessages while its own
//     goroutine appends to it).
//
// Features that are off skip nothing. ExactlyOnceDelivery: delivery is at
// least once (with it on, two tests would be skipped). RequireSingleInstance,
// GuaranteedOrderWithSingleSubscriber: not needed, which is the harder test.
// ContextPreserved: a message crosses the log, its context does not.
func TestWatermillSuite(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			if testing.Short() && engine.name != "memory" {
				t.Skip("-short: on memory only")
			}
			l, restart := engine.open(t)
			s := &suite{t: t, log: l, streams: map[string]*end{}, groups: map[string]*logpubsub.Memory{}}
			features := tests.Features{
				ConsumerGroups: true, GuaranteedOrder: true, Persistent: true, NewSubscriberReceivesOldMessages: true,
				ForceShort: testing.Short() || raceDetector, // the race detector makes the long ones take minutes
			}
			if restart != nil && !raceDetector {
				features.RestartServiceCommand = restartCommand(t, restart)
			}
			// The inner run waits for the suite's parallel tests before the clean-up.
			t.Run("suite", func(t *testing.T) { tests.TestPubSub(t, features, s.single, s.group) })
			if restart == nil && engine.withoutRestart == "" {
				t.Error("TestReconnect is skipped without a reason")
			}
		})
	}
}

// restartCommand is a command that makes this program restart the server.
func restartCommand(t *testing.T, restart func() error) []string {
	ear := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := restart(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}))
	t.Cleanup(ear.Close)
	return []string{os.Args[0], restartArgument, ear.URL}
}

// suite makes the publishers and subscribers that the tests ask for, on one log.
type suite struct {
	t   *testing.T
	log eventlog.Log

	mu      sync.Mutex
	streams map[string]*end
	groups  map[string]*logpubsub.Memory
}

func (s *suite) single(t *testing.T) (message.Publisher, message.Subscriber) {
	return s.pair(t, &logpubsub.Memory{})
}

func (s *suite) group(t *testing.T, name string) (message.Publisher, message.Subscriber) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.groups[name] == nil {
		s.groups[name] = &logpubsub.Memory{}
	}
	return s.pair(t, s.groups[name])
}

func (s *suite) pair(t *testing.T, positions logpubsub.Checkpoints) (message.Publisher, message.Subscriber) {
	sub := logpubsub.NewSubscriber(tardy{s.log}, logpubsub.Options{Checkpoints: positions, Pace: quick})
	// Some tests never close what they made.
	t.Cleanup(func() {
		if err := sub.Close(); err != nil {
			t.Error(err)
		}
	})
	return &atEnd{logpubsub.NewPublisher(s.log, logpubsub.PublisherOptions{}), s}, sub
}

// tardy tells of live events a moment late: TestReconnect compares what came
// with what was published, and its own collector of the latter must be done then.
type tardy struct{ eventlog.Log }

func (l tardy) Subscribe(ctx context.Context, after eventlog.Position, f eventlog.Filter) iter.Seq2[eventlog.Batch, error] {
	return func(yield func(eventlog.Batch, error) bool) {
		for b, err := range l.Log.Subscribe(ctx, after, f) {
			if len(b.Events) > 0 {
				time.Sleep(20 * time.Millisecond)
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

// quick is the pace for tests that refuse a message a hundred times, and close
// while one is out that nobody answers.
var quick = logpubsub.Pace{FirstPause: time.Millisecond, MaxPause: 5 * time.Millisecond, CloseTimeout: 20 * time.Millisecond}

// atEnd publishes behind whatever the stream holds, for tests that know no
// revisions. Publishers of one stream take turns; where somebody else was first
// it looks again.
type atEnd struct {
	*logpubsub.Publisher
	suite *suite
}

// end is where a stream ended when it was looked at last.
type end struct {
	mu sync.Mutex
	at eventlog.Expected
}

func (p *atEnd) Publish(topic string, messages ...*message.Message) error {
	p.suite.mu.Lock()
	stream := p.suite.streams[topic]
	if stream == nil {
		stream = &end{at: eventlog.NoStream}
		p.suite.streams[topic] = stream
	}
	p.suite.mu.Unlock()
	stream.mu.Lock()
	defer stream.mu.Unlock()
	for _, msg := range messages {
		msg.Metadata.Set(logpubsub.MetaType, "suite.published")
	}
	for {
		logpubsub.Expect(stream.at, messages...)
		err := p.Publisher.Publish(topic, messages...)
		var conflict *eventlog.ConflictError
		if !errors.As(err, &conflict) {
			if err == nil {
				stream.at += eventlog.Expected(len(messages))
			}
			return err
		}
		stream.at = conflict.Actual
	}
}
