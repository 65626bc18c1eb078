package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"hoso/domain/eventlog"
	"hoso/infra/elastic"
	"hoso/infra/esdb"
	"hoso/infra/keys"
	"hoso/infra/sqlite"
	"hoso/projections"
)

// Engines say where things are kept, each on its own; what is left out is a
// SQLite file in the data folder.
type Engines struct {
	Log         string `help:"Event log: an EventStoreDB's connection string, esdb://… or esdb+discover://… (default: DIR/log.db)." placeholder:"URL"`
	Views       string `help:"Views: an Elasticsearch, http://USER:PASSWORD@HOST:9200; more nodes after commas (default: DIR/views)." placeholder:"URL"`
	ViewsPrefix string `help:"Begins the name of every index; two installations on one Elasticsearch need two (default ${default})." default:"hoso" placeholder:"NAME"`
	Partitions  int    `help:"In how many shares each projection of --views is written, each by one instance at a time (default: as the views that are there, else 1). Another number builds the views anew." placeholder:"N"`
	Shards      int    `help:"Primary shards of each index that --views makes from now on (default ${default}); see docs/scaling.md." default:"1" placeholder:"N"`
	Keys        string `help:"Key store: postgres://USER:PASSWORD@HOST/DATABASE, shared by all instances (default: DIR/keys.db)." placeholder:"URL"`
}

// anyLog is a log with what the program asks of it beyond the port.
type anyLog interface {
	eventlog.Log
	// Healthy tells why the log takes no appends, nil while it does.
	Healthy() error
	// Warnings are sentences about what opening found and could live with.
	Warnings() []string
}

// mayLag reports whether readers of a log may not see at once what was appended.
func mayLag(log anyLog) bool {
	l, on := log.(interface{ MayLag() bool })
	return on && l.MayLag()
}

// remoteLog is a log on a server, with the lock of the data folder, in which
// keys, views and checkpoints have one writer.
type remoteLog struct {
	*esdb.Log
	lock *sqlite.DirLock
}

// Close closes the log, then frees the folder.
func (l remoteLog) Close() error { return errors.Join(l.Log.Close(), l.lock.Release()) }

// openLog opens the log for writing and locks the data folder; both are made
// where they are missing.
func (a *app) openLog(ctx context.Context, relaxed bool) (anyLog, error) {
	if err := a.mayWrite(); err != nil {
		return nil, err
	}
	if a.Engines.Log == "" {
		if exists(elsewhere(a.dataDir())) {
			return nil, errElsewhere(a.dataDir())
		}
		return opened[anyLog](sqlite.OpenLog(a.dataDir(), sqlite.LogOptions{Relaxed: relaxed}))
	}
	if ownLog(a.dataDir()) {
		return nil, failed("%s holds a log of its own: choose another folder with --data, or leave --log out", a.dataDir())
	}
	if err := os.MkdirAll(a.dataDir(), 0o700); err != nil {
		return nil, err
	}
	lock, err := sqlite.LockDir(a.dataDir())
	if err != nil {
		return nil, err
	}
	log, err := a.connectLog(ctx, false)
	if err == nil {
		err = markElsewhere(a.dataDir())
	}
	if err != nil {
		if log != nil {
			err = errors.Join(err, log.Close())
		}
		return nil, errors.Join(err, lock.Release())
	}
	return remoteLog{log, lock}, nil
}

// elsewhere is a file that only folders have whose log is on a server, so that
// a forgotten --log begins no second log there.
func elsewhere(dir string) string { return filepath.Join(dir, "log-elsewhere.txt") }

func markElsewhere(dir string) error {
	if exists(elsewhere(dir)) {
		return nil
	}
	return sqlite.WriteFile(elsewhere(dir), []byte("The log of this folder is on a server: name it with --log.\n"))
}

func errElsewhere(dir string) error {
	return failed("the log of %s is on a server: name it with --log", dir)
}

// readLog opens the log for reading.
func (a *app) readLog(ctx context.Context) (anyLog, error) {
	if err := a.mayRead(); err != nil {
		return nil, err
	}
	switch {
	case a.Engines.Log == "" && exists(elsewhere(a.dataDir())):
		return nil, errElsewhere(a.dataDir())
	case a.Engines.Log != "" && ownLog(a.dataDir()):
		return nil, failed("%s holds a log of its own: choose another folder with --data, or leave --log out", a.dataDir())
	case a.Engines.Log != "":
		return opened[anyLog](a.connectLog(ctx, true))
	}
	if !exists(sqlite.LogFile(a.dataDir())) {
		return nil, failed("there is no log in %s: name the folder with --data, or begin one with hoso serve, demo, simulate or import", a.dataDir())
	}
	return opened[anyLog](sqlite.OpenLogReadOnly(a.dataDir()))
}

