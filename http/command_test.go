package http

import (
	"crypto/ed25519"
	"errors"
	nethttp "net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"hoso/domain"
	"hoso/domain/eventlog"
)

const domainOfficer = domain.IntakeOfficer

// If-Match.
func TestIfMatch(t *testing.T) {
	s := open(t)
	id, _ := s.submitted() // revisions 0 and 1
	post := func(tag, path, body string) got {
		return s.do(ask{method: "POST", path: "/api/v1/dossiers/" + id + "/" + path, token: s.intake(), body: body, header: map[string]string{"If-Match": tag}})
	}
	post(`"0"`, "accept", "").expect(t, nethttp.StatusPreconditionFailed, "revision_mismatch")
	post(`"9"`, "accept", "").expect(t, nethttp.StatusPreconditionFailed, "revision_mismatch")
	post(`W/"1"`, "accept", "").expect(t, nethttp.StatusBadRequest, "if_match_invalid")
	done := post(`"1"`, "accept", "")
	done.expect(t, nethttp.StatusOK, "")
	if done.Header().Get("ETag") != `"2"` {
		t.Errorf("ETag %s", done.Header().Get("ETag"))
	}
	post(`"1"`, "contact", `{"means":"phone","text":"x"}`).expect(t, nethttp.StatusPreconditionFailed, "revision_mismatch")
	post(`*`, "contact", `{"means":"phone","text":"x"}`).expect(t, nethttp.StatusOK, "")
	read := s.do(ask{method: "GET", path: "/api/v1/dossiers/" + id + "?min_revision=3", token: s.intake()})
	read.expect(t, nethttp.StatusOK, "")
	tag := read.Header().Get("ETag")
	if !strings.HasPrefix(tag, `"3-`) {
		t.Errorf("ETag %s", tag)
	}
	again := s.do(ask{method: "GET", path: "/api/v1/dossiers/" + id, token: s.intake(), header: map[string]string{"If-None-Match": `"2", ` + tag}})
	if again.Code != nethttp.StatusNotModified || len(again.raw) != 0 {
		t.Errorf("%d %s", again.Code, again.raw)
	}
	post(strings.Replace(tag, "3", "2", 1), "contact", `{"means":"phone","text":"x"}`).expect(t, nethttp.StatusPreconditionFailed, "revision_mismatch")
	post(`"3-xyz"`, "contact", `{"means":"phone","text":"x"}`).expect(t, nethttp.StatusBadRequest, "if_match_invalid")
	post(tag, "contact", `{"means":"phone","text":"x"}`).expect(t, nethttp.StatusOK, "") // what was read is good for a command
}

// A paper dossier is withdrawn at the desk that received it: the history says
// who asked and who recorded it.
func TestWithdrawalRecordedByAnOfficer(t *testing.T) {
	s := open(t)
	paper := strings.Replace(submission(ownerID, ownerPhone), `"online"`, `"direct"`, 1)
	id := s.do(ask{method: "POST", path: "/api/v1/dossiers", token: s.intake(), body: paper}).expect(t, nethttp.StatusCreated, "")["dossier"].(string)
	path, body := "/api/v1/dossiers/"+id+"/withdraw", `{"asked_by":"owner","paper":"Đơn ngày 16/11/2026"}`
	s.do(ask{method: "POST", path: path, token: s.token(domainOfficer, elsewhere, "o"), body: body}).expect(t, nethttp.StatusForbidden, "forbidden")
	s.do(ask{method: "POST", path: path, token: s.intake()}).expect(t, nethttp.StatusUnprocessableEntity, "field_invalid")
	s.command(s.intake(), id, "withdraw", body)
	history := s.do(ask{method: "GET", path: "/api/v1/dossiers/" + id + "/history", token: s.auditor()}).expect(t, nethttp.StatusOK, "")
	events := history["events"].([]any)
	last := events[len(events)-1].(map[string]any)
	if by := last["by"].(map[string]any); by["id"] != "officer-1" || by["role"] != "intake_officer" ||
		last["detail"].(map[string]any)["vi"] != "Chủ hồ sơ đề nghị, cán bộ ghi nhận" || last["text"] != "Đơn ngày 16/11/2026" {
		t.Errorf("the last event reads %v", last)
	}
	online, _ := s.submitted()
	s.do(ask{method: "POST", path: "/api/v1/dossiers/" + online + "/withdraw", token: s.intake(), body: body}).expect(t, nethttp.StatusForbidden, "not_the_applicant")
}

