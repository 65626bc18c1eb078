package telemetry

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
)

func TestCommandsSpansAndTheirLinks(t *testing.T) {
	r := receive(t)
	log := Log(memory.New(), nil, r.traces)
	defer log.Close()
	ctx, endRequest := r.traces.Request(httptest.NewRequest("POST", "/api/v1/dossiers/xyz/accept", nil), "POST", "/api/v1/dossiers/:dossier/accept")
	ctx, endCommand := r.traces.Command(ctx, "accept")
	parent := r.traces.Parent(ctx)
	if !regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-01$`).MatchString(parent) {
		t.Errorf("traceparent %q", parent)
	}
	_, err := log.Append(ctx, "dossier-secret", 4, []eventlog.Proposed{{}})
	endCommand(errors.New("Nguyễn Văn A is not here"))
	endRequest(500)
	refused := errors.New("later")
	_ = Reaction("notify", func(context.Context, codec.Decoded) error { return refused }, nil, r.traces)(ctx, codec.Decoded{Meta: codec.Meta{Trace: parent}})
	_ = Reaction("quiet", func(context.Context, codec.Decoded) error { return nil }, nil, r.traces)(context.Background(), codec.Decoded{})
	_, _ = log.Append(context.Background(), "roots", 4, []eventlog.Proposed{{}}) // nobody's command
	_, endProbe := r.traces.Request(httptest.NewRequest("GET", "/readyz", nil), "GET", "/readyz")
	endProbe(200)

	spans := r.sent(t)
	request, command, appending, reaction := spans["POST /api/v1/dossiers/:dossier/accept"], spans["command accept"], spans["append dossier"], spans["react notify"]
	if len(spans) != 4 || request == nil || command == nil || appending == nil || reaction == nil {
		t.Fatalf("spans %v (append: %v)", spans, err)
	}
	if len(request.ParentSpanId) != 0 || !bytes.Equal(command.ParentSpanId, request.SpanId) || !bytes.Equal(appending.ParentSpanId, command.SpanId) || !bytes.Equal(appending.TraceId, request.TraceId) {
		t.Error("the append is not within the command, or that not within the request")
	}
	if bytes.Equal(reaction.TraceId, request.TraceId) || len(reaction.Links) != 1 || !bytes.Equal(reaction.Links[0].SpanId, command.SpanId) || !bytes.Equal(reaction.Links[0].TraceId, command.TraceId) {
		t.Error("the reaction is not linked to the command")
	}
	if parent != "00-"+hex.EncodeToString(command.TraceId)+"-"+hex.EncodeToString(command.SpanId)+"-01" {
		t.Errorf("the events' metadata name %s", parent)
	}
	for name, s := range spans {
		if text := s.String(); strings.Contains(text, "secret") || strings.Contains(text, "Nguy") || strings.Contains(text, "xyz") || strings.Contains(text, "later") {
			t.Errorf("the span %s tells too much: %s", name, text)
		}
	}
	if r.From("service.name") != "hoso" || r.From("service.version") != "v0" {
		t.Errorf("the spans come from %s %s", r.From("service.name"), r.From("service.version"))
	}
}

func TestWhoDecidesWhatIsTraced(t *testing.T) {
	const asked = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for _, c := range []struct {
		sample  float64
		callers bool
		header  string
		traced  bool
	}{{0, false, "", false}, {0, false, asked, false}, {0, true, asked, true}, {1, true, strings.TrimSuffix(asked, "1") + "0", false}, {1, false, "", true}, {0, true, "", false}} {
		r := receive(t, func(o *TraceOptions) { o.Sample, o.Callers = c.sample, c.callers })
		q := httptest.NewRequest("GET", "/", nil)
		q.Header.Set("traceparent", c.header)
		ctx, ended := r.traces.Request(q, "GET", "/")
		if got := r.traces.Parent(ctx) != ""; got != c.traced {
			t.Errorf("%+v: traced %t", c, got)
		}
		if c.callers && c.traced && !strings.Contains(r.traces.Parent(ctx), "0af7651916cd43dd8448eb211c80319c") {
			t.Errorf("%+v: the caller's trace is not continued", c)
		}
		ended(200)
		if got := len(r.sent(t)) == 1; got != c.traced {
			t.Errorf("%+v: sent %t", c, got)
		}
	}
}

// TestNoCollector: nothing breaks, and it is told once.
func TestNoCollector(t *testing.T) {
	var said bytes.Buffer
	r := receive(t, func(o *TraceOptions) { o.Logger = slog.New(slog.NewTextHandler(&said, nil)) })
	r.Server.Close()
	for range 3 {
		_, ended := r.traces.Command(context.Background(), "accept")
		ended(nil)
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // no time for retries
		_ = r.traces.provider.ForceFlush(ctx)
	}
	_ = r.traces.Close()
	if n := strings.Count(said.String(), "cannot be sent"); n != 1 {
		t.Errorf("told %d times: %s", n, said.String())
	}
	for _, url := range []string{"", "localhost:4318", "ftp://x", "http://user:secret@host:4318", "http://"} {
		if _, err := OpenTraces(t.Context(), TraceOptions{URL: url}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", url, err)
		}
	}
	if _, err := OpenTraces(t.Context(), TraceOptions{URL: "http://x:1", Sample: 1.5}); err == nil {
		t.Error("a share of 1.5")
	}
}
