package telemetry

import (
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"

	"hoso/infra/telemetry/otlptest"
)

// gathered is everything the metrics tell.
func gathered(t testing.TB, m *Metrics) []*dto.MetricFamily {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(m)
	all, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// value is that of a counter or gauge, or the count of a histogram, that has
// all these labels and values; 0 where there is none.
func value(t testing.TB, m *Metrics, name string, labels ...string) (sum float64) {
	t.Helper()
	for _, family := range gathered(t, m) {
		if family.GetName() != name {
			continue
		}
		for _, one := range family.Metric {
			if has(one, labels) {
				sum += one.GetCounter().GetValue() + one.GetGauge().GetValue() + float64(one.GetHistogram().GetSampleCount())
			}
		}
	}
	return sum
}

func has(m *dto.Metric, labels []string) bool {
	for i := 0; i < len(labels); i += 2 {
		found := false
		for _, l := range m.Label {
			found = found || l.GetName() == labels[i] && l.GetValue() == labels[i+1]
		}
		if !found {
			return false
		}
	}
	return true
}

// receiver is a collector of what traces sends.
type receiver struct {
	*otlptest.Collector
	traces *Traces
}

// receive begins to trace everything, to a receiver.
func receive(t testing.TB, change ...func(*TraceOptions)) *receiver {
	t.Helper()
	r := &receiver{Collector: otlptest.Start(t)}
	o := TraceOptions{URL: r.URL, Sample: 1, Version: "v0", Logger: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&o)
	}
	var err error
	if r.traces, err = OpenTraces(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.traces.Close() })
	return r
}

// sent is what has been received once tracing has stopped, by name.
func (r *receiver) sent(t testing.TB) map[string]*otlp.Span {
	t.Helper()
	if err := r.traces.Close(); err != nil {
		t.Error(err)
	}
	byName := map[string]*otlp.Span{}
	for _, s := range r.Spans() {
		byName[s.Name] = s
	}
	return byName
}