// Idempotency-Key with another body.
func TestIdempotencyKey(t *testing.T) {
	s := open(t)
	post := func(token, path, key, body string) got {
		return s.do(ask{method: "POST", path: "/api/v1/dossiers" + path, token: token, body: body, header: map[string]string{"Idempotency-Key": key}})
	}
	first := post(s.citizen(ownerID), "", "k1", submission(ownerID, ownerPhone))
	id := first.expect(t, nethttp.StatusCreated, "")["dossier"].(string)
	if first.Header().Get("Location") != "/api/v1/dossiers/"+id || first.Header().Get("Idempotency-Replayed") != "" {
		t.Errorf("headers %v", first.Header())
	}
	again := post(s.citizen(ownerID), "", "k1", strings.ReplaceAll(submission(ownerID, ownerPhone), ",", " ,\n"))
	again.expect(t, nethttp.StatusCreated, "")
	if again.Header().Get("Idempotency-Replayed") != "true" || string(again.raw) != string(first.raw) {
		t.Errorf("again: %v %s, first %s", again.Header(), again.raw, first.raw)
	}
	post(s.citizen(ownerID), "", "k1", submission(ownerID, "0911 111 111")).expect(t, nethttp.StatusUnprocessableEntity, "key_reused")
	other := post(s.citizen(otherID), "", "k1", submission(otherID, ownerPhone)).expect(t, nethttp.StatusCreated, "")
	if other["dossier"] == id {
		t.Error("two people who send the same key share a dossier")
	}
	post(s.intake(), "/"+id+"/accept", "k2", `{}`).expect(t, nethttp.StatusOK, "")
	replay := post(s.intake(), "/"+id+"/accept", "k2", "")
	if replay.expect(t, nethttp.StatusOK, ""); replay.Header().Get("Idempotency-Replayed") != "true" {
		t.Error("an empty body and {} are one request")
	}
	post(s.intake(), "/"+id+"/accept", "k2", `{"note":"x"}`).expect(t, nethttp.StatusUnprocessableEntity, "key_reused")
	post(s.intake(), "/"+id+"/deliver", "k2", `{}`).expect(t, nethttp.StatusUnprocessableEntity, "key_reused")
	post(s.intake(), "/"+id+"/accept", "khóa", `{}`).expect(t, nethttp.StatusBadRequest, "key_invalid")
	post(s.intake(), "/"+id+"/accept", strings.Repeat("k", 201), `{}`).expect(t, nethttp.StatusBadRequest, "key_invalid")
}

