package telemetry

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hoso/domain/eventlog"
	"hoso/projections"
)

type projectionMetrics struct {
	batches  *prometheus.HistogramVec
	events   *prometheus.CounterVec
	puts     *prometheus.CounterVec
	parked   *prometheus.CounterVec
	rebuilds *prometheus.HistogramVec
	writing  *writingCollector
}

// rebuildSeconds are the buckets of what takes from a second to a day.
var rebuildSeconds = []float64{1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600}

func newProjectionMetrics() projectionMetrics {
	return projectionMetrics{
		batches: histogram("hoso_projection_batch_seconds", "Time to write a batch with its checkpoint, or, on Elasticsearch, to hand it on; outcome is ok, fenced (another process moved the checkpoint), retired (another generation serves) or error.", "projection", "partition", "outcome"),
		events:  counters("hoso_projection_events_total", "Events brought into documents, without those of rebuilds.", "projection", "partition"),
		puts:    counters("hoso_projection_documents_total", "Documents written, without those of rebuilds.", "projection", "partition"),
		parked:  counters("hoso_projection_parkings_total", "Times that a dossier was set aside.", "projection", "partition"),
		rebuilds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hoso_projection_rebuild_seconds", Help: "Time from the beginning of a rebuild to its end; outcome is served or discarded.", Buckets: rebuildSeconds,
		}, []string{"projection", "outcome"}),
		writing: &writingCollector{},
	}
}

func (m *projectionMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.batches, m.events, m.puts, m.parked, m.rebuilds, m.writing}
}

// Store is a projection's store whose batches and rebuilds are counted and
// traced. Without metrics and traces it is the store itself.
func Store(inner projections.Store, m *Metrics, t *Traces) projections.Store {
	if m == nil && t == nil {
		return inner
	}
	s := &store{Store: inner, traces: t, name: inner.Name(), partition: inner.Partition().String()}
	if m != nil {
		s.m = &m.projections
		s.m.writing.add(inner)
		s.m.begin(s)
	}
	return s
}

// begin makes what dashboards use begin at 0.
func (m *projectionMetrics) begin(s *store) {
	for _, outcome := range []string{"ok", "fenced", "retired", "error"} {
		m.batches.WithLabelValues(s.name, s.partition, outcome)
	}
	for _, c := range []*prometheus.CounterVec{m.events, m.puts, m.parked} {
		c.WithLabelValues(s.name, s.partition)
	}
	for _, outcome := range []string{"served", "discarded"} {
		m.rebuilds.WithLabelValues(s.name, outcome)
	}
}

type store struct {
	projections.Store
	m               *projectionMetrics // nil: metrics are off
	traces          *Traces            // nil: traces are off
	name, partition string
}

// Serving implements projections.Store.
func (s *store) Serving(ctx context.Context) (projections.Generation, string, error) {
	g, why, err := s.Store.Serving(ctx)
	return s.wrap(g), why, err
}

// Previous implements projections.Store.
func (s *store) Previous(ctx context.Context) (projections.Generation, string, error) {
	g, why, err := s.Store.Previous(ctx)
	return s.wrap(g), why, err
}

// Build implements projections.Store.
func (s *store) Build(ctx context.Context) (projections.Build, error) {
	b, err := s.Store.Build(ctx)
	if err != nil || s.m == nil {
		return b, err
	}
	return &build{Build: b, of: s, began: time.Now()}, nil
}

// Serve implements projections.Store.
func (s *store) Serve(ctx context.Context, g projections.Generation, erased eventlog.Position) error {
	ours, ok := g.(*generation)
	if !ok {
		return s.Store.Serve(ctx, g, erased)
	}
	err := s.Store.Serve(ctx, ours.Generation, erased)
	if err == nil && !ours.began.IsZero() {
		s.rebuilt(ours.began, "served")
		ours.began = time.Time{}
	}
	return err
}

func (s *store) wrap(g projections.Generation) projections.Generation {
	if g == nil {
		return nil
	}
	return &generation{Generation: g, of: s}
}

func (s *store) rebuilt(began time.Time, outcome string) {
	if s.m != nil {
		s.m.rebuilds.WithLabelValues(s.name, outcome).Observe(time.Since(began).Seconds())
	}
}

// build is a rebuild.
type build struct {
	projections.Build
	of    *store
	began time.Time
	ended bool
}

// Finish implements projections.Build.
func (b *build) Finish(ctx context.Context) (projections.Generation, error) {
	g, err := b.Build.Finish(ctx)
	if err != nil {
		return nil, err
	}
	b.ended = true
	return &generation{Generation: g, of: b.of, began: b.began}, nil
}

// Discard implements projections.Build.
func (b *build) Discard() error {
	if !b.ended {
		b.ended = true
		b.of.rebuilt(b.began, "discarded")
	}
	return b.Build.Discard()
}

func batchOutcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, projections.ErrFenced):
		return "fenced"
	case errors.Is(err, projections.ErrRetired):
		return "retired"
	}
	return "error"
}
