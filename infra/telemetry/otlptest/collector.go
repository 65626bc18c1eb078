// Package otlptest is a collector of traces for tests: it takes OTLP over HTTP
// as OpenTelemetry's own does, and keeps the spans.
package otlptest

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Collector takes spans at the URL of its Server.
type Collector struct {
	*httptest.Server

	mu    sync.Mutex
	spans []*trace.Span
	from  map[string]string
}

// Start starts a collector that ends with the test.
func Start(t testing.TB) *Collector {
	c := &Collector{from: map[string]string{}}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Server.Close)
	return c
}

// ServeHTTP takes spans: gzipped protobuf at /v1/traces.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := gzip.NewReader(r.Body)
	if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		http.Error(w, "not OTLP", http.StatusBadRequest)
		return
	}
	raw, err := io.ReadAll(body)
	var sent collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(raw, &sent)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, from := range sent.ResourceSpans {
		for _, a := range from.Resource.Attributes {
			c.from[a.Key] = a.Value.GetStringValue()
		}
		for _, scope := range from.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
}

// Spans are the spans so far, in the order in which they came.
func (c *Collector) Spans() []*trace.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// From is an attribute of who sent them, e.g. "service.name".
func (c *Collector) From(attribute string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.from[attribute]
}