// opened keeps a nil pointer from looking like an engine.
func opened[Port any, Engine any](e *Engine, err error) (Port, error) {
	var none Port
	if err != nil {
		return none, err
	}
	return any(e).(Port), nil
}

// answersWithin is how long a server may take to answer for the first time.
const answersWithin = 30 * time.Second

func (a *app) connectLog(ctx context.Context, readOnly bool) (*esdb.Log, error) {
	ctx, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	log, err := esdb.Open(ctx, a.Engines.Log, esdb.Options{ReadOnly: readOnly, Logger: a.logger(true)})
	if errors.Is(err, context.DeadlineExceeded) {
		err = failed("the event log's server has not answered within %s: %w", answersWithin, err)
	}
	return log, err
}

// syncLog makes a relaxed log durable; a server's is when it answers.
func syncLog(ctx context.Context, log anyLog) error {
	if file, ok := log.(*sqlite.Log); ok {
		return file.Sync(ctx)
	}
	return nil
}

// anyViews is the read side with what its runners need.
type anyViews interface {
	projections.Views
	Stores(name string) []projections.Store
	Close() error
}

// connectViews opens the views where they are kept. Hashes come from the keys,
// the lag from the log.
func (a *app) connectViews(ctx context.Context, k *keys.Store, log eventlog.Log, readOnly bool) (anyViews, error) {
	v, err := a.openEngineOfViews(ctx, k, log, readOnly)
	if err == nil && a.Engines.Log != "" {
		v = countedViews{v, log}
	}
	return v, err
}

// reachViews sees whether the views' server lets us in, for commands that write
// into the log for long before they come to the views.
func (a *app) reachViews(ctx context.Context) error {
	if a.Engines.Views == "" {
		return nil
	}
	v, err := elastic.Open(ctx, a.Engines.Views, elastic.Options{ReadOnly: true, Prefix: a.Engines.ViewsPrefix, Logger: a.logger(true)})
	if err != nil {
		return err
	}
	return v.Close()
}

func (a *app) openEngineOfViews(ctx context.Context, k *keys.Store, log eventlog.Log, readOnly bool) (anyViews, error) {
	if a.Engines.Partitions < 0 || a.Engines.Partitions > 64 {
		return nil, badInput("--partitions: between 1 and 64")
	}
	if a.Engines.Shards < 0 || a.Engines.Shards > 64 {
		return nil, badInput("--shards: between 1 and 64")
	}
	if a.Engines.Views == "" {
		if a.Engines.Partitions > 1 {
			return nil, badInput("--partitions: only views on a server (--views) can be written in shares")
		}
		return opened[anyViews](sqlite.OpenViews(a.dataDir(), readOnly, sqlite.ViewsOptions{Proofs: proofsOf(k), Head: log.Head, Log: log.ID(), Logger: a.logger(true)}))
	}
	return opened[anyViews](elastic.Open(ctx, a.Engines.Views, a.watch.elastic(elastic.Options{Proofs: proofsOf(k), Head: log.Head, Log: log.ID(), Logger: a.logger(true), ReadOnly: readOnly, Prefix: a.Engines.ViewsPrefix, Partitions: a.Engines.Partitions, Shards: a.Engines.Shards})))
}

// countedViews tell their lag in events where the log's positions are no
// numbers of events.
type countedViews struct {
	anyViews
	log eventlog.Log
}

// mostLag is the greatest lag that is counted.
const mostLag = 10_000

// Status implements projections.Views; a lag of mostLag is that or more.
func (v countedViews) Status(ctx context.Context) ([]projections.Status, error) {
	all, err := v.anyViews.Status(ctx)
	if err != nil {
		return nil, err
	}
	head, err := v.log.Head(ctx)
	for i := range all {
		if err != nil {
			return nil, err
		}
		all[i].Lag, err = eventlog.Count(ctx, v.log, all[i].Position, head, mostLag)
		if errors.Is(err, eventlog.ErrForeignPosition) { // it lacks all: the next start builds it anew
			all[i].Lag, err = eventlog.Count(ctx, v.log, eventlog.Position{}, head, mostLag)
		}
	}
	return all, err
}
