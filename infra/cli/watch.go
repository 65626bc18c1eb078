package cli

import (
	"context"
	"iter"
	nethttp "net/http"

	"hoso/commands"
	"hoso/domain/eventlog"
	"hoso/http"
	"hoso/infra/bus"
	"hoso/infra/elastic"
	"hoso/infra/proof"
	"hoso/infra/telemetry"
	"hoso/projections"
)

// WatchConfig is what serve and demo tell to those who run them.
type WatchConfig struct {
	Metrics     bool    `help:"Count what happens, for Prometheus, at /metrics." default:"true" negatable:""`
	OTLP        string  `name:"otlp" help:"Send traces to an OpenTelemetry collector, by OTLP over HTTP: http://127.0.0.1:4318 (default: none are made)." placeholder:"URL"`
	TraceSample float64 `help:"Share of requests that are traced, 0 to 1 (default ${default})." default:"0.1" placeholder:"SHARE"`
}

// watch counts and traces; what is off is nil, and then nothing is wrapped.
type watch struct {
	web    *http.Metrics
	flow   *telemetry.Metrics
	traces *telemetry.Traces
}

// openWatch begins to count and trace all that this command opens from now on.
func (a *app) openWatch(c WatchConfig, callers bool) (err error) {
	if c.Metrics {
		a.watch.web, a.watch.flow = http.NewMetrics(), telemetry.NewMetrics()
		a.watch.web.Add(a.watch.flow)
		a.watch.flow.Build(version(), kindOf(a.Engines.Log, "eventstoredb"), kindOf(a.Engines.Views, "elasticsearch"), kindOf(a.Engines.Keys, "postgresql"))
	}
	if c.OTLP == "" {
		return nil
	}
	a.watch.traces, err = telemetry.OpenTraces(a.ctx, telemetry.TraceOptions{
		URL: c.OTLP, Sample: c.TraceSample, Callers: callers, Version: version(), Logger: a.logger(false)})
	if err != nil {
		return badInput("--otlp, --trace-sample: %s", err)
	}
	return nil
}

func kindOf(address, server string) string {
	if address == "" {
		return "sqlite"
	}
	return server
}

// close sends the last traces.
func (w watch) close(a *app) {
	if err := w.traces.Close(); err != nil {
		a.logger(false).Warn("stopped without its last traces", "error", err)
	}
}

// log watches what the program asks of the log.
func (w watch) log(log anyLog) anyLog {
	if w.flow == nil && w.traces == nil {
		return log
	}
	return watchedLog{log, telemetry.Log(log, w.flow, w.traces)}
}

// watchedLog is a log whose calls go through a wrapper.
type watchedLog struct {
	anyLog
	through eventlog.Log
}

// Append implements eventlog.Log.
func (l watchedLog) Append(ctx context.Context, stream string, at eventlog.Expected, events []eventlog.Proposed) (eventlog.Appended, error) {
	return l.through.Append(ctx, stream, at, events)
}

// ReadStream implements eventlog.Log.
func (l watchedLog) ReadStream(ctx context.Context, stream string, from uint64) iter.Seq2[eventlog.Recorded, error] {
	return l.through.ReadStream(ctx, stream, from)
}

// Subscribe implements eventlog.Log.
func (l watchedLog) Subscribe(ctx context.Context, after eventlog.Position, f eventlog.Filter) iter.Seq2[eventlog.Batch, error] {
	return l.through.Subscribe(ctx, after, f)
}

// commands watches what the handler does.
func (w watch) commands(c commands.Config) commands.Config {
	c.Keys = telemetry.Keys(c.Keys, w.flow)
	if w.traces != nil {
		c.Observe, c.TraceParent = w.traces.Command, w.traces.Parent
	}
	if w.web != nil {
		c.Observe = both(w.web.Command, c.Observe)
	}
	return c
}

type observer = func(context.Context, string) (context.Context, func(error))

func both(outer, inner observer) observer {
	if inner == nil {
		return outer
	}
	return func(ctx context.Context, command string) (context.Context, func(error)) {
		ctx, doneOuter := outer(ctx, command)
		ctx, doneInner := inner(ctx, command)
		return ctx, func(err error) {
			doneInner(err)
			doneOuter(err)
		}
	}
}

// store watches what a projection writes.
func (w watch) store(s projections.Store) projections.Store {
	return telemetry.Store(s, w.flow, w.traces)
}

// elastic watches what is asked of Elasticsearch.
func (w watch) elastic(o elastic.Options) elastic.Options {
	if w.flow != nil {
		o.Transport, o.Resent = w.flow.Transport, w.flow.Resent
	}
	return o
}

// sealer watches how the log stands with its roots.
func (w watch) sealer(s *proof.Sealer) {
	w.flow.Sealer(func() (telemetry.Sealed, bool) {
		roots, unsealed, newest, ok := s.Standing()
		return telemetry.Sealed{Roots: roots, Unsealed: unsealed, Newest: newest}, ok
	})
}

// poisoned watches what reactions give up.
func (w watch) poisoned(l *bus.Ledger) {
	w.flow.Poisoned(func(ctx context.Context) (names []string, err error) {
		all, err := l.Poisoned(ctx)
		for _, p := range all {
			names = append(names, p.Reaction)
		}
		return names, err
	})
}

// requests traces what comes over HTTP.
func (w watch) requests() func(*nethttp.Request, string, string) (context.Context, func(int)) {
	if w.traces == nil {
		return nil
	}
	return w.traces.Request
}
