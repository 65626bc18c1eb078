package elastic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/projections"
	"hoso/projections/viewtest"
)

// stormy fails half of what writers send: it is turned away, or done and the
// answer lost, or some documents of a bulk find no room.
type stormy struct {
	through http.RoundTripper
	mu      sync.Mutex
	rnd     *rand.Rand
	met     map[string]int
	calm    bool
}

var itemStatus = regexp.MustCompile(`"status":20[01]`)

func (s *stormy) RoundTrip(r *http.Request) (*http.Response, error) {
	bulk, move := strings.HasSuffix(r.URL.Path, "/_bulk"), r.URL.Query().Has("if_seq_no")
	s.mu.Lock()
	fault := s.rnd.IntN(8)
	if s.calm || !bulk && !move {
		fault = 7
	}
	s.met[fmt.Sprint(bulk, " ", fault)]++
	s.mu.Unlock()
	if fault == 0 {
		r.Body.Close()
		return response(r, http.StatusTooManyRequests, `{"error":{"type":"es_rejected_execution_exception"}}`), nil
	}
	res, err := s.through.RoundTrip(r)
	if err != nil || res.StatusCode >= 300 {
		return res, err
	}
	switch {
	case fault == 1:
		res.Body.Close()
		return response(r, http.StatusServiceUnavailable, `{"error":{"type":"unavailable_shards_exception"}}`), nil
	case fault == 2:
		res.Body.Close()
		return nil, errors.New("connection reset by a test")
	case fault < 4 && bulk:
		raw, _ := io.ReadAll(res.Body)
		res.Body.Close()
		raw = itemStatus.ReplaceAllFunc(raw, func(ok []byte) []byte {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.rnd.IntN(3) == 0 {
				return []byte(`"status":429,"error":{"type":"es_rejected_execution_exception"}`)
			}
			return ok
		})
		res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
	}
	return res, nil
}

// lacks names a fault that did not occur yet.
func (s *stormy) lacks() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, fault := range []string{"true 0", "true 1", "true 2", "true 3", "false 0", "false 1", "false 2"} {
		if s.met[fault] == 0 {
			return fault
		}
	}
	return ""
}

// TestStorm follows a log through a cluster that turns away or loses half of
// what it is sent, and compares with views built in calm.
func TestStorm(t *testing.T) {
	storm := &stormy{rnd: rand.New(rand.NewPCG(3, 3)), met: map[string]int{}}
	prefix := newPrefix(t)
	open := opener(prefix, server(t), func(o *Options) {
		o.wrap = func(through http.RoundTripper) http.RoundTripper { storm.through = through; return storm }
	})
	w := viewtest.NewWorld(t)
	s := viewtest.Started(t, w, "p", open)
	stop := s.Follow()
	at := viewtest.Start
	for round := range 6 {
		at = w.Lives(uint64(round), at, round*20, round*20+20)
	}
	s.CaughtUp()
	for round := 6; storm.lacks() != "" && round < 100; round++ {
		at = w.Lives(uint64(round), at, round*20, round*20+2)
		s.CaughtUp()
	}
	stop()
	calm := viewtest.Started(t, w, "calm", opener(prefix, server(t), nil))
	viewtest.Same(t, "through the storm, and in calm", s.Dump(), calm.Dump())
	if fault := storm.lacks(); fault != "" {
		t.Errorf("fault %s did not occur", fault)
	}
	if strings.Contains(s.Said.String(), "set aside") {
		t.Errorf("a passing fault set a dossier aside:\n%s", s.Said)
	}
}

// TestRefusedDocumentParks lets the cluster refuse one dossier's document for
// good: that dossier is set aside, also with what comes later, the rest moves
// on; once the document is taken the dossier comes back.
func TestRefusedDocumentParks(t *testing.T) {
	var refuse sync.Map // ids
	prefix := newPrefix(t)
	open := opener(prefix, server(t), func(o *Options) {
		o.wrap = func(through http.RoundTripper) http.RoundTripper {
			return between(func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, "/_bulk") && strings.Contains(r.URL.Path, projections.TimelineProjection) {
					raw, _ := io.ReadAll(r.Body)
					refuse.Range(func(id, _ any) bool { // a list where an object is expected
						raw = regexp.MustCompile(`(?m)(^.*`+id.(string)+`.*\n)(.*)$`).ReplaceAll(raw, []byte(`$1{"state":[{"a":1},"b"],"entries":}`))
						return true
					})
					r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
				}
				return through.RoundTrip(r)
			})
		}
	})
	w := viewtest.NewWorld(t)
	at := w.Lives(1, viewtest.Start, 0, 5)
	s := viewtest.Started(t, w, "p", open)
	w.Lives(2, at, 5, 6)
	id := dossierID(5)
	refuse.Store(id.String(), true)
	stop := s.Follow()
	s.CaughtUp()
	w.Lives(3, at.AddDate(0, 1, 0), 6, 9)
	s.CaughtUp()
	stop()
	for _, st := range must(s.Views.Status(t.Context())) {
		want := 0
		if st.Projection == projections.TimelineProjection {
			want = 1
		}
		if st.Parked != want || st.Lag != 0 {
			t.Errorf("%s: %d parked, lag %d; want %d and 0", st.Projection, st.Parked, st.Lag, want)
		}
	}
	if entries, err := s.Views.Timeline(t.Context(), dossierID(8)); err != nil || len(entries) == 0 {
		t.Errorf("a later dossier has the timeline %v, %v", entries, err)
	}
	if said := s.Said.String(); !strings.Contains(said, "its document was refused") || strings.Contains(said, "Mẫu") {
		t.Errorf("it was said:\n%s", said)
	}
	refuse.Delete(id.String())
	if err := s.Views.(*Views).Close(); err != nil { // what writes takes it back: only one does
		t.Fatal(err)
	}
	again := viewtest.Started(t, w, "p", open)
	if entries, err := again.Views.Timeline(t.Context(), id); err != nil || len(entries) == 0 {
		t.Errorf("back again it has the timeline %v, %v", entries, err)
	}
	calm := viewtest.Started(t, w, "calm", opener(prefix, server(t), nil))
	viewtest.Same(t, "taken back", again.Dump(), calm.Dump())
}

