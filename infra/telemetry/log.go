package telemetry

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hoso/domain/eventlog"
)

type logMetrics struct {
	appends       *prometheus.HistogramVec
	appended      *prometheus.CounterVec
	read          *prometheus.CounterVec
	subscriptions *prometheus.GaugeVec
	behind        prometheus.Counter
	faults        *prometheus.CounterVec
}

func newLogMetrics() logMetrics {
	return logMetrics{
		appends:       histogram("hoso_log_append_seconds", "Time of one call that appends; outcome is ok, conflict, ambiguous (the caller sends the same again), unavailable, stopped, refused, cancelled or error.", "streams", "outcome"),
		appended:      counters("hoso_log_appended_events_total", "Events acknowledged by the log, by kind of stream.", "streams"),
		read:          counters("hoso_log_read_events_total", "Events read from the log: by the stream, or by a subscription to all.", "by"),
		subscriptions: gauges("hoso_log_subscriptions", "Open subscriptions, by whether they are catching up or live.", "state"),
		behind:        counter("hoso_log_subscriptions_behind_total", "Times that a live subscription had to catch up again: much news at once, or a connection that was lost."),
		faults:        counters("hoso_log_read_faults_total", "Reads and subscriptions that ended with an error other than the caller's leaving.", "by"),
	}
}

func (m *logMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.appends, m.appended, m.read, m.subscriptions, m.behind, m.faults}
}

// Log is a log that is counted and traced. Without metrics and traces it is
// the log itself.
func Log(inner eventlog.Log, m *Metrics, t *Traces) eventlog.Log {
	if t != nil {
		inner = tracedLog{inner, t}
	}
	if m != nil {
		inner = countedLog{inner, &m.log}
	}
	return inner
}

type countedLog struct {
	eventlog.Log
	m *logMetrics
}

// Append implements eventlog.Log.
func (l countedLog) Append(ctx context.Context, stream string, at eventlog.Expected, events []eventlog.Proposed) (eventlog.Appended, error) {
	start := time.Now()
	done, err := l.Log.Append(ctx, stream, at, events)
	kind := streamKind(stream)
	l.m.appends.WithLabelValues(kind, appendOutcome(err)).Observe(time.Since(start).Seconds())
	if err == nil {
		l.m.appended.WithLabelValues(kind).Add(float64(len(events)))
	}
	return done, err
}

// ReadStream implements eventlog.Log.
func (l countedLog) ReadStream(ctx context.Context, stream string, from uint64) iter.Seq2[eventlog.Recorded, error] {
	return func(yield func(eventlog.Recorded, error) bool) {
		n := 0
		defer func() { l.m.read.WithLabelValues("stream").Add(float64(n)) }()
		for r, err := range l.Log.ReadStream(ctx, stream, from) {
			if err == nil {
				n++
			} else if !left(err) {
				l.m.faults.WithLabelValues("stream").Inc()
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// Subscribe implements eventlog.Log.
func (l countedLog) Subscribe(ctx context.Context, after eventlog.Position, f eventlog.Filter) iter.Seq2[eventlog.Batch, error] {
	return func(yield func(eventlog.Batch, error) bool) {
		catching, live := l.m.subscriptions.WithLabelValues("catching_up"), l.m.subscriptions.WithLabelValues("live")
		read, now := l.m.read.WithLabelValues("subscription"), catching
		now.Inc()
		defer func() { now.Dec() }()
		for b, err := range l.Log.Subscribe(ctx, after, f) {
			state := now
			switch {
			case err != nil:
				if !left(err) {
					l.m.faults.WithLabelValues("subscription").Inc()
				}
			case b.Live:
				state = live
			default:
				state = catching
			}
			if state != now {
				if now == live {
					l.m.behind.Inc()
				}
				now.Dec()
				state.Inc()
				now = state
			}
			read.Add(float64(len(b.Events)))
			if !yield(b, err) {
				return
			}
		}
	}
}

// left tells a caller who does not want any more from a fault.
func left(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func appendOutcome(err error) string {
	var conflict *eventlog.ConflictError
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &conflict):
		return "conflict"
	case errors.Is(err, eventlog.ErrStopped):
		return "stopped"
	case errors.Is(err, eventlog.ErrAmbiguous):
		return "ambiguous"
	case errors.Is(err, eventlog.ErrUnavailable):
		return "unavailable"
	case errors.Is(err, eventlog.ErrTooLarge), errors.Is(err, eventlog.ErrInvalid), errors.Is(err, eventlog.ErrReadOnly):
		return "refused"
	case left(err):
		return "cancelled"
	}
	return "error"
}

// streamKinds are the first parts of streams' names (hoso/domain, stream.go).
var streamKinds = []string{"dossier", "codes", "subject", "procedure", "agency", "calendar", "roots"}

// streamKind is what a stream is of; its name would tell of whom.
func streamKind(stream string) string {
	kind, _, _ := strings.Cut(stream, "-")
	if slices.Contains(streamKinds, kind) {
		return kind
	}
	return "other"
}
