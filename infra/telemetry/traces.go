package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Traces are spans of OpenTelemetry: HTTP, command, append, and, linked to the
// command through the event's metadata, projection and reaction. A nil *Traces
// traces nothing and wraps nothing.
type Traces struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	context  propagation.TraceContext
	callers  bool
}

// TraceOptions say what is traced and where it goes.
type TraceOptions struct {
	// URL of a collector that takes OTLP over HTTP, e.g. http://127.0.0.1:4318;
	// without a path, /v1/traces. Headers it wants (a token) come from
	// OTEL_EXPORTER_OTLP_HEADERS, as every exporter of OpenTelemetry reads them.
	URL string
	// Sample is the share of requests that are traced, 0 to 1.
	Sample float64
	// Callers lets a request's traceparent header decide, and continues its
	// trace: only behind a proxy that sets it. Anybody else could have everything
	// traced, and write into the log what they like to call a trace id.
	Callers bool
	Version string
	Logger  *slog.Logger
}

const (
	maxLinks     = 32 // of one batch's span
	sendEvery    = 2 * time.Second
	flushTimeout = 5 * time.Second
)

// OpenTraces begins to trace. Nothing is sent before there is a span, and a
// collector that does not answer harms nothing: spans are dropped, and it is
// told once a minute.
func OpenTraces(ctx context.Context, o TraceOptions) (*Traces, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, errors.New("write it as http://127.0.0.1:4318, without a password (OTEL_EXPORTER_OTLP_HEADERS holds a token)")
	}
	if o.Sample < 0 || o.Sample > 1 {
		return nil, errors.New("the share of requests to trace is a number from 0 to 1")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(u.String()), otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
	if err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	about, err := resource.New(ctx, resource.WithFromEnv(), resource.WithHost(), resource.WithAttributes(
		attribute.String("service.name", "hoso"), attribute.String("service.version", o.Version)))
	if err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(&telling{SpanExporter: exporter, logger: o.Logger}, sdktrace.WithBatchTimeout(sendEvery)),
		sdktrace.WithResource(about), sdktrace.WithSampler(sampler{sdktrace.ParentBased(sdktrace.TraceIDRatioBased(o.Sample))}),
	)
	return &Traces{provider: provider, tracer: provider.Tracer("hoso"), callers: o.Callers}, nil
}

// Close sends what is left, for five seconds at most.
func (t *Traces) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("telemetry: the last spans were not sent: %w", err)
	}
	return nil
}

// sampler keeps spans whose links are kept: they have no parent to go by.
type sampler struct{ sdktrace.Sampler }

// ShouldSample implements sdktrace.Sampler.
func (s sampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	for _, l := range p.Links {
		if l.SpanContext.IsSampled() {
			return sdktrace.SamplingResult{Decision: sdktrace.RecordAndSample}
		}
	}
	return s.Sampler.ShouldSample(p)
}

// telling says why spans are not sent, now and then.
type telling struct {
	sdktrace.SpanExporter
	logger *slog.Logger

	mu   sync.Mutex
	last time.Time
}

// ExportSpans implements sdktrace.SpanExporter.
func (e *telling) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil && time.Since(e.last) > time.Minute {
		e.last = time.Now()
		e.logger.Warn("traces cannot be sent; they are dropped", "error", err)
	}
	return nil // told
}

// end ends a span. The error's text stays out: it may tell of a person.
func end(span trace.Span, outcome string, failed bool) {
	span.SetAttributes(attribute.String("hoso.outcome", outcome))
	if failed {
		span.SetStatus(codes.Error, outcome)
	}
	span.End()
}
