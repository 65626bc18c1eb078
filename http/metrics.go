package http

import (
	"context"
	"log/slog"
	nethttp "net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"hoso/domain"
	"hoso/projections"
)

// Metrics count what the program does, for Prometheus.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	commands *prometheus.HistogramVec
}

// NewMetrics makes metrics; hand Command to commands.Config.Observe.
func NewMetrics() *Metrics {
	buckets := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hoso_http_request_seconds", Help: "Time to answer a request, by route and status.", Buckets: buckets,
		}, []string{"method", "route", "status"}),
		commands: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hoso_command_seconds", Help: "Time to do a command until it is on disk; result is ok, the refusal's code, or error.", Buckets: buckets,
		}, []string{"command", "result"}),
	}
	m.registry.MustRegister(m.requests, m.commands, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Command counts a command; give what it gives the command's error.
func (m *Metrics) Command(ctx context.Context, command string) (context.Context, func(error)) {
	start := time.Now()
	return ctx, func(err error) {
		result := "ok"
		if err != nil {
			if result = domain.CodeOf(err); result == "" {
				result = "error"
			}
		}
		m.commands.WithLabelValues(command, result).Observe(time.Since(start).Seconds())
	}
}

// Add counts more: what happens behind the server.
func (m *Metrics) Add(more prometheus.Collector) { m.registry.MustRegister(more) }

func (m *Metrics) request(method, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}

func (m *Metrics) handler() nethttp.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// watch adds how far each projection lags, asked at each scrape.
func (m *Metrics) watch(views projections.Views, logger *slog.Logger) {
	m.registry.MustRegister(&lagCollector{views: views, logger: logger})
}

var (
	lagDesc    = prometheus.NewDesc("hoso_projection_lag_events", "Events of the log not yet applied.", []string{"projection"}, nil)
	parkedDesc = prometheus.NewDesc("hoso_projection_parked_dossiers", "Dossiers set aside because they cannot be folded.", []string{"projection"}, nil)

	rebuildingDesc = prometheus.NewDesc("hoso_projection_rebuilding", "1 while the projection is being built anew beside the one that serves.", []string{"projection"}, nil)
)

type lagCollector struct {
	views  projections.Views
	logger *slog.Logger
}

// Describe implements prometheus.Collector.
func (l *lagCollector) Describe(to chan<- *prometheus.Desc) {
	to <- lagDesc
	to <- parkedDesc
	to <- rebuildingDesc
}

// Collect implements prometheus.Collector.
func (l *lagCollector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), viewTimeout)
	defer cancel()
	all, err := l.views.Status(ctx)
	if err != nil {
		l.logger.Warn("the projections' lag is unknown", "error", err)
		return
	}
	for _, st := range all {
		to <- prometheus.MustNewConstMetric(lagDesc, prometheus.GaugeValue, float64(st.Lag), st.Projection)
		to <- prometheus.MustNewConstMetric(parkedDesc, prometheus.GaugeValue, float64(st.Parked), st.Projection)
		rebuilding := 0.0
		if st.Rebuilding {
			rebuilding = 1
		}
		to <- prometheus.MustNewConstMetric(rebuildingDesc, prometheus.GaugeValue, rebuilding, st.Projection)
	}
}
