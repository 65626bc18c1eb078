package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Metrics count each arrow of the flow between commands and views; package
// http counts the requests and commands before it. It is a
// prometheus.Collector of everything it counts. A nil *Metrics counts nothing
// and wraps nothing.
type Metrics struct {
	log         logMetrics
	projections projectionMetrics
	keys        keyMetrics
	reactions   *prometheus.HistogramVec
	poisoned    *prometheus.GaugeVec
	requests    *prometheus.HistogramVec
	resent      prometheus.Counter
	sealer      sealerMetrics
	build       *prometheus.GaugeVec

	all   []prometheus.Collector
	names []string // of reactions
}

var _ prometheus.Collector = (*Metrics)(nil)

// seconds are the buckets of what takes from a disk's sync to a server's outage.
var seconds = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// NewMetrics makes metrics; hand them to a prometheus.Registerer.
func NewMetrics() *Metrics {
	m := &Metrics{
		log: newLogMetrics(), projections: newProjectionMetrics(), keys: newKeyMetrics(), sealer: newSealerMetrics(),
		reactions: histogram("hoso_reaction_seconds", "Time of one attempt of a reaction at an event; outcome is ok or error.", "reaction", "outcome"),
		poisoned:  gauges("hoso_reaction_poisoned_events", "Events that a reaction gave up; they stand in reactions.db.", "reaction"),
		requests:  histogram("hoso_elasticsearch_request_seconds", "Time to answer a request to Elasticsearch; status is that of HTTP, or unreachable.", "call", "status"),
		resent:    counter("hoso_elasticsearch_resent_documents_total", "Documents sent again because Elasticsearch had no room for them at the moment (429, 503)."),
		build:     gauges("hoso_build_info", "Always 1; tells the program's version and where log, views and keys are kept.", "version", "log", "views", "keys"),
	}
	m.begin()
	m.all = append(m.all, m.reactions, m.poisoned, m.requests, m.resent, m.build)
	m.all = append(m.all, m.log.all()...)
	m.all = append(m.all, m.projections.all()...)
	m.all = append(m.all, m.keys.all()...)
	m.all = append(m.all, m.sealer.all()...)
	return m
}

// begin makes what dashboards and alerts use begin at 0: a rate from nothing to
// one is no rate.
func (m *Metrics) begin() {
	for _, outcome := range []string{"ok", "conflict", "ambiguous", "unavailable", "stopped", "error"} {
		m.log.appends.WithLabelValues("dossier", outcome)
	}
	m.log.appended.WithLabelValues("dossier")
	for _, by := range []string{"stream", "subscription"} {
		m.log.read.WithLabelValues(by)
		m.log.faults.WithLabelValues(by)
	}
	for _, state := range []string{"catching_up", "live"} {
		m.log.subscriptions.WithLabelValues(state)
	}
	for _, outcome := range []string{"ok", "erased", "unavailable", "error"} {
		m.keys.asked.WithLabelValues(outcome)
		m.keys.calls.WithLabelValues("resolve", outcome)
		m.keys.calls.WithLabelValues("make", outcome)
	}
	m.requests.WithLabelValues("bulk", "200")
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(to chan<- *prometheus.Desc) {
	for _, c := range m.all {
		c.Describe(to)
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(to chan<- prometheus.Metric) {
	for _, c := range m.all {
		c.Collect(to)
	}
}

// Build tells what runs: the version, and the kinds of the engines (sqlite,
// eventstoredb, elasticsearch, postgresql), never their addresses.
func (m *Metrics) Build(version, log, views, keys string) {
	if m != nil {
		m.build.WithLabelValues(version, log, views, keys).Set(1)
	}
}

func histogram(name, help string, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: seconds}, labels)
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
}

func gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
}
