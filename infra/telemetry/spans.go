package telemetry

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// watched are routes that machines ask all the time; nobody traces them.
var watched = map[string]bool{"/metrics": true, "/healthz": true, "/readyz": true}

// Request begins a request's span. route is its pattern, never its path; end
// it with the status answered.
func (t *Traces) Request(r *http.Request, method, route string) (context.Context, func(status int)) {
	ctx := r.Context()
	if watched[route] {
		return ctx, func(int) {}
	}
	if t.callers {
		ctx = t.context.Extract(ctx, propagation.HeaderCarrier(r.Header))
	}
	ctx, span := t.tracer.Start(ctx, method+" "+route, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("http.request.method", method), attribute.String("http.route", route)))
	return ctx, func(status int) {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		outcome := "ok"
		if status >= http.StatusBadRequest {
			outcome = http.StatusText(status)
		}
		end(span, outcome, status >= http.StatusInternalServerError)
	}
}

// Command begins a command's span.
func (t *Traces) Command(ctx context.Context, command string) (context.Context, func(error)) {
	ctx, span := t.tracer.Start(ctx, "command "+command, trace.WithAttributes(attribute.String("hoso.command", command)))
	return ctx, func(err error) {
		outcome := "ok"
		if err != nil {
			if outcome = domain.CodeOf(err); outcome == "" {
				outcome = "error"
			}
		}
		end(span, outcome, outcome == "error")
	}
}

// Parent is what runs in a context as W3C's traceparent, for the metadata of
// events; empty where it is not traced, so that it costs no byte there.
func (t *Traces) Parent(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	t.context.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// linkTo reads a traceparent from an event's metadata.
func (t *Traces) linkTo(parent string) trace.Link {
	ctx := t.context.Extract(context.Background(), propagation.MapCarrier{"traceparent": parent})
	return trace.Link{SpanContext: trace.SpanContextFromContext(ctx)}
}

// tracedLog has a span for each append that a traced command makes. What
// appends by itself (roots, numbers of several dossiers at once) has none.
type tracedLog struct {
	eventlog.Log
	t *Traces
}

// Append implements eventlog.Log.
func (l tracedLog) Append(ctx context.Context, stream string, at eventlog.Expected, events []eventlog.Proposed) (eventlog.Appended, error) {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return l.Log.Append(ctx, stream, at, events)
	}
	kind := streamKind(stream)
	ctx, span := l.t.tracer.Start(ctx, "append "+kind, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("hoso.streams", kind), attribute.Int("hoso.events", len(events))))
	done, err := l.Log.Append(ctx, stream, at, events)
	outcome := appendOutcome(err)
	end(span, outcome, err != nil && outcome != "conflict")
	return done, err
}

// batch makes the span of a batch that was written, linked to the commands
// whose events were in it.
func (t *Traces) batch(ctx context.Context, of *store, start time.Time, seen *documents, err error) {
	links := make([]trace.Link, len(seen.traces))
	for i, parent := range seen.traces {
		links[i] = t.linkTo(parent)
	}
	_, span := t.tracer.Start(ctx, "project "+of.name, trace.WithNewRoot(), trace.WithTimestamp(start), trace.WithLinks(links...),
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
			attribute.String("hoso.projection", of.name), attribute.String("hoso.partition", of.partition),
			attribute.Int("hoso.events", seen.events), attribute.Int("hoso.documents", seen.puts), attribute.Int("hoso.parked", seen.parked)))
	outcome := batchOutcome(err)
	end(span, outcome, outcome == "error")
}

// reaction has a span for each attempt at a traced event.
func (t *Traces) reaction(name string, inner Handle) Handle {
	return func(ctx context.Context, d codec.Decoded) error {
		if d.Meta.Trace == "" {
			return inner(ctx, d)
		}
		ctx, span := t.tracer.Start(ctx, "react "+name, trace.WithNewRoot(), trace.WithLinks(t.linkTo(d.Meta.Trace)),
			trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
				attribute.String("hoso.reaction", name), attribute.String("hoso.event_type", d.Type)))
		err := inner(ctx, d)
		outcome := "ok"
		if err != nil {
			outcome = "error"
		}
		end(span, outcome, err != nil)
		return err
	}
}