func TestBadInput(t *testing.T) {
	s := open(t, func(c *Config) { c.BodyLimit = 2000 })
	id, code := s.submitted()
	s.settled()
	officer := s.intake()
	at := "/api/v1/dossiers/" + id
	for name, tc := range map[string]struct {
		ask
		status  int
		code    string
		pointer string
		offset  float64
	}{
		"malformed":               {ask{"POST", at + "/refuse", officer, `{"reason":"x",,}`, nil, ""}, 400, "malformed_json", "", 14},
		"cut off":                 {ask{"POST", at + "/refuse", officer, `{"reason":"x`, nil, ""}, 400, "malformed_json", "/reason", 0},
		"unknown field":           {ask{"POST", at + "/refuse", officer, `{"reason":"x","legal_bases":"y"}`, nil, ""}, 400, "unknown_field", "/legal_bases", 0},
		"unknown field inside":    {ask{"POST", "/api/v1/dossiers", officer, strings.Replace(submission(ownerID, "0"), `"kind"`, `"kynd"`, 1), nil, ""}, 400, "unknown_field", "/submitter/kynd", 0},
		"case matters":            {ask{"POST", at + "/refuse", officer, `{"Reason":"x"}`, nil, ""}, 400, "unknown_field", "/Reason", 0},
		"twice":                   {ask{"POST", at + "/refuse", officer, `{"reason":"x","reason":"y"}`, nil, ""}, 400, "duplicate_field", "/reason", 0},
		"wrong type":              {ask{"POST", at + "/refuse", officer, `{"reason":5}`, nil, ""}, 400, "wrong_type", "/reason", 0},
		"wrong type in a list":    {ask{"POST", at + "/return-for-supplement", officer, `{"missing":["a",1]}`, nil, ""}, 400, "wrong_type", "/missing/1", 0},
		"fraction":                {ask{"POST", at + "/pay", officer, `{"amount":1.5}`, nil, ""}, 400, "wrong_type", "/amount", 0},
		"no time":                 {ask{"POST", at + "/extend-due-date", s.leader(), `{"due_at":"tomorrow","reason":"x"}`, nil, ""}, 400, "wrong_type", "/due_at", 0},
		"a list":                  {ask{"POST", at + "/refuse", officer, `[]`, nil, ""}, 400, "wrong_type", "", 0},
		"null":                    {ask{"POST", at + "/refuse", officer, `null`, nil, ""}, 400, "wrong_type", "", 0},
		"two values":              {ask{"POST", at + "/refuse", officer, `{} {}`, nil, ""}, 400, "malformed_json", "", 0},
		"not UTF-8":               {ask{"POST", at + "/refuse", officer, "{\"reason\":\"\xff\"}", nil, ""}, 400, "malformed_json", "", 0},
		"too large":               {ask{"POST", at + "/refuse", officer, `{"reason":"` + strings.Repeat("x", 2000) + `"}`, nil, ""}, 413, "too_large", "", 0},
		"not JSON":                {ask{"POST", at + "/refuse", officer, `reason=x`, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, ""}, 415, "not_json", "", 0},
		"required missing":        {ask{"POST", at + "/refuse", officer, `{"legal_basis":"y"}`, nil, ""}, 422, "field_missing", "", 0},
		"too long":                {ask{"POST", at + "/refuse", officer, `{"reason":"x","legal_basis":"` + strings.Repeat("x", 301) + `"}`, nil, ""}, 422, "field_too_long", "", 0},
		"unknown procedure":       {ask{"POST", "/api/v1/dossiers", officer, strings.Replace(submission(ownerID, ""), deeds, "9.999999", 1), nil, ""}, 422, "unknown_procedure", "", 0},
		"bad ID number":           {ask{"POST", "/api/v1/dossiers", officer, submission("12345", ""), nil, ""}, 422, "id_number_invalid", "", 0},
		"guard":                   {ask{"POST", at + "/supplement", officer, `{"note":"x"}`, nil, ""}, 409, "no_supplement_open", "", 0},
		"no such dossier":         {ask{"GET", "/api/v1/dossiers/0b6f2a7e-54c1-5b0d-8d56-7c3f9d1e2a48", officer, "", nil, ""}, 404, "not_found", "", 0},
		"no such code":            {ask{"GET", "/api/v1/dossiers/" + code + "9", officer, "", nil, ""}, 404, "not_found", "", 0},
		"command on none":         {ask{"POST", "/api/v1/dossiers/0b6f2a7e-54c1-5b0d-8d56-7c3f9d1e2a48/accept", officer, "", nil, ""}, 404, "not_found", "", 0},
		"no such path":            {ask{"GET", "/api/v1/nothing", officer, "", nil, ""}, 404, "no_such_path", "", 0},
		"no such command":         {ask{"POST", at + "/redact", officer, "{}", nil, ""}, 404, "no_such_path", "", 0},
		"wrong method":            {ask{"DELETE", at, officer, "", nil, ""}, 405, "method_not_allowed", "", 0},
		"bad limit":               {ask{"GET", "/api/v1/dossiers?limit=201", officer, "", nil, ""}, 400, "bad_parameter", "limit", 0},
		"bad status":              {ask{"GET", "/api/v1/dossiers?status=11", officer, "", nil, ""}, 400, "bad_parameter", "status", 0},
		"bad date":                {ask{"GET", "/api/v1/dossiers?due_from=31/12/2026", officer, "", nil, ""}, 400, "bad_parameter", "due_from", 0},
		"bad cursor":              {ask{"GET", "/api/v1/dossiers?cursor=abc", officer, "", nil, ""}, 400, "bad_cursor", "", 0},
		"bad sort":                {ask{"GET", "/api/v1/dossiers?sort=name", officer, "", nil, ""}, 400, "bad_parameter", "sort", 0},
		"unknown parameter":       {ask{"GET", "/api/v1/dossiers?colour=red", officer, "", nil, ""}, 400, "bad_parameter", "colour", 0},
		"bad facet":               {ask{"GET", "/api/v1/dossiers?facets=status,colour", officer, "", nil, ""}, 400, "bad_parameter", "facets", 0},
		"the same facet twice":    {ask{"GET", "/api/v1/dossiers?facets=status,status", officer, "", nil, ""}, 400, "bad_parameter", "facets", 0},
		"bad clock":               {ask{"GET", "/api/v1/dossiers?clock=late", officer, "", nil, ""}, 400, "bad_parameter", "clock", 0},
		"bad channel":             {ask{"GET", "/api/v1/dossiers?channel=fax", officer, "", nil, ""}, 400, "bad_parameter", "channel", 0},
		"too many words":          {ask{"GET", "/api/v1/dossiers?q=" + manyWords, officer, "", nil, ""}, 400, "too_many_words", "", 0},
		"no such queue":           {ask{"GET", "/api/v1/queues/theirs", officer, "", nil, ""}, 400, "bad_queue", "", 0},
		"queue, bad limit":        {ask{"GET", "/api/v1/queues/mine?limit=0", officer, "", nil, ""}, 400, "bad_parameter", "limit", 0},
		"queue, bad hours":        {ask{"GET", "/api/v1/queues?due_soon=241", officer, "", nil, ""}, 400, "bad_parameter", "due_soon", 0},
		"queue, bad cursor":       {ask{"GET", "/api/v1/queues/mine?cursor=x", officer, "", nil, ""}, 400, "bad_cursor", "", 0},
		"queue of another agency": {ask{"GET", "/api/v1/queues?agency=" + elsewhere, officer, "", nil, ""}, 403, "forbidden", "", 0},
		"queue of no agency":      {ask{"GET", "/api/v1/queues/unit", s.auditor(), "", nil, ""}, 400, "queue_agency_missing", "", 0},
		"queue of an applicant":   {ask{"GET", "/api/v1/queues", s.citizen(ownerID), "", nil, ""}, 403, "forbidden", "", 0},
		"queue of an admin":       {ask{"GET", "/api/v1/queues", s.token(domain.Administrator, "", "a"), "", nil, ""}, 403, "forbidden", "", 0},
		"facets of an analyst":    {ask{"GET", "/api/v1/dossiers?facets=status", s.token(domain.Analyst, "", "a"), "", nil, ""}, 403, "forbidden", "", 0},
		"bad min_revision":        {ask{"GET", at + "?min_revision=-1", officer, "", nil, ""}, 400, "bad_parameter", "min_revision", 0},
		"min_revision beyond":     {ask{"GET", at + "?min_revision=99", officer, "", nil, ""}, 409, "revision_not_reached", "min_revision", 0},
		"history beyond":          {ask{"GET", at + "/history?revision=99", officer, "", nil, ""}, 404, "revision_beyond_end", "", 0},
		"history before":          {ask{"GET", at + "/history?at=2020-01-01T00:00:00Z", officer, "", nil, ""}, 404, "before_first_event", "", 0},
		"bad axis":                {ask{"GET", at + "/history?axis=x", officer, "", nil, ""}, 400, "bad_parameter", "axis", 0},
		"bad group":               {ask{"GET", "/api/v1/times?by=person", s.leader(), "", nil, ""}, 400, "bad_group", "", 0},
		"bad position":            {ask{"GET", "/api/v1/times?min_position=x", s.leader(), "", nil, ""}, 400, "bad_parameter", "min_position", 0},
		"look-up without code":    {ask{"POST", "/api/v1/lookup", "", `{"id_number":"` + ownerID + `"}`, nil, ""}, 400, "field_missing", "/code", 0},
		"look-up, unknown member": {ask{"POST", "/api/v1/lookup", "", `{"code":"x","name":"y"}`, nil, ""}, 400, "unknown_field", "/name", 0},
	} {
		g := s.do(tc.ask)
		if g.Code != tc.status || !strings.HasPrefix(g.Header().Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s: %d %s %s, want %d %s", name, g.Code, g.Header().Get("Content-Type"), g.raw, tc.status, tc.code)
			continue
		}
		p := g.json(t)
		if p["code"] != tc.code || tc.pointer != "" && p["pointer"] != tc.pointer || tc.offset != 0 && p["offset"] != tc.offset {
			t.Errorf("%s: %s, want %s at %q, offset %v", name, g.raw, tc.code, tc.pointer, tc.offset)
		}
		if p["status"] != float64(tc.status) || p["title"] == "" || p["detail"] == "" || p["type"] != "urn:hoso:problem:"+tc.code {
			t.Errorf("%s: %s", name, g.raw)
		}
	}
	if allow := s.do(ask{method: "DELETE", path: at, token: officer}).Header().Get("Allow"); !strings.Contains(allow, "GET") {
		t.Errorf("Allow %q", allow)
	}
}

