package esdb

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
)

const (
	// grace is how long Close lets running calls finish.
	grace = 5 * time.Second
	// hanging is how long a call may go on once it has been cancelled.
	hanging = time.Second
	// sayAgain is the least time between two log lines about the server's health.
	sayAgain = 5 * time.Second
)

var _ eventlog.Log = (*Log)(nil)

// Options say how a log is opened.
type Options struct {
	// ReadOnly refuses appends with eventlog.ErrReadOnly, and a server that holds no log yet.
	ReadOnly bool
	// Fill opens a log that is to be filled from another one, whose id it takes: a server without
	// events, or one whose filling was interrupted (see Log.Filled). Anybody else is refused meanwhile.
	Fill uuid.UUID
	// Frozen opens the log also where it was frozen or moved away: for what moves it, and Thaw.
	Frozen bool
	// Logger hears when the server is lost and found again, and at debug level what the client says; nil: nobody.
	Logger *slog.Logger
}

// Log is the event log on an EventStoreDB. Positions are byte offsets, rising with gaps.
type Log struct {
	id       uuid.UUID
	readOnly bool
	frozen   atomic.Pointer[FrozenError] // seen while open
	mover    bool                        // is not stopped by that
	logger   *slog.Logger
	link     *link
	workers  *workers
	fault    atomic.Pointer[Fault] // of the last call; nil after a good one
	said     atomic.Int64          // when a change of that was logged last, in Unix nanoseconds
	head     headCache

	mu       sync.Mutex
	closed   bool           // guarded by mu; no call begins after
	running  sync.WaitGroup // calls and subscriptions
	stopping context.Context
	stop     context.CancelFunc
	killed   context.Context
	kill     context.CancelFunc
	once     sync.Once
}

// Open connects to the server that a connection string names and reads the log's
// identity, which it writes into a server that has none (Options.ReadOnly: an
// error). The string is EventStoreDB's own, esdb:// or esdb+discover://, with the settings of
// EventStore-Client-Go v4.2.0; left out, maxDiscoverAttempts is 1000 and discoveryInterval 100.
//
// A server that cannot be reached is tried until the context ends, or for attempts × interval; a wrong
// password, a missing right and a failing TLS handshake are told at once (a *Fault).
func Open(ctx context.Context, connection string, opt Options) (*Log, error) {
	s, err := parseSettings(connection)
	if err != nil {
		return nil, err
	}
	l := newLog(s, opt)
	if err := l.identify(ctx, opt); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func newLog(s settings, opt Options) *Log {
	l := &Log{readOnly: opt.ReadOnly, mover: opt.Frozen, logger: opt.Logger}
	if l.logger == nil {
		l.logger = slog.New(slog.DiscardHandler)
	}
	l.stopping, l.stop = context.WithCancel(context.Background())
	l.killed, l.kill = context.WithCancel(context.Background())
	l.workers = newWorkers(l.stopping.Done())
	l.link = &link{settings: s, logger: l.logger, stopping: l.stopping.Done(), open: map[*conn]struct{}{}}
	return l
}

// ID implements eventlog.Log.
func (l *Log) ID() uuid.UUID { return l.id }

// Warnings are sentences about the connection string that its writer should read.
func (l *Log) Warnings() []string { return l.link.settings.warnings }

// Healthy tells why the log takes no appends: an error that is
// eventlog.ErrStopped or eventlog.ErrReadOnly, or the *Fault of the newest call. It asks
// nobody: with no call under way it tells of the last one.
func (l *Log) Healthy() error {
	if l.stopping.Err() != nil {
		return errClosed()
	}
	if l.readOnly {
		return eventlog.ErrReadOnly
	}
	if f := l.frozen.Load(); f != nil {
		return f
	}
	if f := l.fault.Load(); f != nil {
		return f
	}
	return nil
}

// Close implements eventlog.Log. Running calls have five seconds to finish;
// appends that wait for a server to come back, and subscriptions, end with an error that is eventlog.ErrStopped.
func (l *Log) Close() error {
	l.once.Do(func() {
		l.mu.Lock()
		l.closed = true
		l.mu.Unlock()
		l.stop()
		l.drain()
		l.link.close()
	})
	return nil
}

// drain waits for the calls, with less and less patience.
func (l *Log) drain() {
	defer l.kill()
	over := make(chan struct{})
	go func() {
		l.running.Wait()
		close(over)
	}()
	for _, step := range []struct {
		patience time.Duration
		then     func()
	}{{grace, l.kill}, {hanging, l.link.abandon}} {
		wait := time.NewTimer(step.patience)
		select {
		case <-over:
			wait.Stop()
			return
		case <-wait.C:
			step.then()
		}
	}
	<-over
}

// begin counts something that Close must wait for; l.running.Done must follow.
func (l *Log) begin() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return errClosed()
	}
	l.running.Add(1)
	return nil
}

// note remembers how the server does, and says aloud when that changes.
func (l *Log) note(err error) {
	var f *Fault
	if err != nil && (!errors.As(err, &f) || !f.Passing) {
		return // clear answers: the server works
	}
	if errors.Is(err, io.EOF) && l.fault.Load() != nil {
		return // it says less than what is known
	}
	before := l.fault.Swap(f)
	if (f == nil) == (before == nil) {
		return
	}
	if now, last := time.Now().UnixNano(), l.said.Load(); now-last < int64(sayAgain) || !l.said.CompareAndSwap(last, now) {
		return // reads may go well between appends that do not
	}
	if f != nil {
		l.logger.Warn("the event log's server does not answer as it should; trying again", "code", f.Code, "error", f)
	} else {
		l.logger.Info("the event log's server answers again", "before", before.Code)
	}
}
