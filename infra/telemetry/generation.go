package telemetry

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"hoso/projections"
)

// generation counts and traces what is written into documents.
type generation struct {
	projections.Generation
	of    *store
	began time.Time // of the rebuild it comes from; zero once it serves
}

// Update implements projections.Generation.
func (g *generation) Update(ctx context.Context, apply func(projections.Documents) error) error {
	start, seen := time.Now(), &documents{}
	err := g.Generation.Update(ctx, func(docs projections.Documents) error {
		*seen = documents{Documents: docs, traced: g.of.traces != nil} // an engine may ask twice
		return apply(seen)
	})
	if g.of.m != nil {
		g.of.m.batch(g.of, time.Since(start), seen, err)
	}
	if len(seen.traces) > 0 {
		g.of.traces.batch(ctx, g.of, start, seen, err)
	}
	return err
}

// Discard implements projections.Generation.
func (g *generation) Discard() error {
	if !g.began.IsZero() {
		g.of.rebuilt(g.began, "discarded")
		g.began = time.Time{}
	}
	return g.Generation.Discard()
}

func (m *projectionMetrics) batch(of *store, took time.Duration, seen *documents, err error) {
	m.batches.WithLabelValues(of.name, of.partition, batchOutcome(err)).Observe(took.Seconds())
	if err != nil {
		return
	}
	m.events.WithLabelValues(of.name, of.partition).Add(float64(seen.events))
	m.puts.WithLabelValues(of.name, of.partition).Add(float64(seen.puts))
	m.parked.WithLabelValues(of.name, of.partition).Add(float64(seen.parked))
}

// documents sees what one batch writes.
type documents struct {
	projections.Documents
	events, puts, parked int
	traced               bool
	traces               []string // of the events' commands, each once, the first maxLinks
}

// Append implements projections.Documents.
func (d *documents) Append(it *projections.Item) error {
	d.events++
	if d.traced && it.Meta.Trace != "" {
		d.link(it.Meta.Trace)
	}
	return d.Documents.Append(it)
}

// Put implements projections.Documents.
func (d *documents) Put(it *projections.Item) error {
	d.puts++
	return d.Documents.Put(it)
}

// Park implements projections.Documents.
func (d *documents) Park(p projections.Parked) error {
	d.parked++
	return d.Documents.Park(p)
}

func (d *documents) link(trace string) {
	if len(d.traces) == maxLinks {
		return
	}
	for _, known := range d.traces {
		if known == trace {
			return
		}
	}
	d.traces = append(d.traces, trace)
}

// writingCollector asks at each scrape whose turn it is.
type writingCollector struct {
	mu     sync.Mutex
	stores []projections.Store
}

var writingDesc = prometheus.NewDesc("hoso_projection_writing", "1 where this process writes the projection's documents, 0 where it stands by for another.", []string{"projection", "partition"}, nil)

func (w *writingCollector) add(s projections.Store) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stores = append(w.stores, s)
}

// Describe implements prometheus.Collector.
func (w *writingCollector) Describe(to chan<- *prometheus.Desc) { to <- writingDesc }

// Collect implements prometheus.Collector.
func (w *writingCollector) Collect(to chan<- prometheus.Metric) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.stores {
		writes := 0.0
		if turn := s.Turn(false); turn != nil && turn.Err() == nil {
			writes = 1
		}
		to <- prometheus.MustNewConstMetric(writingDesc, prometheus.GaugeValue, writes, s.Name(), s.Partition().String())
	}
}
