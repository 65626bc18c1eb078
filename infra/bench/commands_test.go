package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hoso/domain/eventlog"
	"hoso/infra/sqlite"
)

// The agencies and the procedure of the mix, from the starter set.
const (
	desk      = "H99.01"
	decider   = "H99.14"
	procedure = "1.013217"
)

// life is the mix "one dossier's life": ten commands by five people, each
// signed in with a token of their own.
type life struct {
	applicant, officer, expert, chief string // tokens
}

func (l life) submission(i int64) []byte {
	body := fmt.Sprintf(`{"procedure":%q,"agency":%q,"competent":%q,"channel":"online","submitter":{"kind":"citizen","name":"Người Nộp %d","phone":"0912345678","email":"nguoi.nop@example.com"},"receiving":{"way":"online"},"summary":"Đề nghị giải quyết hồ sơ số %d theo quy định"}`, procedure, desk, decider, i, i)
	return request("POST", "/api/v1/dossiers", l.applicant, body)
}

// rest are the commands after the submission, as path, token, body.
func (l life) rest() [][3]string {
	return [][3]string{
		{"accept", l.officer, `{}`},
		{"route", l.officer, `{"agency":"` + decider + `","unit":"Phòng chuyên môn","note":"chuyển xử lý"}`},
		{"progress", l.expert, `{"title":"Thẩm định hồ sơ","text":"Đã kiểm tra thành phần hồ sơ"}`},
		{"contact", l.expert, `{"means":"phone","text":"Đã hướng dẫn người nộp qua điện thoại"}`},
		{"progress", l.expert, `{"title":"Trình lãnh đạo","text":"Dự thảo kết quả"}`},
		{"decide", l.chief, `{"outcome":"granted","number":"12/GP"}`},
		{"receive-result", l.officer, `{}`},
		{"deliver", l.officer, `{"way":"online","receiver":"Người nộp"}`},
		{"rate", l.applicant, `{"score":5,"comment":"Nhanh, rõ ràng"}`},
	}
}

// BenchmarkCommands compares durable commands over HTTP with the same events
// appended to the same log directly, by as many callers. What the framework
// leaves of that is shown by a bare echo handler that appends them.
func BenchmarkCommands(b *testing.B) {
	for _, clients := range []int{16, 256} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			var count, events, ticks, took, direct, bare float64 // of all rounds, because machines have moods
			for range b.N {
				dir := loaded(b)
				twin, other := copyDir(b, dir), copyDir(b, dir)
				before := headOf(b, dir)
				s := serve(b, dir)
				started := s.ticks()
				n, d := s.drive(b, clients, span())
				count, took = count+float64(n), took+d.Seconds()
				ticks += float64(s.ticks() - started)
				s.stop()
				appends := eventsAfter(b, dir, before)
				n, d = appendAll(b, twin, clients, appends)
				events, direct = events+float64(n), direct+d.Seconds()
				_, d = appendOverEcho(b, other, clients, appends)
				bare += d.Seconds()
			}
			b.ReportMetric(count/took, "commands/s")
			b.ReportMetric(events/took, "events/s")
			b.ReportMetric(events/direct, "direct-events/s")
			b.ReportMetric(ticks*1e4/count, "server-µs/command") // of all processors
			b.ReportMetric(direct/took, "ratio")
			b.ReportMetric(direct/bare, "bare-echo-ratio")
		})
	}
}

// span is how long the commands are driven.
func span() time.Duration {
	if dossiers() < 10_000 {
		return 3 * time.Second
	}
	return 10 * time.Second
}

