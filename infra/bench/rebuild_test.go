package bench

import (
	"io"
	"log/slog"
	"runtime/debug"
	"testing"
	"time"

	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/infra/keys"
	"hoso/infra/sqlite"
	"hoso/projections"
)

// BenchmarkRebuild compares building all views from the log with reading and
// decoding the same log by the same driver and decoder, and nothing else.
func BenchmarkRebuild(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(200)) // as hoso rebuild does; for both sides
	var events int
	var scan, rebuild time.Duration // of all rounds
	for range b.N {
		dir := loaded(b)
		log, err := sqlite.OpenLogReadOnly(dir)
		if err != nil {
			b.Fatal(err)
		}
		master, err := keys.LoadMaster(dir, "")
		if err != nil {
			b.Fatal(err)
		}
		store, err := keys.OpenReadOnly(dir, master)
		if err != nil {
			b.Fatal(err)
		}
		c := codec.Codec{Keys: store.Key}
		n, took := scanAndDecode(b, log, &c)
		events, scan = events+n, scan+took
		rebuild += rebuildAll(b, dir, log, c)
		store.Close()
		log.Close()
	}
	b.ReportMetric(float64(events)/scan.Seconds(), "scanned-events/s")
	b.ReportMetric(float64(events)/rebuild.Seconds(), "rebuilt-events/s")
	b.ReportMetric(scan.Seconds()/rebuild.Seconds(), "ratio")
}

func scanAndDecode(b *testing.B, log eventlog.Log, c *codec.Codec) (events int, took time.Duration) {
	b.Helper()
	start := time.Now()
	for batch, err := range log.Subscribe(b.Context(), eventlog.Position{}, eventlog.Filter{}) {
		if err != nil {
			b.Fatal(err)
		}
		for _, e := range batch.Events {
			if _, err := c.Decode(e); err != nil {
				b.Fatal(err)
			}
			events++
		}
		if batch.Live {
			break
		}
	}
	return events, time.Since(start)
}

func rebuildAll(b *testing.B, dir string, log eventlog.Log, c codec.Codec) time.Duration {
	b.Helper()
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	hash := func(s string) string { return s }
	views, err := sqlite.OpenViews(dir, false, sqlite.ViewsOptions{Proofs: projections.Proofs{ID: hash, Phone: hash}, Head: log.Head, Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	defer views.Close()
	feed := projections.NewFeed(log, c, quiet)
	var runners []*projections.Runner
	for _, name := range []string{projections.DossierProjection, projections.SearchProjection, projections.TimelineProjection, projections.TimesProjection} {
		runners = append(runners, projections.NewRunner(feed, views.Store(name), quiet))
	}
	start := time.Now()
	if err := projections.Rebuild(b.Context(), nil, runners...); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}
