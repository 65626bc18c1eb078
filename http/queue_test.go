package http

import (
	"fmt"
	nethttp "net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"hoso/domain"
)

// manyWords are more different words than a search takes, as a query holds them.
var manyWords = func() string {
	words := make([]string, 40)
	for i := range words {
		words[i] = fmt.Sprint("t", i)
	}
	return strings.Join(words, "+")
}()

// A renamed agency changes the answer, so it changes the ETag; the same in
// every process, whatever it has at hand.
func TestETagOfARenamedAgency(t *testing.T) {
	s := open(t)
	id, _ := s.submitted()
	s.settled()
	get := func(known string) got {
		return s.do(ask{method: "GET", path: "/api/v1/dossiers/" + id, token: s.intake(), header: map[string]string{"If-None-Match": known}})
	}
	before := get("").Header().Get("ETag")
	if again := get(before); again.Code != nethttp.StatusNotModified {
		t.Fatalf("unchanged: %d", again.Code)
	}
	a, _ := s.server.Commands.Catalogue.Agency(desk)
	a.Name = "Trung tâm mang tên mới"
	if _, err := s.server.Commands.Publish(t.Context(), who0(domain.Administrator), domain.AgencyEstablished{Agency: a}); err != nil {
		t.Fatal(err)
	}
	after := get(before)
	if after.Code != nethttp.StatusOK || after.Header().Get("ETag") == before || !strings.Contains(string(after.raw), a.Name) {
		t.Fatalf("renamed: %d %s", after.Code, after.raw)
	}
	tag := after.Header().Get("ETag")
	s.server.rendered.lru.Purge() // as a process that has just started
	if get(tag).Code != nethttp.StatusNotModified || get("").Header().Get("ETag") != tag {
		t.Error("the same answer has another ETag")
	}
}

// counted reads a facet's counts, or the queues', of an answer.
func counted(t *testing.T, list any, name string) (out string) {
	t.Helper()
	for _, one := range list.([]any) {
		v := one.(map[string]any)
		if words := v["text"].(map[string]any); words["vi"] == "" || words["en"] == "" {
			t.Errorf("%v has no name", v)
		}
		out += fmt.Sprintf("%v=%v ", v[name], v["count"])
	}
	return strings.TrimSpace(out)
}

// TestQueuesAndFacets follows three dossiers through an officer's day.
func TestQueuesAndFacets(t *testing.T) {
	s := open(t)
	desk1, specialist := s.intake(), s.token(domain.Specialist, desk, "specialist-1")
	waiting, _ := s.submitted() // 8 working hours: due Tuesday 17th, 09:00
	mine, _ := s.submitted()
	paused, _ := s.submitted()
	for _, id := range []string{mine, paused} {
		s.command(desk1, id, "accept", "") // 8 working days: due Friday 27th, over a holiday
		s.command(desk1, id, "route", `{"agency":"`+desk+`","unit":"Quầy Đất đai","assignee":"specialist-1"}`)
	}
	s.command(specialist, paused, "return-for-supplement", `{"guide":"Xin bổ sung"}`)
	s.settled()
	queues := func(token, query, want string) {
		t.Helper()
		out := s.do(ask{method: "GET", path: "/api/v1/queues" + query, token: token}).expect(t, nethttp.StatusOK, "")
		if got := counted(t, out["queues"], "queue"); got != want {
			t.Errorf("%s at %s: %s, want %s", query, s.clock(), got, want)
		}
	}
	queues(desk1, "", "mine=0 unit=3 due_soon=1 overdue=0")
	queues(specialist, "", "mine=2 unit=3 due_soon=1 overdue=0")
	queues(specialist, "?due_soon=80", "mine=2 unit=3 due_soon=2 overdue=0")
	queues(specialist, "?unit="+url.QueryEscape("Quầy Đất đai"), "mine=2 unit=2 due_soon=0 overdue=0")
	queues(s.auditor(), "?agency="+desk, "mine=0 unit=3 due_soon=1 overdue=0")
	queues(s.token(domain.Specialist, elsewhere, "specialist-1"), "", "mine=0 unit=0 due_soon=0 overdue=0")
	s.at(time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)) // Wednesday 17:00; two working days reach over Friday morning
	queues(specialist, "", "mine=2 unit=3 due_soon=1 overdue=1")
	s.at(time.Date(2026, 11, 27, 2, 0, 1, 0, time.UTC))
	queues(specialist, "", "mine=2 unit=3 due_soon=0 overdue=2")

	list := func(path string) (ids []string) {
		t.Helper()
		for cursor := ""; ; {
			out := s.do(ask{method: "GET", path: path + "?limit=1&cursor=" + cursor, token: specialist}).expect(t, nethttp.StatusOK, "")
			for _, d := range out["dossiers"].([]any) {
				ids = append(ids, d.(map[string]any)["id"].(string))
			}
			if cursor, _ = out["next"].(string); cursor == "" {
				return ids
			}
		}
	}
	for queue, want := range map[string][]string{"unit": {waiting, mine, paused}, "mine": {mine, paused}, "overdue": {waiting, mine}, "due_soon": nil} {
		if got := list("/api/v1/queues/" + queue); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s lists %v, want %v", queue, got, want)
		}
	}
	out := s.do(ask{method: "GET", path: "/api/v1/dossiers?limit=1&clock=overdue&facets=clock,status,procedure,agency,channel", token: specialist}).expect(t, nethttp.StatusOK, "")
	var got []string
	for _, f := range out["facets"].([]any) {
		got = append(got, counted(t, f.(map[string]any)["values"], "value"))
	}
	if want := "overdue=2 paused=1|submitted=1 processing=1|" + deeds + "=2|" + desk + "=2|online=2"; strings.Join(got, "|") != want {
		t.Errorf("facets %s, want %s", strings.Join(got, "|"), want)
	}
}

// TestFacetsStayWithinTheAgency: a facet pays no heed to its own filter, but
// nobody counts what they may not read, and another agency's code only narrows.
func TestFacetsStayWithinTheAgency(t *testing.T) {
	s := open(t)
	s.submitted()
	body := strings.Replace(submission(ownerID, ownerPhone), `{"way":"counter"}`, `{"way":"counter","place":"`+elsewhere+`"}`, 1)
	s.do(ask{method: "POST", path: "/api/v1/dossiers", token: s.citizen(ownerID), body: body}).expect(t, nethttp.StatusCreated, "")
	s.settled()
	there := s.token(domain.IntakeOfficer, elsewhere, "o")
	for _, c := range []struct {
		token, query, want string
		hits               int
	}{
		{s.auditor(), "", desk + "=2 " + elsewhere + "=1", 2},
		{s.auditor(), "&agency=" + elsewhere, desk + "=2 " + elsewhere + "=1", 1},
		{s.intake(), "", desk + "=2 " + elsewhere + "=1", 2},
		{there, "", desk + "=1 " + elsewhere + "=1", 1},
		{there, "&agency=" + desk, desk + "=1 " + elsewhere + "=1", 1},
		{s.token(domain.Leader, "H99.33", "l"), "&agency=" + desk, "", 0},
	} {
		out := s.do(ask{method: "GET", path: "/api/v1/dossiers?facets=agency" + c.query, token: c.token}).expect(t, nethttp.StatusOK, "")
		values := out["facets"].([]any)[0].(map[string]any)["values"]
		if got := counted(t, values, "value"); got != c.want || len(out["dossiers"].([]any)) != c.hits {
			t.Errorf("%s: %s and %d dossiers, want %s and %d", c.query, got, len(out["dossiers"].([]any)), c.want, c.hits)
		}
	}
}