func TestProblemsSpeakBothLanguages(t *testing.T) {
	s := open(t)
	for header, want := range map[string]string{
		"": "vi", "vi": "vi", "en": "en", "en-GB,vi;q=0.5": "en", "vi;q=0.9,en;q=0.3": "vi", "fr": "vi", "fr,en;q=0.5": "en", ";;;": "vi",
	} {
		g := s.do(ask{method: "GET", path: "/api/v1/dossiers", header: map[string]string{"Accept-Language": header}})
		detail := g.expect(t, nethttp.StatusUnauthorized, "unauthorized")["detail"].(string)
		if vi := strings.HasPrefix(detail, "Hãy gửi"); vi != (want == "vi") || g.Header().Get("Content-Language") != want {
			t.Errorf("%q is answered in %s: %s", header, g.Header().Get("Content-Language"), detail)
		}
	}
}

func TestTokens(t *testing.T) {
	s := open(t)
	with := func(token string) got { return s.do(ask{method: "GET", path: "/api/v1/dossiers", token: token}) }
	with(s.intake()).expect(t, nethttp.StatusOK, "")
	_, stranger, _ := ed25519.GenerateKey(nil)
	forged := &stack{t: t, key: stranger, now: monday}
	hmac := must(jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "x", "role": "auditor", "aud": Audience, "exp": monday.Add(time.Hour).Unix()}).
		SignedString([]byte(s.key.Public().(ed25519.PublicKey))))
	none := must(jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"sub": "x", "role": "auditor", "aud": Audience, "exp": monday.Add(time.Hour).Unix()}).
		SignedString(jwt.UnsafeAllowNoneSignatureType))
	for name, token := range map[string]string{
		"another key": forged.intake(), "signed with the public key as a secret": hmac, "unsigned": none, "no token": "x.y.z",
		"another audience":        s.token("auditor", "", "x", func(c *Claims) { c.Audience = jwt.ClaimStrings{"other"} }),
		"no audience":             s.token("auditor", "", "x", func(c *Claims) { c.Audience = nil }),
		"no end":                  s.token("auditor", "", "x", func(c *Claims) { c.ExpiresAt = nil }),
		"expired":                 s.token("auditor", "", "x", func(c *Claims) { c.ExpiresAt = jwt.NewNumericDate(monday.Add(-time.Second)) }),
		"an ID number as subject": s.token("auditor", "", "001200012345", func(*Claims) {}),
		"not yet":                 s.token("auditor", "", "x", func(c *Claims) { c.NotBefore = jwt.NewNumericDate(monday.Add(time.Hour)) }),
		"the system":              s.token(domain.System, "", "x"),
		"unknown role":            s.token("king", desk, "x"),
		"nobody":                  s.token("auditor", "", ""),
		"no agency":               s.token("leader", "", "x"),
	} {
		g := with(token)
		if g.Code != nethttp.StatusUnauthorized || !strings.HasPrefix(g.Header().Get("WWW-Authenticate"), `Bearer realm="hoso", error="invalid_token"`) {
			t.Errorf("%s: %d %s", name, g.Code, g.Header().Get("WWW-Authenticate"))
		}
	}
	short := s.token("auditor", "", "x", func(c *Claims) { c.ExpiresAt = jwt.NewNumericDate(monday.Add(time.Minute)) })
	with(short).expect(t, nethttp.StatusOK, "")
	s.at(monday.Add(2 * time.Minute))
	with(short).expect(t, nethttp.StatusUnauthorized, "unauthorized") // also out of the cache
	with(s.citizen(ownerID)).expect(t, nethttp.StatusForbidden, "forbidden")
	with(s.token("analyst", "", "x")).expect(t, nethttp.StatusForbidden, "forbidden")
}

