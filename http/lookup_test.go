package http

import (
	"bytes"
	nethttp "net/http"
	"reflect"
	"strings"
	"testing"
	"time"
)

func (s *stack) lookup(body string) got {
	s.t.Helper()
	return s.do(ask{method: "POST", path: "/api/v1/lookup", body: body})
}

// Done-line 7: the look-up's uniform answers. The code alone, a wrong proof and
// the proof of somebody else who has a dossier too answer alike to the byte.
func TestLookupIsUniform(t *testing.T) {
	s := open(t)
	id, code := s.submitted()
	s.do(ask{method: "POST", path: "/api/v1/dossiers", token: s.citizen(otherID), body: submission(otherID, "0987 654 321")}).expect(t, nethttp.StatusCreated, "")
	s.command(s.intake(), id, "accept", "")
	s.settled()
	alone := s.lookup(`{"code":"` + code + `"}`)
	alone.expect(t, nethttp.StatusOK, "")
	for name, proof := range map[string]string{
		"wrong number":           `"id_number":"001185000124"`,
		"no number at all":       `"id_number":"hello"`,
		"another person's":       `"id_number":"` + otherID + `"`,
		"wrong phone":            `"phone_last4":"0000"`,
		"another's phone":        `"phone_last4":"4321"`,
		"more digits of the own": `"phone_last4":"5678 "` + `,"id_number":"` + otherID + `"`,
		"right phone, wrong id":  `"phone_last4":"5678","id_number":"001185000124"`,
		"empty":                  `"id_number":"","phone_last4":""`,
	} {
		other := s.lookup(`{"code":"` + code + `",` + proof + `}`)
		if other.Code != alone.Code || !bytes.Equal(other.raw, alone.raw) || !reflect.DeepEqual(other.Header(), alone.Header()) {
			t.Errorf("%s: %d %v %s\nthe code alone: %d %v %s", name, other.Code, other.Header(), other.raw, alone.Code, alone.Header(), alone.raw)
		}
	}
	if strings.Contains(string(alone.raw), "Nguyễn") || strings.Contains(string(alone.raw), "details") {
		t.Errorf("the code alone shows %s", alone.raw)
	}
	unknown := s.lookup(`{"code":"H99.01-261116-9999"}`)
	unknown.expect(t, nethttp.StatusNotFound, "not_found")
	for _, proof := range []string{`"id_number":"` + ownerID + `"`, `"phone_last4":"5678"`} {
		other := s.lookup(`{"code":"H99.01-261116-9998",` + proof + `}`)
		if !bytes.Equal(other.raw, unknown.raw) || !reflect.DeepEqual(other.Header(), unknown.Header()) {
			t.Errorf("an unknown code answers %s and %s", unknown.raw, other.raw)
		}
	}
}

func TestLookupPageIsUniform(t *testing.T) {
	s := open(t)
	_, code := s.submitted()
	s.settled()
	page := func(form string) got {
		return s.do(ask{method: "POST", path: "/", body: form, header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}})
	}
	alone := page("code=" + code)
	for _, proof := range []string{otherID, "0000", "nonsense"} {
		if other := page("code=" + code + "&proof=" + proof); other.Code != nethttp.StatusOK || !bytes.Equal(other.raw, alone.raw) {
			t.Errorf("proof %s: %d\n%s\nwant\n%s", proof, other.Code, other.raw, alone.raw)
		}
	}
	for _, proof := range []string{ownerID, "5678", "001 185 000 123"} {
		if other := page("code=" + strings.ToLower(code) + "&proof=" + proof); !strings.Contains(string(other.raw), "Nguyễn Thị Mẫu") {
			t.Errorf("proof %s does not show the name", proof)
		}
	}
}

func TestLookupWithProof(t *testing.T) {
	s := open(t)
	id, code := s.submitted()
	s.command(s.intake(), id, "accept", `{"note":"ghi chú nội bộ"}`)
	s.command(s.intake(), id, "request-payment", `{"obligation":"LEPHI-GCN"}`)
	s.settled()
	for _, proof := range []string{`"id_number":"001 185 000 123"`, `"phone_last4":"5678"`, `"id_number":"` + ownerID + `","phone_last4":"56 78"`} {
		out := s.lookup(`{"code":" `+strings.ToLower(strings.ReplaceAll(code, "-", " "))+`",`+proof+`}`).expect(t, nethttp.StatusOK, "")
		d, ok := out["details"].(map[string]any)
		if !ok {
			t.Fatalf("%s shows no details: %v", proof, out)
		}
		if d["applicant"] != "Nguyễn Thị Mẫu" || d["unpaid"] != 20000.0 || len(d["timeline"].([]any)) != 4 {
			t.Errorf("%s shows %v", proof, d)
		}
		// Accepted on Monday 16 November at 09:00, 8 working days: 17, 18, 19, 20, 23, 25 (the 24th is off), 26.
		if out["due_at"] != "2026-11-27T02:00:00Z" || !strings.Contains(joined(d["due_date"]), "Ngày Văn hóa Việt Nam") {
			t.Errorf("due %v, explained %v", out["due_at"], d["due_date"])
		}
		if strings.Contains(joined(d), "nội bộ") {
			t.Error("a remark to colleagues is shown")
		}
	}
}

