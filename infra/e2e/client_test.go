package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// client speaks to a running server as one person.
type client struct {
	http *http.Client
	base string
	auth string // bearer token
}

func as(t testing.TB, s *server, role, agency string) *client {
	t.Helper()
	return &client{http.DefaultClient, s.base, token(t, role, agency, "e2e-"+role, "")}
}

// receipt is what a command's answer promises.
type receipt struct {
	Dossier  string `json:"dossier"`
	Code     string `json:"code"`
	Revision int64  `json:"revision"`
	Position string `json:"position"`
}

// refusal is an answer that is neither success nor a broken connection.
type refusal struct {
	status int
	code   string
	body   string
}

func (r *refusal) Error() string { return fmt.Sprintf("status %d: %s", r.status, r.body) }

// do sends a request and reads a JSON answer into out. A *refusal says no; any
// other error leaves open whether the server did it.
func (c *client) do(method, path, key string, body, out any) error {
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, c.base+path, in)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.auth)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		var p struct {
			Code string `json:"code"`
		}
		_ = json.Unmarshal(text, &p)
		return &refusal{res.StatusCode, p.Code, string(text)}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// readiness is what /readyz says.
type readiness struct {
	Ready       bool   `json:"ready"`
	Log         string `json:"log"`
	Projections []struct {
		Projection string `json:"projection"`
		Lag        int64  `json:"lag"`
		Parked     int    `json:"parked"`
		Rebuilding bool   `json:"rebuilding"`
	} `json:"projections"`
}

func (s *server) readiness() (status int, r readiness) {
	res, err := http.Get(s.base + "/readyz")
	if err != nil {
		return 0, r
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	_ = json.Unmarshal(text, &r)
	return res.StatusCode, r
}

// settle waits until every projection has seen the whole log and every
// submission has its code, which is when a crash has left nothing to finish.
func (s *server) settle(dir string) []rawEvent {
	s.t.Helper()
	var why string
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if why = s.unsettled(dir); why == "" {
			return readLog(s.t, dir)
		}
	}
	s.t.Fatalf("a minute after its start: %s\n%s", why, s.told())
	return nil
}

func (s *server) settleAndStop(dir string) {
	s.t.Helper()
	s.waitReady()
	s.settle(dir)
	if code := s.stop(); code != 0 {
		s.t.Fatalf("exit %d: %s", code, s.told())
	}
}

func (s *server) unsettled(dir string) string {
	status, r := s.readiness()
	if status != http.StatusOK || len(r.Projections) < 4 {
		return fmt.Sprintf("/readyz says %d, %+v", status, r)
	}
	for _, p := range r.Projections {
		if p.Lag != 0 || p.Parked != 0 || p.Rebuilding {
			return fmt.Sprintf("projection %+v", p)
		}
	}
	open := map[string]bool{}
	for _, e := range readLog(s.t, dir) {
		switch e.typ {
		case "dossier.submitted":
			open[e.stream] = true
		case "dossier.numbered":
			delete(open, e.stream)
		}
	}
	if len(open) > 0 {
		return fmt.Sprintf("%d submissions have no code", len(open))
	}
	return ""
}
