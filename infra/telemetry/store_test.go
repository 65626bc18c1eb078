package telemetry

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"testing"
	"time"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/infra/sqlite"
	"hoso/projections"
	"hoso/projections/projtest"
)

var start = time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC)

// TestProjectionsAreCountedAndLinked follows a log through watched stores, over
// a rebuild.
func TestProjectionsAreCountedAndLinked(t *testing.T) {
	m, r := NewMetrics(), receive(t, func(o *TraceOptions) { o.Sample = 0 }) // the commands were sampled: their batches are
	w := projtest.New(t, memory.New())
	w.Catalogue(start)
	at := w.Lives(1, start, 0, 20) // before the views are there: the first build
	logger := slog.New(slog.DiscardHandler)
	views, err := sqlite.OpenViews(t.TempDir(), false, sqlite.ViewsOptions{Head: w.Log.Head, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	defer views.Close()
	feed := projections.NewFeed(w.Log, w.Codec, logger)
	runner := projections.NewRunner(feed, Store(views.Stores(projections.DossierProjection)[0], m, r.traces), logger)
	if err := projections.Start(t.Context(), nil, runner); err != nil {
		t.Fatal(err)
	}
	built := count(t, w.Log)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	at = w.Lives(2, at, 20, 40)
	traced := []string{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "00-1af7651916cd43dd8448eb211c80319c-c7ad6b7169203331-01"}
	for i, trace := range traced {
		w.AppendMeta(projtest.Stream(projtest.ID("traced", i)), codec.Meta{RecordedAt: at, Trace: trace}, domain.Submitted{Procedure: "1.004222"})
	}
	head, _ := w.Log.Head(t.Context())
	waiting, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := views.Wait(waiting, runner.Name(), head); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := projections.Rebuild(t.Context(), nil, runner); err != nil {
		t.Fatal(err)
	}
	dossier := []string{"projection", "dossier"}
	if got, want := value(t, m, "hoso_projection_events_total", dossier...), float64(count(t, w.Log)-built); got != want {
		t.Errorf("%v events counted, %v came after the first build", got, want)
	}
	for name, want := range map[string]float64{"hoso_projection_writing": 1, "hoso_projection_parkings_total": 0} {
		if got := value(t, m, name, dossier...); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if got := value(t, m, "hoso_projection_rebuild_seconds", "projection", "dossier", "outcome", "served"); got != 2 {
		t.Errorf("%v builds served, want 2: the first, and the rebuild", got)
	}
	if value(t, m, "hoso_projection_batch_seconds", "projection", "dossier", "outcome", "ok") == 0 || value(t, m, "hoso_projection_documents_total", dossier...) < 22 {
		t.Error("batches or documents are not counted")
	}
	links := map[string]bool{}
	_ = r.sent(t)
	for _, s := range r.Spans() {
		for _, l := range s.Links {
			links["00-"+hex.EncodeToString(l.TraceId)+"-"+hex.EncodeToString(l.SpanId)+"-01"] = true
		}
		if s.Name != "project dossier" || len(s.ParentSpanId) != 0 {
			t.Errorf("span %s, parent %x", s.Name, s.ParentSpanId)
		}
	}
	if len(links) != len(traced) || !links[traced[0]] || !links[traced[1]] {
		t.Errorf("linked to %v", links)
	}
}

// count is how many events of dossiers a log holds.
func count(t *testing.T, log eventlog.Log) (n int) {
	t.Helper()
	for b, err := range log.Subscribe(t.Context(), eventlog.Position{}, eventlog.Filter{StreamPrefixes: []string{domain.DossierPrefix}}) {
		if err != nil {
			t.Fatal(err)
		}
		n += len(b.Events)
		if b.Live {
			break
		}
	}
	return n
}

// stubborn is a store whose generation refuses.
type stubborn struct {
	projections.Store
	projections.Generation
	err error
}

func (stubborn) Name() string                     { return "search" }
func (stubborn) Partition() projections.Partition { return projections.Partition{Index: 1, Of: 3} }
func (stubborn) Turn(bool) context.Context        { return nil }
func (s *stubborn) Serving(context.Context) (projections.Generation, string, error) {
	return s, "", nil
}
func (s *stubborn) Update(context.Context, func(projections.Documents) error) error { return s.err }

func TestFencedAndStandingBy(t *testing.T) {
	m := NewMetrics()
	inner := &stubborn{}
	g, _, _ := Store(inner, m, nil).Serving(t.Context())
	for err, want := range map[error]string{projections.ErrFenced: "fenced", projections.ErrRetired: "retired", errors.New("disk"): "error"} {
		inner.err = err
		if got := g.Update(t.Context(), nil); !errors.Is(got, err) {
			t.Errorf("%v comes out as %v", err, got)
		}
		if got := value(t, m, "hoso_projection_batch_seconds", "projection", "search", "partition", "2 of 3", "outcome", want); got != 1 {
			t.Errorf("%v: %v batches counted as %s", err, got, want)
		}
	}
	if got := value(t, m, "hoso_projection_writing", "partition", "2 of 3"); got != 0 {
		t.Error("who stands by is told to write")
	}
}
