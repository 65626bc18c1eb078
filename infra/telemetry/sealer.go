package telemetry

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Sealed is how the log stands with its signed roots.
type Sealed struct {
	Roots    uint64    // in the log
	Unsealed uint64    // events that no root covers
	Newest   time.Time // of the newest root; zero: there is none
}

type sealerMetrics struct{ asked *sealerCollector }

func newSealerMetrics() sealerMetrics { return sealerMetrics{&sealerCollector{}} }

func (m *sealerMetrics) all() []prometheus.Collector { return []prometheus.Collector{m.asked} }

// Sealer tells at each scrape how the sealer stands. Ask answers false while
// it cannot without waiting: then the last answer is told.
func (m *Metrics) Sealer(ask func() (Sealed, bool)) {
	if m != nil {
		m.sealer.asked.mu.Lock()
		defer m.sealer.asked.mu.Unlock()
		m.sealer.asked.ask = ask
	}
}

// sealerCollector tells nothing until there is a sealer.
type sealerCollector struct {
	mu   sync.Mutex
	ask  func() (Sealed, bool)
	last Sealed
}

var (
	rootsDesc    = prometheus.NewDesc("hoso_sealer_roots", "Signed roots in the log.", nil, nil)
	unsealedDesc = prometheus.NewDesc("hoso_sealer_unsealed_events", "Events that no signed root covers yet.", nil, nil)
	newestDesc   = prometheus.NewDesc("hoso_sealer_newest_root_timestamp_seconds", "When the newest root was signed, in Unix time; 0 where there is none.", nil, nil)
)

// Describe implements prometheus.Collector.
func (s *sealerCollector) Describe(to chan<- *prometheus.Desc) {
	to <- rootsDesc
	to <- unsealedDesc
	to <- newestDesc
}

// Collect implements prometheus.Collector.
func (s *sealerCollector) Collect(to chan<- prometheus.Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ask == nil {
		return
	}
	if now, ok := s.ask(); ok {
		s.last = now
	}
	newest := 0.0
	if !s.last.Newest.IsZero() {
		newest = float64(s.last.Newest.UnixMilli()) / 1000
	}
	to <- prometheus.MustNewConstMetric(rootsDesc, prometheus.GaugeValue, float64(s.last.Roots))
	to <- prometheus.MustNewConstMetric(unsealedDesc, prometheus.GaugeValue, float64(s.last.Unsealed))
	to <- prometheus.MustNewConstMetric(newestDesc, prometheus.GaugeValue, newest)
}
