package telemetry

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hoso/domain/codec"
)

// Handle is what a reaction does with an event.
type Handle func(context.Context, codec.Decoded) error

// Reaction is a reaction's handling, each attempt counted and traced. Without
// metrics and traces it is the handling itself.
func Reaction(name string, inner Handle, m *Metrics, t *Traces) Handle {
	if t != nil {
		inner = t.reaction(name, inner)
	}
	if m == nil {
		return inner
	}
	m.poisoned.WithLabelValues(name) // 0 until Poisoned knows better
	m.names = append(m.names, name)
	return func(ctx context.Context, d codec.Decoded) error {
		start := time.Now()
		err := inner(ctx, d)
		outcome := "ok"
		if err != nil {
			outcome = "error"
		}
		m.reactions.WithLabelValues(name, outcome).Observe(time.Since(start).Seconds())
		return err
	}
}

// Poisoned tells at each scrape what reactions gave up: the name of the
// reaction for each event. While ask fails, the last answer is told.
func (m *Metrics) Poisoned(ask func(context.Context) ([]string, error)) {
	if m != nil {
		m.all = append([]prometheus.Collector{poisonCollector{ask, m}}, m.all...)
	}
}

// askTimeout bounds what a scrape asks of a store.
const askTimeout = 2 * time.Second

// poisonCollector brings a gauge up to date before it is told.
type poisonCollector struct {
	ask func(context.Context) ([]string, error)
	of  *Metrics
}

// Describe implements prometheus.Collector.
func (p poisonCollector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (p poisonCollector) Collect(chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	names, err := p.ask(ctx)
	if err != nil {
		return
	}
	counts := map[string]int{}
	for _, name := range p.of.names {
		counts[name] = 0 // what was given up can be taken up again
	}
	for _, name := range names {
		counts[name]++
	}
	for name, n := range counts {
		p.of.poisoned.WithLabelValues(name).Set(float64(n))
	}
}
