package http

import (
	"log/slog"
	nethttp "net/http"
	"testing"

	"hoso/infra/telemetry"
	"hoso/infra/telemetry/otlptest"
)

// BenchmarkWatched is one read of a dossier, with metrics and traces off and
// on. Off costs a look at a nil, so compare "off" with itself in two runs to
// see the noise, and the others with it.
func BenchmarkWatched(b *testing.B) {
	traces := func(share float64) func(c *Config) {
		return func(c *Config) {
			t, err := telemetry.OpenTraces(b.Context(), telemetry.TraceOptions{URL: otlptest.Start(b).URL, Sample: share, Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { t.Close() })
			c.Metrics, c.Trace = nil, t.Request
		}
	}
	for _, one := range []struct {
		name   string
		change func(*Config)
	}{
		{"off", func(c *Config) { c.Metrics = nil }}, {"metrics", func(*Config) {}},
		{"traces, none sampled", traces(0)}, {"traces, a tenth sampled", traces(.1)}, {"traces, all sampled", traces(1)},
	} {
		b.Run(one.name, func(b *testing.B) {
			s := open(b, func(c *Config) { c.Logger = slog.New(slog.DiscardHandler) }, one.change)
			id, _ := s.submitted()
			s.settled()
			token := s.auditor()
			for b.Loop() {
				if g := s.do(ask{method: "GET", path: "/api/v1/dossiers/" + id, token: token}); g.Code != nethttp.StatusOK {
					b.Fatal(g.Code)
				}
			}
		})
	}
}