// drive lives dossiers from many connections until the time is over, and
// counts the commands acknowledged.
func (s *server) drive(b *testing.B, clients int, d time.Duration) (int64, time.Duration) {
	b.Helper()
	l := life{s.token(b, "applicant", "", "bench-applicant"), s.token(b, "intake_officer", desk, "bench-officer"),
		s.token(b, "specialist", decider, "bench-expert"), s.token(b, "leader", decider, "bench-chief")}
	var count, number atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, clients)
	start := time.Now()
	for range clients {
		wg.Go(func() {
			c, err := dial(s.addr)
			if err != nil {
				errs <- err
				return
			}
			defer c.conn.Close()
			for time.Since(start) < d {
				n, err := l.live(c, number.Add(1), func() bool { return time.Since(start) < d })
				count.Add(n)
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	close(errs)
	for err := range errs {
		b.Fatal(err)
	}
	return count.Load(), took
}

// live lives one dossier and counts its commands.
func (l life) live(c *client, i int64, more func() bool) (int64, error) {
	status, body, err := c.do(l.submission(i))
	if err != nil || status != 201 {
		return 0, errors.Join(err, fmt.Errorf("submit: %d %s", status, body))
	}
	var r struct{ Dossier string }
	if err := json.Unmarshal(body, &r); err != nil {
		return 0, err
	}
	n := int64(1)
	for _, step := range l.rest() {
		if !more() {
			return n, nil
		}
		status, body, err := c.do(request("POST", "/api/v1/dossiers/"+r.Dossier+"/"+step[0], step[1], step[2]))
		if err != nil || status != 200 {
			return n, errors.Join(err, fmt.Errorf("%s: %d %s", step[0], status, body))
		}
		n++
	}
	return n, nil
}

func headOf(b *testing.B, dir string) eventlog.Position {
	b.Helper()
	log, err := sqlite.OpenLogReadOnly(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	head, err := log.Head(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return head
}

// oneAppend is what a command appended to one stream.
type oneAppend struct {
	stream string
	at     eventlog.Expected
	events []eventlog.Proposed
}

// eventsAfter reads what was appended, one append for each run of events of a stream.
func eventsAfter(b *testing.B, dir string, after eventlog.Position) []oneAppend {
	b.Helper()
	log, err := sqlite.OpenLogReadOnly(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	var all []oneAppend
	for batch, err := range log.Subscribe(b.Context(), after, eventlog.Filter{}) {
		if err != nil {
			b.Fatal(err)
		}
		for _, e := range batch.Events {
			p := eventlog.Proposed{ID: e.ID, Type: e.Type, Data: e.Data, Meta: e.Meta}
			if n := len(all) - 1; n >= 0 && all[n].stream == e.Stream {
				all[n].events = append(all[n].events, p)
				continue
			}
			all = append(all, oneAppend{e.Stream, eventlog.Expected(e.Revision) - 1, []eventlog.Proposed{p}})
		}
		if batch.Live {
			break
		}
	}
	return all
}

// appendAll appends the same bytes to a twin of the log.
func appendAll(b *testing.B, dir string, callers int, appends []oneAppend) (events int64, took time.Duration) {
	b.Helper()
	log, err := sqlite.OpenLog(dir, sqlite.LogOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	return inOrder(b, callers, appends, func() (func(int) error, error) {
		return func(i int) error {
			_, err := log.Append(context.Background(), appends[i].stream, appends[i].at, appends[i].events)
			return err
		}, nil
	})
}

// inOrder lets callers take appends in the log's order, each waiting for the
// one before it in its stream. Each caller begins by making what it does them with.
func inOrder(b *testing.B, callers int, appends []oneAppend, begin func() (func(i int) error, error)) (events int64, took time.Duration) {
	b.Helper()
	before, done := make([]chan struct{}, len(appends)), make([]chan struct{}, len(appends))
	last := map[string]chan struct{}{}
	for i, a := range appends {
		done[i] = make(chan struct{})
		before[i], last[a.stream] = last[a.stream], done[i]
		events += int64(len(a.events))
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 2)) // as hoso serve does
	errs := make([]error, callers)
	var next atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for caller := range callers {
		wg.Go(func() {
			do, err := begin()
			for i := next.Add(1) - 1; i < int64(len(appends)); i = next.Add(1) - 1 {
				if err == nil {
					if before[i] != nil {
						<-before[i]
					}
					err = do(int(i))
				}
				close(done[i]) // after an error too: others wait for it
			}
			errs[caller] = err
		})
	}
	wg.Wait()
	took = time.Since(start)
	if err := errors.Join(errs...); err != nil {
		b.Fatal(err)
	}
	return events, took
}
