package cli

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	nethttp "net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"

	"hoso/infra/porttest"
	"hoso/infra/telemetry/otlptest"
)

// served is hoso serve, in this process.
type served struct {
	url, data string
	key       ed25519.PrivateKey
	stop      func()
}

// serveHere runs hoso serve until the test's end, or stop.
func serveHere(t *testing.T, data string, args ...string) *served {
	t.Helper()
	s := &served{data: data}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s.key = private
	der, _ := x509.MarshalPKIXPublicKey(public)
	keyFile := filepath.Join(t.TempDir(), "token.pub")
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	addr := porttest.Free(t)
	s.url = "http://" + addr
	ctx, cancel := context.WithCancel(context.Background())
	var said lockedBuffer
	ended := make(chan int, 1)
	go func() {
		all := append([]string{"serve", "--data", data, "--addr", addr, "--token-key", keyFile}, args...)
		ended <- Main(ctx, all, strings.NewReader(""), io.Discard, &said, func(string) string { return "" })
	}()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if code := <-ended; code != exitDone {
			t.Errorf("hoso serve ended with %d:\n%s", code, said.String())
		}
	})
	t.Cleanup(s.stop)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if r, err := nethttp.Get(s.url + "/readyz"); err == nil {
			r.Body.Close()
			if r.StatusCode == nethttp.StatusOK {
				return s
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("hoso serve is not ready:\n%s", said.String())
		}
	}
}

// lockedBuffer is a log for people that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// post gives a command as an officer of H99.01 and decodes the receipt.
func (s *served) post(t *testing.T, path, body string) map[string]any {
	t.Helper()
	claims := jwt.MapClaims{"aud": "hoso", "sub": "officer-1", "role": "intake_officer", "agency": "H99.31", "exp": time.Now().Add(time.Hour).Unix()}
	token, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims).SignedString(s.key)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := nethttp.NewRequestWithContext(t.Context(), "POST", s.url+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := nethttp.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, _ := io.ReadAll(answer.Body)
	out := map[string]any{}
	if err := json.Unmarshal(raw, &out); err != nil || answer.StatusCode/100 != 2 {
		t.Fatalf("%s: %d %s", path, answer.StatusCode, raw)
	}
	return out
}

// newDossier submits a dossier on paper.
func (s *served) newDossier(t *testing.T) map[string]any {
	t.Helper()
	return s.post(t, "/api/v1/dossiers", `{"procedure":"1.115784","agency":"H99.31","channel":"direct","submitter":{"kind":"citizen","name":"Nguyễn Thị Mẫu","id_number":"001185000123","phone":"0912 345 678","address":"1 Phố Mẫu"},"receiving":{"way":"counter"},"summary":"Đổi giấy chứng nhận","papers":[{"component":"Giấy chứng nhận đã cấp","kind":"original","copies":1}]}`)
}

// metrics is what /metrics tells.
func (s *served) metrics(t *testing.T) (status int, text string) {
	t.Helper()
	r, err := nethttp.Get(s.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(raw)
}

// TestTraceOfOnePost: one POST yields HTTP → command → append, one within the
// other, and, linked to the command, the projections that show it.
func TestTraceOfOnePost(t *testing.T) {
	collector := otlptest.Start(t)
	s := serveHere(t, t.TempDir(), "--otlp", collector.URL, "--trace-sample", "1")
	dossier := s.newDossier(t)
	s.stop() // in good order: what is left is sent
	byName := map[string][]*trace.Span{}
	ids := map[string]*trace.Span{}
	for _, span := range collector.Spans() {
		byName[span.Name] = append(byName[span.Name], span)
		ids[hex.EncodeToString(span.SpanId)] = span
	}
	request, command := byName["POST /api/v1/dossiers"], byName["command submit"]
	if len(request) != 1 || len(command) != 1 || len(byName["append dossier"]) < 2 {
		t.Fatalf("spans: %v", names(byName))
	}
	if len(request[0].ParentSpanId) != 0 || !bytes.Equal(command[0].ParentSpanId, request[0].SpanId) {
		t.Error("the command is not within the request")
	}
	for _, a := range byName["append dossier"] { // the submission, and its number
		if !bytes.Equal(a.ParentSpanId, command[0].SpanId) || !bytes.Equal(a.TraceId, request[0].TraceId) {
			t.Error("an append is not within the command")
		}
	}
	for _, projection := range []string{"dossier", "search", "timeline", "times"} {
		found := false
		for _, p := range byName["project "+projection] {
			for _, l := range p.Links {
				linked := ids[hex.EncodeToString(l.SpanId)]
				found = found || linked == command[0] && bytes.Equal(l.TraceId, request[0].TraceId)
			}
			if len(p.ParentSpanId) != 0 {
				t.Error("a batch has a parent: it belongs to many")
			}
		}
		if !found {
			t.Errorf("projection %s is not linked to the command; spans: %v", projection, names(byName))
		}
	}
	for _, span := range collector.Spans() {
		for _, secret := range []string{"Mẫu", "001185000123", "0912 345", "Phố", dossier["code"].(string), dossier["dossier"].(string)} {
			if strings.Contains(span.String(), secret) {
				t.Errorf("span %s tells %s", span.Name, secret)
			}
		}
	}
	// The trace stands in the log, hashed like everything there, and others read it.
	if code, _, stderr := runMain(t, "verify", "--data", s.data); code != exitDone {
		t.Errorf("verify: %s", stderr)
	}
}

func names(byName map[string][]*trace.Span) (out []string) {
	for name, spans := range byName {
		for range spans {
			out = append(out, name)
		}
	}
	return out
}

// TestMetricsAndTracesOff: no /metrics, and not one traceparent in the log.
func TestMetricsAndTracesOff(t *testing.T) {
	s := serveHere(t, t.TempDir(), "--no-metrics")
	s.newDossier(t)
	if status, _ := s.metrics(t); status != nethttp.StatusNotFound {
		t.Errorf("/metrics answers %d", status)
	}
	s.stop()
	for _, name := range []string{"log.db", "log.db-wal"} {
		raw, err := os.ReadFile(filepath.Join(s.data, name))
		if err == nil && bytes.Contains(raw, []byte("traceparent")) {
			t.Errorf("%s holds a traceparent", name)
		}
	}
	for args, want := range map[string]string{"serve --otlp localhost": "--otlp", "serve --otlp http://x --trace-sample 2": "0 to 1"} {
		if code, _, stderr := runMain(t, append(strings.Fields(args), "--data", t.TempDir(), "--addr", porttest.Free(t))...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, %s", args, code, stderr)
		}
	}
}
