package http

import (
	"context"
	"fmt"
	"net"
	nethttp "net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"hoso/domain"
)

// TestMinRevision: with the projections at rest the dossier is folded
// from the log; with them running the view answers once it is there.
func TestMinRevision(t *testing.T) {
	s := open(t)
	id, _ := s.submitted()
	s.settled()
	s.stop()
	s.command(s.intake(), id, "accept", "")
	get := func(query string) (map[string]any, time.Duration) {
		start := time.Now()
		g := s.do(ask{method: "GET", path: "/api/v1/dossiers/" + id + query, token: s.intake()})
		return g.expect(t, nethttp.StatusOK, ""), time.Since(start)
	}
	if stale, _ := get(""); stale["revision"] != 1.0 || stale["status"] != "submitted" {
		t.Fatalf("the view moved by itself: %v", stale)
	}
	folded, took := get("?min_revision=2")
	if folded["revision"] != 2.0 || folded["status"] != "accepted" || folded["procedure_name"].(map[string]any)["vi"] == "" {
		t.Errorf("folded from the log: %v", folded)
	}
	if took < viewTimeout || took > viewTimeout+3*time.Second {
		t.Errorf("it waited %v", took)
	}
	due := s.do(ask{method: "GET", path: "/api/v1/dossiers/" + id + "/due-date?min_revision=2", token: s.intake()}).expect(t, nethttp.StatusOK, "")
	if due["due_at"] != "2026-11-27T02:00:00Z" {
		t.Errorf("due %v", due)
	}
	s.follow()
	seen, _ := get("?min_revision=2")
	delete(seen, "x")
	if fmt.Sprint(seen) != fmt.Sprint(folded) {
		t.Errorf("the view says\n%v\nthe log\n%v", seen, folded)
	}
	// Lists wait for a position.
	r := s.command(s.intake(), id, "contact", `{"means":"phone","text":"x"}`)
	page := s.do(ask{method: "GET", path: "/api/v1/dossiers?min_position=" + r["position"].(string), token: s.intake()}).expect(t, nethttp.StatusOK, "")
	if first := page["dossiers"].([]any)[0].(map[string]any); first["revision"] != 3.0 {
		t.Errorf("the list shows revision %v", first["revision"])
	}
	s.stop()
	s.do(ask{method: "GET", path: "/api/v1/times?min_position=999999", token: s.leader()}).expect(t, nethttp.StatusServiceUnavailable, "view_behind")
}

// What was acknowledged is never unknown, even to a view that has yet to see it.
// How far a dossier has come is for those who may read it.
func TestMinRevisionBeyondTheEnd(t *testing.T) {
	s := open(t)
	id, code := s.submitted()
	s.settled()
	for _, key := range []string{id, code} {
		path := "/api/v1/dossiers/" + key + "?min_revision=99"
		s.do(ask{method: "GET", path: path, token: s.intake()}).expect(t, nethttp.StatusConflict, "revision_not_reached")
		for _, token := range []string{s.citizen(otherID), s.token(domain.Leader, elsewhere, "l"), s.token(domain.Administrator, "", "a")} {
			s.do(ask{method: "GET", path: path, token: token}).expect(t, nethttp.StatusForbidden, "forbidden")
		}
	}
}

// Bytes that are no text are the caller's mistake, whatever parameter they come in.
func TestParameterThatIsNoText(t *testing.T) {
	s := open(t)
	for _, path := range []string{"dossiers?agency=%ff", "dossiers?q=%ff", "dossiers?procedure=a%c3", "times?agency=H99.01,%ff", "times?procedure=%ff"} {
		s.do(ask{method: "GET", path: "/api/v1/" + path, token: s.auditor()}).expect(t, nethttp.StatusBadRequest, "bad_parameter")
	}
}

func TestJustSubmitted(t *testing.T) {
	s := open(t)
	for range 5 {
		id, code := s.submitted()
		for _, key := range []string{id, code, strings.ToLower(code)} {
			s.do(ask{method: "GET", path: "/api/v1/dossiers/" + key, token: s.intake()}).expect(t, nethttp.StatusOK, "")
		}
	}
}

