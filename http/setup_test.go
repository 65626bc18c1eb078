package http

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"log/slog"
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"hoso/commands"
	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/infra/keys"
	"hoso/infra/sqlite"
	"hoso/infra/starter"
	"hoso/projections"
)

// The place of the tests.
const (
	desk      = "H99.01"   // receives and decides
	elsewhere = "H99.14"   // has nothing to do with it
	deeds     = "1.115784" // 8 working days, fees, originals compared
)

// The people of the tests; their numbers are made up.
const (
	ownerID    = "001185000123"
	otherID    = "001199000456"
	ownerPhone = "0912 345 678"
)

// monday is 16 November 2026, 09:00 in Viet Nam; the 24th is a holiday.
var monday = time.Date(2026, 11, 16, 2, 0, 0, 0, time.UTC)

// stack is the program as it runs, with a log in memory and the views and keys
// in files of the test.
type stack struct {
	t      testing.TB
	server *Server
	log    eventlog.Log
	views  *sqlite.Views
	key    ed25519.PrivateKey
	said   *logged

	mu      sync.Mutex
	now     time.Time
	runners []*projections.Runner
	stop    func()
	sick    error
}

// logged collects log lines.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.b.Write(p) }
func (l *logged) String() string              { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

func (s *stack) clock() time.Time { s.mu.Lock(); defer s.mu.Unlock(); return s.now }

// at sets the clock.
func (s *stack) at(t time.Time) { s.mu.Lock(); defer s.mu.Unlock(); s.now = t }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// open starts everything; change may alter the server's configuration.
func open(t testing.TB, change ...func(*Config)) *stack {
	t.Helper()
	s := &stack{t: t, now: monday, said: &logged{}, log: memory.New()}
	t.Cleanup(func() { s.log.Close() })
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.key = private
	logger := slog.New(slog.NewTextHandler(s.said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	dir := t.TempDir()
	store := must(keys.Open(dir, keys.NewMaster()))
	t.Cleanup(func() { store.Close() })
	events := &codec.Codec{Keys: store.Key}
	catalogue := must(commands.OpenCatalogue(t.Context(), s.log, events))
	metrics := NewMetrics()
	handler := commands.New(commands.Config{Log: s.log, Codec: events, Keys: store, Catalogue: catalogue, Now: s.clock, Observe: metrics.Command})
	must(starter.Publish(t.Context(), handler))
	proofs := projections.Proofs{ID: store.IDHash, Phone: func(d string) string { return store.ProofHash("phone_last4", d) }}
	s.views = must(sqlite.OpenViews(dir, false, sqlite.ViewsOptions{Proofs: proofs, Head: s.log.Head, Logger: logger}))
	t.Cleanup(func() { s.views.Close() })
	feed := projections.NewFeed(s.log, *events, logger)
	for _, name := range []string{projections.DossierProjection, projections.SearchProjection, projections.TimelineProjection, projections.TimesProjection} {
		s.runners = append(s.runners, projections.NewRunner(feed, s.views.Store(name), logger))
	}
	if err := projections.Start(t.Context(), nil, s.runners...); err != nil {
		t.Fatal(err)
	}
	s.follow()
	t.Cleanup(func() { s.stop() })
	c := Config{
		Commands: handler, Views: s.views, History: projections.History{Feed: feed}, Proofs: proofs, FindSubject: store.Find,
		Runners: s.runners, Begin: func(task func(context.Context)) { go task(context.Background()) },
		TokenKey: public, LogHealth: func() error { return s.sick }, Logger: logger, Metrics: metrics, Now: s.clock,
	}
	for _, f := range change {
		f(&c)
	}
	s.server = New(c)
	return s
}

// follow lets the projections run until stop.
func (s *stack) follow() {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for _, r := range s.runners {
		all.Go(func() { r.Run(ctx) })
	}
	s.stop = sync.OnceFunc(func() { cancel(); all.Wait() })
}

// settled waits until every view holds what the log holds.
func (s *stack) settled() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	head := must(s.log.Head(ctx))
	for _, r := range s.runners {
		if err := s.views.Wait(ctx, r.Name(), head); err != nil {
			s.t.Fatal(err)
		}
	}
}

// token signs a token; claims override what it holds.
func (s *stack) token(role domain.Role, agency, id string, more ...func(*Claims)) string {
	c := &Claims{Role: role, Agency: agency, RegisteredClaims: jwt.RegisteredClaims{
		Subject: id, Audience: jwt.ClaimStrings{Audience}, ExpiresAt: jwt.NewNumericDate(s.clock().Add(1000 * time.Hour))}}
	for _, f := range more {
		f(c)
	}
	return must(jwt.NewWithClaims(jwt.SigningMethodEdDSA, c).SignedString(s.key))
}

func (s *stack) intake() string  { return s.token(domain.IntakeOfficer, desk, "officer-1") }
func (s *stack) leader() string  { return s.token(domain.Leader, desk, "leader-1") }
func (s *stack) auditor() string { return s.token(domain.Auditor, "", "auditor-1") }
func (s *stack) citizen(idNumber string) string {
	return s.token(domain.Applicant, "", "citizen-"+idNumber[len(idNumber)-3:], func(c *Claims) { c.IDNumber = idNumber })
}

// ask is a request of a test.
type ask struct {
	method, path, token, body string
	header                    map[string]string
	remote                    string
}

// got is its answer.
type got struct {
	*httptest.ResponseRecorder
	raw []byte
}

func (s *stack) do(a ask) got {
	s.t.Helper()
	var body io.Reader
	if a.body != "" {
		body = strings.NewReader(a.body)
	}
	r := httptest.NewRequest(a.method, a.path, body)
	if a.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if a.token != "" {
		r.Header.Set("Authorization", "Bearer "+a.token)
	}
	for k, v := range a.header {
		r.Header.Set(k, v)
	}
	if a.remote != "" {
		r.RemoteAddr = a.remote
	}
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	return got{w, w.Body.Bytes()}
}

// json decodes an answer.
func (g got) json(t testing.TB) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(g.raw, &out); err != nil {
		t.Fatalf("%v in %s", err, g.raw)
	}
	return out
}

// expect fails the test unless the answer has a status and, where given, a code.
func (g got) expect(t testing.TB, status int, code string) map[string]any {
	t.Helper()
	if g.Code != status {
		t.Fatalf("status %d, want %d: %s", g.Code, status, g.raw)
	}
	if len(g.raw) == 0 {
		return nil
	}
	out := g.json(t)
	if code != "" && out["code"] != code {
		t.Fatalf("code %v, want %s: %s", out["code"], code, g.raw)
	}
	return out
}

func submission(id, phone string) string {
	return `{"procedure":"` + deeds + `","agency":"` + desk + `","channel":"online","submitter":{"kind":"citizen","name":"Nguyễn Thị Mẫu","id_number":"` +
		id + `","phone":"` + phone + `","address":"1 Phố Mẫu"},"receiving":{"way":"counter"},"summary":"Đổi giấy chứng nhận",` +
		`"papers":[{"component":"Giấy chứng nhận đã cấp","kind":"original","copies":1}]}`
}

// submitted submits a dossier as the owner and gives its id and code.
func (s *stack) submitted() (id, code string) {
	s.t.Helper()
	out := s.do(ask{method: "POST", path: "/api/v1/dossiers", token: s.citizen(ownerID), body: submission(ownerID, ownerPhone)}).expect(s.t, nethttp.StatusCreated, "")
	return out["dossier"].(string), out["code"].(string)
}

// command gives a command and expects it to be done.
func (s *stack) command(token, id, path, body string) map[string]any {
	s.t.Helper()
	return s.do(ask{method: "POST", path: "/api/v1/dossiers/" + id + "/" + path, token: token, body: body}).expect(s.t, nethttp.StatusOK, "")
}

// who0 is somebody who acts without a request.
func who0(role domain.Role) commands.Request {
	return commands.Request{Actor: domain.Actor{Role: role, ID: "somebody"}}
}
