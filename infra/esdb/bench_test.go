package esdb_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"hoso/domain/eventlog"
	"hoso/infra/esdb/esdbtest"
)

// Appends of one event of 570 bytes through the log, beside the bare client on the same double. The two take
// turns in short rounds, so that whatever else the machine does slows both. The metric
// "ofbare" is the ratio. Try: go test -bench Append -benchtime 20000x -run ^$ ./infra/esdb
func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 16} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			srv := double(b, esdbtest.Options{})
			l, raw := openLog(b, srv.ConnectionString()), bareClient(b, srv.ConnectionString())
			data, meta := fmt.Appendf(nil, `{"pad":"%0380d"}`, 0), fmt.Appendf(nil, `{"pad":"%0160d"}`, 0)
			through := func(stream string) error {
				_, err := l.Append(context.Background(), stream, eventlog.NoStream, []eventlog.Proposed{{ID: uuid.New(), Type: "dossier.submitted", Data: data, Meta: meta}})
				return err
			}
			bare := func(stream string) error {
				_, err := raw.AppendToStream(context.Background(), stream, client.AppendToStreamOptions{ExpectedRevision: client.NoStream{}},
					client.EventData{EventID: uuid.New(), EventType: "dossier.submitted", ContentType: client.ContentTypeJson, Data: data, Metadata: meta})
				return err
			}
			const round = 500
			run(b, bare, "warm", callers, round)
			run(b, through, "warmth", callers, round)
			var logged, plain time.Duration
			n := 0
			b.ResetTimer()
			for ; n < max(b.N, 2*round); n += round {
				name := fmt.Sprint(n)
				if n/round%2 == 0 {
					plain += run(b, bare, "bare"+name, callers, round)
					logged += run(b, through, "log"+name, callers, round)
				} else {
					logged += run(b, through, "log"+name, callers, round)
					plain += run(b, bare, "bare"+name, callers, round)
				}
			}
			b.ReportMetric(float64(n)/logged.Seconds(), "appends/s")
			b.ReportMetric(float64(n)/plain.Seconds(), "bare/s")
			b.ReportMetric(plain.Seconds()/logged.Seconds(), "ofbare")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func run(b *testing.B, once func(stream string) error, name string, callers, n int) time.Duration {
	start := time.Now()
	var running sync.WaitGroup
	for c := range callers {
		running.Go(func() {
			for i := c; i < n; i += callers {
				if err := once(fmt.Sprintf("%s-%d", name, i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
	return time.Since(start)
}