func TestWhoMayRead(t *testing.T) {
	s := open(t)
	id, code := s.submitted()
	for _, path := range []string{"", "/history", "/due-date"} {
		for name, tc := range map[string]struct {
			token  string
			status int
		}{
			"own": {s.citizen(ownerID), 200}, "desk": {s.intake(), 200}, "auditor": {s.auditor(), 200}, "nobody": {"", 401},
			"other": {s.citizen(otherID), 403}, "elsewhere": {s.token(domain.Leader, elsewhere, "l"), 403}, "analyst": {s.token(domain.Analyst, "", "a"), 403},
		} {
			for _, key := range []string{id, code} {
				if g := s.do(ask{method: "GET", path: "/api/v1/dossiers/" + key + path, token: tc.token}); g.Code != tc.status {
					t.Errorf("%s reads %s by %s: %d %s", name, path, key, g.Code, g.raw)
				}
			}
		}
	}
}

func TestStoppedLog(t *testing.T) {
	s := open(t)
	id, _ := s.submitted()
	s.do(ask{method: "GET", path: "/readyz"}).expect(t, nethttp.StatusOK, "")
	s.sick = errors.Join(PartStopped("log", nil), PartStopped("keys", errors.New("secret cause")), PartStopped("reactions", eventlog.ErrStopped))
	if r := s.do(ask{method: "GET", path: "/readyz"}).expect(t, nethttp.StatusServiceUnavailable, ""); r["log"] != "keys: writing has stopped; reactions: writing has stopped" {
		t.Errorf("%v", r)
	}
	s.sick = eventlog.ErrStopped
	if r := s.do(ask{method: "GET", path: "/readyz"}).expect(t, nethttp.StatusServiceUnavailable, ""); r["log"] != "log: writing has stopped" {
		t.Errorf("%v", r)
	}
	s.settled()
	s.log.Close()
	s.do(ask{method: "GET", path: "/readyz"}).expect(t, nethttp.StatusServiceUnavailable, "")
	g := s.do(ask{method: "POST", path: "/api/v1/dossiers/" + id + "/accept", token: s.intake()})
	g.expect(t, nethttp.StatusServiceUnavailable, "log_stopped")
	if g.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	s.do(ask{method: "GET", path: "/api/v1/dossiers/" + id, token: s.intake()}).expect(t, nethttp.StatusOK, "") // reading goes on
}

// TestPersonWithoutNumber: somebody who gives no ID number, in a request that
// was never sent before, is a person with a key of their own: what is told of
// them is sealed with it and can be read.
func TestPersonWithoutNumber(t *testing.T) {
	s := open(t)
	owners := map[string]bool{}
	for range 2 {
		body := strings.Replace(submission("", ownerPhone), `"id_number":"",`, "", 1)
		out := s.do(ask{method: "POST", path: "/api/v1/dossiers", token: s.citizen(otherID), body: body}).expect(t, nethttp.StatusCreated, "")
		s.settled()
		v, found, err := s.views.ByCode(t.Context(), domain.FoldCode(out["code"].(string)))
		if err != nil || !found || v.OwnerName != "Nguyễn Thị Mẫu" {
			t.Fatalf("%q is the owner of %s: %v %v", v.OwnerName, v.Code, found, err)
		}
		owners[v.OwnerSubject.String()] = true
	}
	if len(owners) != 2 {
		t.Errorf("two submissions without a number are of %d persons", len(owners))
	}
}
