package esdbtest

import (
	"bytes"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

func benchClient(b *testing.B, o Options) (*Server, *esdb.Client) {
	s, err := Start(o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Stop)
	config, err := esdb.ParseConnectionString(s.ConnectionString())
	if err != nil {
		b.Fatal(err)
	}
	config.Logger = esdb.NoopLogging()
	c, err := esdb.NewClient(config)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	return s, c
}

// BenchmarkAppend appends events of 568 B, one at a time, each to a stream of
// its own.
func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 16, 64} {
		for _, where := range []string{"memory", "file"} {
			b.Run(fmt.Sprint(callers, "/", where), func(b *testing.B) {
				o := Options{}
				if where == "file" {
					o.File = filepath.Join(b.TempDir(), "log")
				}
				_, c := benchClient(b, o)
				data := bytes.Repeat([]byte("x"), 568)
				var n atomic.Int64
				var wg sync.WaitGroup
				for range callers {
					wg.Go(func() {
						for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
							e := esdb.EventData{EventID: uuid.New(), EventType: "t", Data: data}
							if _, err := c.AppendToStream(b.Context(), fmt.Sprint("s-", i), esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}, e); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
			})
		}
	}
}

// BenchmarkCatchUp subscribes from the start to all 100,000 events of 568 B.
func BenchmarkCatchUp(b *testing.B) {
	for _, where := range []string{"memory", "file"} {
		b.Run(where, func(b *testing.B) {
			const events = 100_000
			o := Options{}
			if where == "file" {
				o.File = filepath.Join(b.TempDir(), "log")
			}
			s, c := benchClient(b, o)
			for n := range events / 1000 {
				batch := make([]event, 1000)
				for i := range batch {
					batch[i] = event{id: uuid.New(), typ: "t", data: bytes.Repeat([]byte("x"), 568)}
				}
				if err := s.cluster.log().change(func(w *writing) { _, _ = w.append(fmt.Sprint("d-", n), expectNoStream, batch) }); err != nil {
					b.Fatal(err)
				}
			}
			b.ResetTimer()
			for range b.N {
				sub, err := c.SubscribeToAll(b.Context(), esdb.SubscribeToAllOptions{From: esdb.Start{}, MaxSearchWindow: 500, CheckpointInterval: 4,
					Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"d-"}}})
				if err != nil {
					b.Fatal(err)
				}
				for n := 0; n < events; {
					e := sub.Recv()
					if e.SubscriptionDropped != nil {
						b.Fatal(e.SubscriptionDropped.Error)
					}
					if e.EventAppeared != nil {
						n++
					}
				}
				sub.Close()
			}
			b.ReportMetric(float64(b.N)*events/b.Elapsed().Seconds(), "events/s")
		})
	}
}
