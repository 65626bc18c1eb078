package http

import (
	"bytes"
	"fmt"
	nethttp "net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

func (s *stack) lookup(body string) got {
	s.t.Helper()
	return s.do(ask{method: "POST", path: "/api/v1/lookup", body: body})
}

// The look-up's uniform answers. The code alone, a wrong proof and
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

// One number tried on one code after the other: the address runs dry, whatever
// the codes, and the codes alone stay open to it.
func TestProofsPerAddress(t *testing.T) {
	s := open(t, func(c *Config) {
		free := Rate{time.Second, 1000}
		c.Limits = Limits{Address: free, Code: free, Proof: free, Prover: Rate{time.Minute, 3}}
	})
	from := func(remote, proof string, i int) got {
		return s.do(ask{method: "POST", path: "/api/v1/lookup", remote: remote, body: fmt.Sprintf(`{"code":"H99.01-261116-%04d"%s}`, i, proof)})
	}
	for i := range 3 {
		from("192.0.2.1:1", `,"phone_last4":"1111"`, i+1).expect(t, nethttp.StatusNotFound, "not_found")
	}
	from("192.0.2.1:1", `,"phone_last4":"1111"`, 4).expect(t, nethttp.StatusTooManyRequests, "too_many_lookups")
	from("192.0.2.1:1", `,"id_number":"`+ownerID+`"`, 5).expect(t, nethttp.StatusTooManyRequests, "too_many_lookups")
	from("192.0.2.1:1", "", 4).expect(t, nethttp.StatusNotFound, "not_found")
	from("192.0.2.2:1", `,"phone_last4":"1111"`, 4).expect(t, nethttp.StatusNotFound, "not_found")
}

// An officer learns nothing of a person's dossiers at other agencies: not that
// there are any, nor their ids or times by a cursor, nor that the person exists.
func TestLookupByIDTellsNothingOfOthers(t *testing.T) {
	s := open(t)
	for range 3 {
		s.submitted()
	}
	s.settled()
	by := func(token, number, more string) map[string]any {
		return s.do(ask{method: "POST", path: "/api/v1/lookup-by-id", token: token, body: `{"purpose":"x","id_number":"` + number + `"` + more + `}`}).expect(t, nethttp.StatusOK, "")
	}
	stranger := s.token(domainOfficer, elsewhere, "officer-9")
	known, unknown := by(stranger, ownerID, `,"limit":1`), by(stranger, "001199000457", `,"limit":1`)
	if fmt.Sprint(known) != fmt.Sprint(unknown) || len(known["dossiers"].([]any)) != 0 {
		t.Errorf("the stranger sees\n%v\nof somebody unknown\n%v", known, unknown)
	}
	seen, cursor := map[any]bool{}, ""
	for page := 1; page == 1 || cursor != ""; page++ {
		got := by(s.intake(), ownerID, `,"limit":2,"cursor":"`+cursor+`"`)
		for _, d := range got["dossiers"].([]any) {
			seen[d.(map[string]any)["id"]] = true
		}
		if cursor, _ = got["next"].(string); page == 1 && cursor == "" || page > 2 {
			t.Fatalf("page %d goes on at %q", page, cursor)
		}
	}
	if len(seen) != 3 {
		t.Errorf("%d dossiers on two pages", len(seen))
	}
}

func TestPurpose(t *testing.T) {
	for purpose, ok := range map[string]bool{
		"đối chiếu hồ sơ H99.33-261118-0003": true, "hồ sơ 000.00.06.H56-231027-0361": true,
		"theo công văn 123/UBND từ 20/11/2026 đến 21/11/2026": true, "12345678": true,
		"tìm 001185000123": false, "0 0 1 1 8 5 0 0 0 1 2 3": false, "001  185  000  123": false, "001/185/000/123": false,
		"001_185_000_123": false, "001\u2013185\u2013000\u2013123": false, "001\u200b185\u200b000\u200b123": false,
		"００１１８５０００１２３": false, "٠٠١١٨٥٠٠٠١٢٣": false, "001185 / 000123": false, "0912.345.678": false,
	} {
		if _, err := purposeOf(purpose); (err == nil) != ok {
			t.Errorf("%q: %v", purpose, err)
		}
	}
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
	said := regexp.MustCompile(`request=\S+`).ReplaceAllString(s.said.String(), "") // four digits stand in a random id by chance
	if !strings.Contains(said, `purpose="đối chiếu hồ sơ trùng"`) || !strings.Contains(said, "actor=officer-1") {
		t.Errorf("the purpose is not recorded: %s", said)
	}
	for _, secret := range []string{ownerID, otherID, "Nguyễn", code, "5678"} {
		if strings.Contains(said, secret) {
			t.Errorf("the log tells %q", secret)
		}
	}
}
