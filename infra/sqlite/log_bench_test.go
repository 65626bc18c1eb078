package sqlite

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
)

// Durable appends of 1 to 3 events by 1, 16 and 256 callers, beside a raw loop of the
// same driver that inserts the same rows into the same tables with as many appends a commit on average.
// The metric "ofraw" is the ratio. Try: go test -bench DurableAppends -benchtime 20000x -run ^$ ./infra/sqlite
func BenchmarkDurableAppends(b *testing.B) {
	for _, callers := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			work := makeAppends(b.N, callers)
			perCommit, logged := throughLog(b, work, callers)
			raw := throughConn(b, work, perCommit)
			b.ReportMetric(float64(b.N)/logged.Seconds(), "appends/s")
			b.ReportMetric(float64(b.N)/raw.Seconds(), "raw/s")
			b.ReportMetric(raw.Seconds()/logged.Seconds(), "ofraw")
			b.ReportMetric(float64(perCommit), "appends/commit")
			b.ReportMetric(0, "ns/op")
		})
	}
}

type appendCall struct {
	stream string
	at     eventlog.Expected
	events []eventlog.Proposed
}

// makeAppends spreads n appends over the callers; a stream ends after nine events.
func makeAppends(n, callers int) [][]appendCall {
	work := make([][]appendCall, callers)
	for i := range n {
		mine := &work[i%callers]
		call := appendCall{stream: "dossier-" + uuid.NewString(), at: eventlog.NoStream}
		if k := len(*mine); k > 0 {
			last := (*mine)[k-1]
			if end := last.at + eventlog.Expected(len(last.events)); end < 8 {
				call.stream, call.at = last.stream, end
			}
		}
		for range 1 + i%3 {
			call.events = append(call.events, eventlog.Proposed{ID: uuid.New(), Type: "dossier.submitted",
				Data: fmt.Appendf(nil, `{"pad":"%0400d"}`, i), Meta: fmt.Appendf(nil, `{"pad":"%0180d"}`, i)})
		}
		*mine = append(*mine, call)
	}
	return work
}

func throughLog(b *testing.B, work [][]appendCall, callers int) (perCommit int, took time.Duration) {
	l, err := OpenLog(b.TempDir(), LogOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	var commits atomic.Int64
	l.writer.told = func() { commits.Add(1); l.announce() }
	var running sync.WaitGroup
	start := time.Now()
	for _, mine := range work {
		running.Go(func() {
			for _, c := range mine {
				if _, err := l.Append(context.Background(), c.stream, c.at, c.events); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
	took = time.Since(start)
	return max(1, (b.N+int(commits.Load())/2)/int(commits.Load())), took
}

func throughConn(b *testing.B, work [][]appendCall, perCommit int) time.Duration {
	l, err := OpenLog(b.TempDir(), LogOptions{}) // for its tables
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	conn := l.writer.conn // its goroutine is idle: no jobs come
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	start, n := time.Now(), 0
	for round := 0; round < len(work[0]); round++ {
		for _, mine := range work {
			if round >= len(mine) {
				continue
			}
			if n%perCommit == 0 {
				must(execute(conn, "BEGIN IMMEDIATE"))
			}
			for i, e := range mine[round].events {
				stmt, err := conn.Prepare("INSERT INTO events (stream, revision, id, type, data, meta) VALUES (?, ?, ?, ?, ?, ?)")
				must(err)
				stmt.BindText(1, mine[round].stream)
				stmt.BindInt64(2, int64(mine[round].at)+1+int64(i))
				stmt.BindText(3, e.ID.String())
				stmt.BindText(4, e.Type)
				stmt.BindBytes(5, e.Data)
				stmt.BindBytes(6, e.Meta)
				_, err = stmt.Step()
				must(err)
			}
			if n++; n%perCommit == 0 {
				must(execute(conn, "COMMIT"))
			}
		}
	}
	if n%perCommit != 0 {
		must(execute(conn, "COMMIT"))
	}
	return time.Since(start)
}
