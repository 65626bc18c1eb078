package elastic

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/infra/sqlite"
	"hoso/projections"
	"hoso/projections/viewtest"
)

// recorder keeps what is sent as bulks to indexes of one projection.
type recorder struct {
	through http.RoundTripper
	mu      sync.Mutex
	bodies  [][]byte
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	if strings.HasSuffix(req.URL.Path, "/_bulk") {
		raw, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(raw))
		r.mu.Lock()
		r.bodies = append(r.bodies, raw)
		r.mu.Unlock()
	}
	return r.through.RoundTrip(req)
}

// BenchmarkProjection brings a log of simulated dossiers into an empty view,
// batch by batch, checkpoint included, and holds the time against the same bulks
// sent bare to an index of the same mapping; with the feed, also what it takes
// to read, decode and fold the log, which the four projections share once they
// have caught up. HOSO_DIFF_DOSSIERS says how many dossiers.
func BenchmarkProjection(b *testing.B) {
	address := server(b)
	r := newRig(b, sqliteLog(b))
	r.simulate()
	quiet := slog.New(slog.DiscardHandler)
	for i, name := range viewtest.Names {
		b.Run(name, func(b *testing.B) {
			var fed, followed, raw time.Duration
			var events, requests int
			for range b.N {
				rec := &recorder{}
				v, err := Open(b.Context(), address, Options{Proofs: viewtest.Proofs(), Prefix: newPrefix(b), wrap: func(t http.RoundTripper) http.RoundTripper { rec.through = t; return rec }})
				if err != nil {
					b.Fatal(err)
				}
				p := v.all[i]
				empty(b, p, r.log)
				feed := projections.NewFeed(r.log, r.codec, quiet)
				runner := projections.NewRunner(feed, p.lanes[0], quiet)
				if err := projections.Start(b.Context(), nil, runner); err != nil {
					b.Fatal(err)
				}
				rec.bodies, events = nil, 0
				began := time.Now()
				var batches []*projections.Batch
				for batch := range runner.Batches(b.Context()) {
					batches = append(batches, batch)
					if events += len(batch.Items); batch.Live {
						break
					}
				}
				fed += time.Since(began)
				runtime.GC() // nobody else keeps the whole log in memory
				began = time.Now()
				for i, batch := range batches {
					batches[i] = nil
					if err := runner.Handle(b.Context(), batch); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := p.lanes[0].gen.landed(b.Context()); err != nil { // checkpoint included
					b.Fatal(err)
				}
				followed += time.Since(began)
				bodies := rec.bodies
				requests += len(bodies)
				bare, err := p.Build(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				if _, err := bare.Finish(b.Context()); err != nil { // settings like those of one that serves
					b.Fatal(err)
				}
				began = time.Now()
				for _, body := range bodies {
					req := esapi.BulkRequest{Index: bare.(*build).index, Body: bytes.NewReader(body)}
					res, err := req.Do(b.Context(), v.es.writes)
					if err != nil || res.IsError() {
						b.Fatal(res, err)
					}
					_, _ = io.Copy(io.Discard, res.Body)
					res.Body.Close()
				}
				raw += time.Since(began)
				v.Close()
			}
			b.ReportMetric(float64(events*b.N)/followed.Seconds(), "events/s")
			b.ReportMetric(raw.Seconds()/(fed+followed).Seconds(), "of-raw-bulk-with-the-feed")
			b.ReportMetric(float64(requests)/float64(b.N), "bulks")
			b.ReportMetric(raw.Seconds()/followed.Seconds(), "of-raw-bulk")
		})
	}
}

// empty makes a generation of no documents serve, from before the first event.
func empty(b *testing.B, p *projection, log eventlog.Log) {
	b.Helper()
	build, err := p.Build(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if err := build.SetCheckpoint(projections.Checkpoint{Log: log.ID()}); err != nil {
		b.Fatal(err)
	}
	g, err := build.Finish(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if err := p.Serve(b.Context(), g, eventlog.Position{}); err != nil {
		b.Fatal(err)
	}
}

// sqliteLog is a log whose batches are as large as in real life.
func sqliteLog(b *testing.B) eventlog.Log {
	b.Helper()
	log, err := sqlite.OpenLog(b.TempDir(), sqlite.LogOptions{Relaxed: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { log.Close() })
	return log
}

// BenchmarkLookUp looks codes up and holds the time against a bare GET of the
// same documents, taking turns.
func BenchmarkLookUp(b *testing.B) {
	address := server(b)
	r := newRig(b, sqliteLog(b))
	r.simulate()
	v, err := Open(b.Context(), address, Options{Proofs: viewtest.Proofs(), Prefix: newPrefix(b)})
	if err != nil {
		b.Fatal(err)
	}
	defer v.Close()
	r.follow(v)()
	page, err := v.Search(b.Context(), projections.SearchQuery{Limit: 200})
	if err != nil {
		b.Fatal(err)
	}
	var keys []string
	for _, h := range page.Hits {
		keys = append(keys, domain.FoldCode(h.Code))
	}
	lookUp := func(key string) {
		if _, ok, err := v.ByCode(b.Context(), key); !ok || err != nil {
			b.Fatal(key, ok, err)
		}
	}
	get := func(key string) {
		req := esapi.GetRequest{Index: v.all[0].alias(), DocumentID: docID('c', key)}
		res, err := req.Do(context.Background(), v.es.reads)
		if err != nil || res.IsError() {
			b.Fatal(res, err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
	for range 2000 { // the server's own compiler first
		get(keys[rand.IntN(len(keys))])
	}
	var ours, bare time.Duration
	rounds := 0
	for b.Loop() {
		for range 50 {
			key := keys[rand.IntN(len(keys))]
			began := time.Now()
			lookUp(key)
			middle := time.Now()
			get(key)
			ours, bare = ours+middle.Sub(began), bare+time.Since(middle)
		}
		rounds++
	}
	b.ReportMetric(float64(rounds*50)/ours.Seconds(), "look-ups/s")
	b.ReportMetric(bare.Seconds()/ours.Seconds(), "of-raw-GET")
}