// TestKilledServer kills the server with -9 in the middle and starts it again.
// HOSO_TEST_ELASTIC_KILL and HOSO_TEST_ELASTIC_START are the commands for it.
func TestKilledServer(t *testing.T) {
	address := server(t)
	kill, start := os.Getenv("HOSO_TEST_ELASTIC_KILL"), os.Getenv("HOSO_TEST_ELASTIC_START")
	if kill == "" || start == "" {
		t.Skip("needs HOSO_TEST_ELASTIC_KILL and HOSO_TEST_ELASTIC_START, e.g. '.ci/elasticsearch kill /tmp/es' and '.ci/elasticsearch again /tmp/es' with full paths")
	}
	prefix := newPrefix(t)
	open := opener(prefix, address, nil)
	w := viewtest.NewWorld(t)
	s := viewtest.Started(t, w, "p", open)
	stop := s.Follow()
	at := w.Lives(0, viewtest.Start, 0, 40)
	for round := range 2 {
		growing := make(chan time.Time)
		go func() { growing <- w.Lives(uint64(1+round), at, 40+round*200, 240+round*200) }()
		time.Sleep(time.Duration(50+round*100) * time.Millisecond)
		command(t, kill)
		at = <-growing
		checkUnavailable(t, s.Views)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		if err := s.Views.Wait(ctx, projections.DossierProjection, eventlog.Position{Commit: 1 << 40}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Wait beside a dead server: %v", err)
		}
		cancel()
		command(t, start)
	}
	s.CaughtUp()
	stop()
	fresh := viewtest.Started(t, w, "fresh", open)
	fresh.CaughtUp()
	viewtest.Same(t, "after two kills", s.Dump(), fresh.Dump())
}

// checkUnavailable: each kind of question says that it may be asked again.
func checkUnavailable(t *testing.T, v viewtest.Views) {
	t.Helper()
	ctx := t.Context()
	_, _, byID := v.ByID(ctx, dossierID(0))
	_, _, byCode := v.ByCode(ctx, "H99")
	_, timeline := v.Timeline(ctx, dossierID(0))
	_, search := v.Search(ctx, projections.SearchQuery{Text: "mau"})
	_, bySubject := v.BySubject(ctx, dossierID(0), 0, "")
	_, times := v.Times(ctx, projections.TimesQuery{})
	_, status := v.Status(ctx)
	for what, err := range map[string]error{"by id": byID, "by code": byCode, "timeline": timeline, "search": search, "by subject": bySubject, "times": times, "status": status} {
		if domain.CodeOf(err) != "views_unavailable" || !errors.Is(err, eventlog.ErrUnavailable) {
			t.Errorf("%s, of a server that was killed: %v", what, err)
		}
	}
}

// TestWhatPasses tells which answers of a cluster may be asked for again, and
// that the caller's own end is not among them.
func TestWhatPasses(t *testing.T) {
	var answer func(*http.Request) (*http.Response, error)
	es, err := newClient("http://127.0.0.1:1", func(http.RoundTripper) http.RoundTripper {
		return between(func(r *http.Request) (*http.Response, error) { return answer(r) })
	})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(ctx context.Context) error {
		return es.write(ctx, esapi.GetRequest{Index: "x", DocumentID: "y"}, nil)
	}
	for status, passes := range map[int]bool{400: false, 401: false, 403: false, 404: false, 409: false, 429: true, 500: false, 502: true, 503: true, 504: true} {
		answer = func(r *http.Request) (*http.Response, error) {
			return response(r, status, `{"error":{"type":"some"}}`), nil
		}
		err := ask(t.Context())
		if errors.Is(err, ErrUnavailable) != passes || errors.Is(err, eventlog.ErrUnavailable) != passes || !isKind(err, "some") {
			t.Errorf("%d: %v", status, err)
		}
	}
	answer = func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") }
	if err := ask(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("no connection: %v", err)
	}
	answer = func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := ask(short); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrUnavailable) {
		t.Errorf("the caller's time was up: %v", err)
	}
	silent, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, errSilent)
	defer cancel()
	if err := ask(silent); !errors.Is(err, ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no answer in time: %v", err)
	}
}

func command(t *testing.T, line string) {
	t.Helper()
	if out, err := exec.Command("sh", "-c", line).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
}