// joined is a value with everything in it as text.
func joined(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		var all []string
		for _, one := range v {
			all = append(all, joined(one))
		}
		return strings.Join(all, "\n")
	case map[string]any:
		var all []string
		for _, one := range v {
			all = append(all, joined(one))
		}
		return strings.Join(all, "\n")
	}
	return ""
}

func TestLookupLimits(t *testing.T) {
	few := func(c *Config) {
		c.Limits = Limits{Address: Rate{time.Minute, 8}, Code: Rate{time.Minute, 4}, Proof: Rate{time.Hour, 2}}
	}
	s := open(t, few)
	_, code := s.submitted()
	s.settled()
	from := func(remote, body string) got {
		return s.do(ask{method: "POST", path: "/api/v1/lookup", body: body, remote: remote})
	}
	bare, proof := `{"code":"`+code+`"}`, `{"code":"`+code+`","phone_last4":"1111"}`
	from("192.0.2.1:1", proof).expect(t, nethttp.StatusOK, "")
	from("192.0.2.2:1", proof).expect(t, nethttp.StatusOK, "")
	// Two proofs were tried from two addresses: a right one has to wait, too, the code alone does not.
	blocked := from("192.0.2.3:1", `{"code":"`+code+`","phone_last4":"5678"}`)
	blocked.expect(t, nethttp.StatusTooManyRequests, "too_many_lookups")
	if blocked.Header().Get("Retry-After") != "3600" {
		t.Errorf("Retry-After %q", blocked.Header().Get("Retry-After"))
	}
	from("192.0.2.3:1", bare).expect(t, nethttp.StatusOK, "")
	from("192.0.2.4:1", bare).expect(t, nethttp.StatusTooManyRequests, "too_many_lookups") // the code's fifth
	s.at(monday.Add(time.Minute))
	from("192.0.2.4:1", bare).expect(t, nethttp.StatusOK, "")
	// One address, many codes; an IPv6 household is one address.
	for i := range 8 {
		from("[2001:db8::"+string(rune('a'+i%6))+"]:1", `{"code":"x`+string(rune('a'+i))+`"}`).expect(t, nethttp.StatusNotFound, "not_found")
	}
	from("[2001:db8::ff]:1", `{"code":"y"}`).expect(t, nethttp.StatusTooManyRequests, "too_many_lookups")
	from("[2001:db8:0:1::ff]:1", `{"code":"y"}`).expect(t, nethttp.StatusNotFound, "not_found")
}

func TestLookupByID(t *testing.T) {
	s := open(t)
	_, code := s.submitted()
	s.settled()
	by := func(token, body string) got {
		return s.do(ask{method: "POST", path: "/api/v1/lookup-by-id", token: token, body: body})
	}
	find := `{"id_number":"` + ownerID + `","purpose":"đối chiếu hồ sơ trùng"}`
	count := func(g got, want int) {
		t.Helper()
		if n := len(g.expect(t, nethttp.StatusOK, "")["dossiers"].([]any)); n != want {
			t.Errorf("%d dossiers, want %d: %s", n, want, g.raw)
		}
	}
	count(by(s.intake(), find), 1)
	count(by(s.auditor(), find), 1)
	count(by(s.citizen(ownerID), find), 1)
	count(by(s.citizen(ownerID), `{"purpose":"xem hồ sơ của tôi"}`), 1)
	count(by(s.citizen(otherID), `{"purpose":"xem hồ sơ của tôi"}`), 0)
	count(by(s.intake(), `{"id_number":"`+otherID+`","purpose":"x"}`), 0)
	// An officer of an agency that has nothing to do with it sees nothing.
	count(by(s.token(domainOfficer, elsewhere, "officer-9"), find), 0)
	by("", find).expect(t, nethttp.StatusUnauthorized, "unauthorized")
	by(s.citizen(otherID), find).expect(t, nethttp.StatusForbidden, "forbidden")
	by(s.token("analyst", "", "a"), find).expect(t, nethttp.StatusForbidden, "forbidden")
	by(s.intake(), `{"id_number":"`+ownerID+`"}`).expect(t, nethttp.StatusUnprocessableEntity, "field_missing")
	by(s.intake(), `{"id_number":"12","purpose":"x"}`).expect(t, nethttp.StatusUnprocessableEntity, "id_number_invalid")
	by(s.intake(), `{"id_number":"`+ownerID+`","purpose":"tìm 0011 8500 0123"}`).expect(t, nethttp.StatusUnprocessableEntity, "purpose_holds_number")
	said := s.said.String()
	if !strings.Contains(said, `purpose="đối chiếu hồ sơ trùng"`) || !strings.Contains(said, "actor=officer-1") {
		t.Errorf("the purpose is not recorded: %s", said)
	}
	for _, secret := range []string{ownerID, otherID, "Nguyễn", code, "5678"} {
		if strings.Contains(said, secret) {
			t.Errorf("the log tells %q", secret)
		}
	}
}
