package sqlite_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"hoso/domain/eventlog"
	"hoso/infra/sqlite"
	"hoso/projections"
	"hoso/projections/projtest"
	"hoso/projections/viewtest"
)

// BenchmarkRebuild builds all four views from a log and holds the time against
// a bare scan and decode of the same log; HOSO_BENCH_DOSSIERS says how many
// dossiers (default 11,000, some 100,000 events).
func BenchmarkRebuild(b *testing.B) {
	dossiers := 11_000
	if n, err := strconv.Atoi(os.Getenv("HOSO_BENCH_DOSSIERS")); err == nil {
		dossiers = n
	}
	log, err := sqlite.OpenLog(b.TempDir(), sqlite.LogOptions{Relaxed: true})
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	w := projtest.New(b, log)
	w.Catalogue(viewtest.Start.Add(-time.Hour))
	w.Lives(1, viewtest.Start, 0, dossiers)
	s := started(b, w, b.TempDir())

	var events int
	var scan, rebuild time.Duration
	for b.Loop() {
		began := time.Now()
		events = scanAndDecode(b, w)
		scan += time.Since(began)
		began = time.Now()
		if err := projections.Rebuild(b.Context(), nil, s.Runners...); err != nil {
			b.Fatal(err)
		}
		rebuild += time.Since(began)
	}
	b.ReportMetric(float64(events*b.N)/rebuild.Seconds(), "events/s")
	b.ReportMetric(float64(events*b.N)/scan.Seconds(), "scan-events/s")
	b.ReportMetric(scan.Seconds()/rebuild.Seconds(), "of-scan")
}

func scanAndDecode(b *testing.B, w *projtest.World) (events int) {
	for batch, err := range w.Log.Subscribe(b.Context(), eventlog.Position{}, eventlog.Filter{}) {
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range batch.Events {
			if _, err := w.Codec.Decode(r); err != nil {
				b.Fatal(err)
			}
			events++
		}
		if batch.Live {
			break
		}
	}
	return events
}