// Officers of the place where the result is collected deliver it: they find and
// read the dossier, and nobody else does for their sake.
func TestPlaceOfCollectionReads(t *testing.T) {
	s := open(t)
	body := strings.Replace(submission(ownerID, ownerPhone), `{"way":"counter"}`, `{"way":"counter","place":"`+elsewhere+`"}`, 1)
	made := s.do(ask{method: "POST", path: "/api/v1/dossiers", token: s.citizen(ownerID), body: body}).expect(t, nethttp.StatusCreated, "")
	s.settled()
	id := made["dossier"].(string)
	there, unrelated := s.token(domain.IntakeOfficer, elsewhere, "o"), s.token(domain.IntakeOfficer, "H99.33", "o")
	for _, path := range []string{"", "/history", "/due-date"} {
		s.do(ask{method: "GET", path: "/api/v1/dossiers/" + id + path, token: there}).expect(t, nethttp.StatusOK, "")
		s.do(ask{method: "GET", path: "/api/v1/dossiers/" + id + path, token: unrelated}).expect(t, nethttp.StatusForbidden, "forbidden")
	}
	for token, want := range map[string]int{there: 1, unrelated: 0} {
		page := s.do(ask{method: "GET", path: "/api/v1/dossiers", token: token}).expect(t, nethttp.StatusOK, "")
		if got := len(page["dossiers"].([]any)); got != want {
			t.Errorf("a search finds %d dossiers, want %d", got, want)
		}
	}
}

func TestHistory(t *testing.T) {
	s := open(t)
	id, _ := s.submitted()
	s.at(monday.Add(time.Hour))
	s.command(s.intake(), id, "accept", "")
	s.at(monday.Add(26 * time.Hour))
	s.command(s.token(domain.Specialist, desk, "specialist-1"), id, "return-for-supplement", `{"missing":["giấy chứng nhận đã cấp"],"guide":"Xin bổ sung sơ đồ"}`)
	history := func(query string) map[string]any {
		t.Helper()
		return s.do(ask{method: "GET", path: "/api/v1/dossiers/" + id + "/history" + query, token: s.auditor()}).expect(t, nethttp.StatusOK, "")
	}
	all := history("")
	events := all["events"].([]any)
	if len(events) != 4 || all["revision"] != 3.0 || all["head"] != 3.0 {
		t.Fatalf("%v", all)
	}
	last := events[3].(map[string]any)
	if last["type"] != "dossier.returned_for_supplement" || last["at"] != "2026-11-17T04:00:00Z" || last["text"] != "Xin bổ sung sơ đồ" ||
		last["by"].(map[string]any)["id"] != "specialist-1" || last["by"].(map[string]any)["agency"] != desk ||
		last["title"].(map[string]any)["vi"] == last["title"].(map[string]any)["en"] {
		t.Errorf("the last event reads %v", last)
	}
	for query, want := range map[string]string{
		"": "supplement_requested", "?revision=1": "submitted", "?revision=2": "accepted", "?revision=3": "supplement_requested",
		"?at=2026-11-16T02:59:59Z": "submitted", "?at=2026-11-16T10:00:00%2B07:00": "accepted", "?at=2026-11-17T04:00:00Z": "supplement_requested",
		"?axis=occurred&at=2026-11-17T03:59:59Z": "accepted",
	} {
		if got := history(query)["state"].(map[string]any)["status"]; got != want {
			t.Errorf("%q: %v, want %s", query, got, want)
		}
	}
	if st := history("")["state"].(map[string]any); st["paused"] != true || st["remaining_minutes"] != 3300.0 { // of 3,840: Mon 10:00 to Tue 11:00 took 540
		t.Errorf("paused after a day and an hour: %v", st)
	}
}

func TestSearchPages(t *testing.T) {
	s := open(t)
	want := map[string]bool{}
	for i := range 7 {
		s.at(monday.Add(time.Duration(i) * time.Minute))
		id, _ := s.submitted()
		want[id] = true
	}
	s.settled()
	for _, sort := range []string{"submitted_at", "-submitted_at", "due_at"} {
		seen, cursor, last := map[string]bool{}, "", ""
		for page := 0; ; page++ {
			q := url.Values{"limit": {"3"}, "sort": {sort}, "status": {"1"}, "q": {"mau nguyen"}, "submitted_from": {"2026-11-16"}, "submitted_to": {"2026-11-17"}}
			if cursor != "" {
				q.Set("cursor", cursor)
			}
			out := s.do(ask{method: "GET", path: "/api/v1/dossiers?" + q.Encode(), token: s.intake()}).expect(t, nethttp.StatusOK, "")
			for _, hit := range out["dossiers"].([]any) {
				d := hit.(map[string]any)
				at := d["submitted_at"].(string)
				if id := d["id"].(string); seen[id] || !want[id] {
					t.Errorf("%s: %s twice or foreign", sort, id)
				} else {
					seen[id] = true
				}
				if last != "" && (sort[0] == '-') != (at < last) {
					t.Errorf("%s: %s after %s", sort, at, last)
				}
				last = at
			}
			next, more := out["next"].(string)
			if !more {
				break
			}
			if cursor = next; page > 5 {
				t.Fatal("it never ends")
			}
		}
		if len(seen) != len(want) {
			t.Errorf("%s: %d of %d found", sort, len(seen), len(want))
		}
	}
	none := s.do(ask{method: "GET", path: "/api/v1/dossiers", token: s.token(domain.Leader, elsewhere, "l")}).expect(t, nethttp.StatusOK, "")
	if len(none["dossiers"].([]any)) != 0 {
		t.Error("another agency sees dossiers that do not concern it")
	}
}

