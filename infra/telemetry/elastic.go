package telemetry

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Transport counts the requests to Elasticsearch by what they call.
func (m *Metrics) Transport(inner http.RoundTripper) http.RoundTripper {
	if m == nil {
		return inner
	}
	return countedTransport{inner, m}
}

type countedTransport struct {
	http.RoundTripper
	m *Metrics
}

// RoundTrip implements http.RoundTripper.
func (t countedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	start := time.Now()
	res, err := t.RoundTripper.RoundTrip(r)
	status := "unreachable"
	if err == nil {
		status = strconv.Itoa(res.StatusCode)
	}
	t.m.requests.WithLabelValues(elasticCall(r.URL.Path), status).Observe(time.Since(start).Seconds())
	return res, err
}

// elasticCalls are the calls that are told apart; all others are "other".
var elasticCalls = map[string]bool{"bulk": true, "search": true, "mget": true, "doc": true, "count": true, "refresh": true, "forcemerge": true, "aliases": true, "pit": true}

// elasticCall is the part of the path that begins with "_"; index names and
// documents' ids are not told.
func elasticCall(path string) string {
	for part := range strings.SplitSeq(path, "/") {
		if call, ok := strings.CutPrefix(part, "_"); ok && elasticCalls[call] {
			return call
		}
	}
	return "other"
}

// Resent counts documents of a bulk that are sent again.
func (m *Metrics) Resent(documents int) { m.resent.Add(float64(documents)) }
