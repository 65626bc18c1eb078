package http

import (
	nethttp "net/http"
	"strings"
	"testing"
	"time"

	"hoso/domain"
)

// operator is a signed-in administrator.
func (s *stack) operator() string { return s.token(domain.Administrator, "", "admin-1") }

// view finds one of the listed projections.
func (s *stack) view(name string) map[string]any {
	s.t.Helper()
	out := s.do(ask{method: "GET", path: "/api/v1/projections", token: s.operator()}).expect(s.t, nethttp.StatusOK, "")
	for _, one := range out["projections"].([]any) {
		if v := one.(map[string]any); v["projection"] == name {
			return v
		}
	}
	s.t.Fatalf("there is no %s in %v", name, out)
	return nil
}

// rebuilt rebuilds a view and waits for the end.
func (s *stack) rebuilt(name string) {
	s.t.Helper()
	s.do(ask{method: "POST", path: "/api/v1/projections/" + name + "/rebuild", token: s.operator()}).expect(s.t, nethttp.StatusAccepted, "")
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		s.server.rebuilding.Lock()
		running := s.server.rebuilds[name]
		s.server.rebuilding.Unlock()
		if !running {
			return
		}
		if time.Since(began) > 20*time.Second {
			s.t.Fatal("the rebuild does not end")
		}
	}
}

// operated parks and takes back a dossier, rebuilds and rolls back.
func (s *stack) operated(id string) {
	s.t.Helper()
	at := "/api/v1/projections/timeline/parked"
	park := ask{method: "POST", path: at, token: s.operator(), body: `{"dossier":"` + id + `","reason":"kiểm tra"}`}
	s.do(park).expect(s.t, nethttp.StatusNoContent, "")
	parked := s.view("timeline")["parked"].([]any)
	if one := parked[0].(map[string]any); len(parked) != 1 || one["dossier"] != id || one["by_hand"] != true || one["reason"] != "kiểm tra" {
		s.t.Fatalf("set aside: %v", parked)
	}
	s.rebuilt("timeline")
	if parked := s.view("timeline")["parked"].([]any); len(parked) != 1 {
		s.t.Fatal("a rebuild took it back")
	}
	take := ask{method: "DELETE", path: at + "/" + id, token: s.operator()}
	s.do(take).expect(s.t, nethttp.StatusNoContent, "")
	s.do(take).expect(s.t, nethttp.StatusConflict, "not_parked")
	s.do(ask{method: "POST", path: "/api/v1/projections/timeline/roll-back", token: s.operator()}).expect(s.t, nethttp.StatusNoContent, "")
}

func TestOperators(t *testing.T) {
	s := open(t)
	id, _ := s.submitted()
	s.settled()
	back := ask{method: "POST", path: "/api/v1/projections/search/roll-back", token: s.operator()}
	s.do(back).expect(t, nethttp.StatusConflict, "no_previous_view")
	s.operated(id)
	for _, a := range []ask{
		{method: "GET", path: "/api/v1/projections"},
		{method: "POST", path: "/api/v1/projections/search/rebuild"},
		{method: "POST", path: "/api/v1/projections/search/roll-back"},
		{method: "POST", path: "/api/v1/projections/search/parked", body: `{"dossier":"` + id + `","reason":"x"}`},
		{method: "DELETE", path: "/api/v1/projections/search/parked/" + id},
	} {
		s.do(a).expect(t, nethttp.StatusUnauthorized, "")
		a.token = s.leader()
		s.do(a).expect(t, nethttp.StatusForbidden, "forbidden")
	}
	s.do(ask{method: "GET", path: "/api/v1/projections", token: s.auditor()}).expect(t, nethttp.StatusOK, "")
	for _, c := range []struct {
		ask    ask
		status int
		code   string
	}{
		{ask{method: "POST", path: "/api/v1/projections/views/rebuild"}, nethttp.StatusNotFound, "no_such_projection"},
		{ask{method: "POST", path: "/api/v1/projections/search/parked", body: `{"dossier":"` + id + `","reason":"  "}`}, nethttp.StatusUnprocessableEntity, "field_missing"},
		{ask{method: "POST", path: "/api/v1/projections/search/parked", body: `{"reason":"x"}`}, nethttp.StatusUnprocessableEntity, "field_missing"},
		{ask{method: "POST", path: "/api/v1/projections/search/parked", body: `{"dossier":"7ca8af04-28a0-56ad-8027-d6ff091f9e96","reason":"x"}`}, nethttp.StatusNotFound, "not_found"},
		{ask{method: "POST", path: "/api/v1/projections/search/parked", body: `{"dossier":"seven","reason":"x"}`}, nethttp.StatusBadRequest, "wrong_type"},
		{ask{method: "DELETE", path: "/api/v1/projections/search/parked/seven"}, nethttp.StatusNotFound, "not_found"},
	} {
		c.ask.token = s.operator()
		if p := s.do(c.ask).expect(t, c.status, c.code); c.code == "wrong_type" && !strings.Contains(p["detail"].(string), "UUID") {
			t.Errorf("%v", p["detail"])
		}
	}
}