func TestErased(t *testing.T) {
	s := open(t)
	id, code := s.submitted()
	s.command(s.intake(), id, "refuse", `{"reason":"lý do riêng","legal_basis":"Điều 1"}`)
	subject, _, err := s.server.FindSubject(t.Context(), ownerID)
	if err != nil {
		t.Fatal(err)
	}
	req := who0(domain.Administrator)
	if _, err := s.server.Commands.Erase(t.Context(), req, subject, "Điều 2"); err != nil {
		t.Fatal(err)
	}
	s.settled()
	g := s.lookup(`{"code":"` + code + `","id_number":"` + ownerID + `"}`)
	if g.expect(t, nethttp.StatusOK, "")["details"] != nil {
		t.Error("the erased number still proves")
	}
	h := s.do(ask{method: "GET", path: "/api/v1/dossiers/" + id + "/history", token: s.auditor()})
	out := h.expect(t, nethttp.StatusOK, "")
	if out["state"].(map[string]any)["erased"] != true || out["events"].([]any)[2].(map[string]any)["erased"] != true {
		t.Errorf("the history reads %s", h.raw)
	}
	for _, secret := range []string{"lý do riêng", "Nguyễn Thị Mẫu", ownerID} {
		if strings.Contains(string(h.raw), secret) {
			t.Errorf("the history tells %s", secret)
		}
	}
}

func TestGracefulStop(t *testing.T) {
	s := open(t)
	started, release := make(chan struct{}), make(chan struct{})
	s.server.echo.GET("/slow", func(c echo.Context) error {
		close(started)
		<-release
		return c.String(nethttp.StatusOK, "done")
	})
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.server.Serve(ctx, l) }()
	answered := make(chan int, 1)
	go func() {
		res, err := nethttp.Get("http://" + l.Addr().String() + "/slow")
		if err != nil {
			answered <- 0
			return
		}
		res.Body.Close()
		answered <- res.StatusCode
	}()
	<-started
	cancel()
	select {
	case err := <-ended:
		t.Fatalf("it ended with a request running: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	if _, err := net.DialTimeout("tcp", l.Addr().String(), time.Second); err == nil {
		t.Error("it still takes connections")
	}
	close(release)
	if status := <-answered; status != nethttp.StatusOK {
		t.Errorf("the running request ended with %d", status)
	}
	if err := <-ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestPanicAndLog(t *testing.T) {
	s := open(t)
	s.server.echo.GET("/defect/:id", func(echo.Context) error { panic("a defect") })
	g := s.do(ask{method: "GET", path: "/defect/secret-code?q=secret-query", header: map[string]string{"X-Request-Id": "0b6f2a7e-54c1-5b0d-8d56-7c3f9d1e2a48"}})
	p := g.expect(t, nethttp.StatusInternalServerError, "internal")
	said := s.said.String()
	if p["instance"] != "urn:uuid:0b6f2a7e-54c1-5b0d-8d56-7c3f9d1e2a48" || !strings.Contains(said, "request=0b6f2a7e-54c1-5b0d-8d56-7c3f9d1e2a48") ||
		!strings.Contains(said, "route=/defect/:id") || !strings.Contains(said, "a defect") {
		t.Errorf("%v\n%s", p, said)
	}
	if strings.Contains(said, "secret") || strings.Contains(string(g.raw), "defect") {
		t.Errorf("the log or the answer tells too much: %s %s", said, g.raw)
	}
}

// TestCodeNotInTheViewYet: a code that the view may not have heard of is not
// said to be nobody's.
func TestCodeNotInTheViewYet(t *testing.T) {
	s := open(t)
	s.stop()
	_, code := s.submitted()
	path := "/api/v1/dossiers/" + code
	s.do(ask{method: "GET", path: path, token: s.leader()}).expect(t, nethttp.StatusServiceUnavailable, "view_behind")
	s.follow()
	if r := s.do(ask{method: "GET", path: path, token: s.leader()}); r.Code != nethttp.StatusOK {
		t.Errorf("once the view follows: %d %s", r.Code, r.Body)
	}
	s.do(ask{method: "GET", path: path + "9", token: s.leader()}).expect(t, nethttp.StatusNotFound, "not_found")
}
