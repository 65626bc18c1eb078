package http

import (
	"bytes"
	"context"
	"io"
	nethttp "net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/labstack/echo/v4"

	"hoso/domain"
)

// pagesOnly are the routes for people, which the document leaves out.
var pagesOnly = []string{"GET /", "POST /", "GET /d/:code", "GET /help", "GET /assets/:name"}

func document(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(Document)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestRoutesAreTheDocumented(t *testing.T) {
	var documented, registered []string
	for path, item := range document(t).Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+regexp.MustCompile(`\{(\w+)\}`).ReplaceAllString(path, ":$1"))
		}
	}
	for _, r := range open(t).server.echo.Routes() {
		if route := r.Method + " " + r.Path; !slices.Contains(pagesOnly, route) {
			registered = append(registered, route)
		}
	}
	slices.Sort(documented)
	slices.Sort(registered)
	if !slices.Equal(documented, registered) {
		t.Errorf("documented\n%s\nregistered\n%s", strings.Join(documented, "\n"), strings.Join(registered, "\n"))
	}
}

// The bodies of commands are the domain's types: the document must say of each
// exactly the members that it reads.
func TestCommandBodiesAreTheDocumented(t *testing.T) {
	doc := document(t)
	system := []string{"number", "lapse_supplement", "redact"}
	for _, c := range domain.Commands() {
		path := "/api/v1/dossiers/{dossier}/" + commandPath(c)
		if c.CommandName() == "submit" {
			path = "/api/v1/dossiers"
		}
		item := doc.Paths.Value(path)
		if item == nil || item.Post == nil {
			if !slices.Contains(system, c.CommandName()) {
				t.Errorf("%s is not in the document", c.CommandName())
			}
			continue
		}
		schema := item.Post.RequestBody.Value.Content.Get("application/json").Schema
		compare(t, c.CommandName(), reflect.TypeOf(c), schema.Value)
	}
}

func compare(t *testing.T, at string, typ reflect.Type, schema *openapi3.Schema) {
	t.Helper()
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
		if typ.Kind() == reflect.Slice {
			schema = schema.Items.Value
		}
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || typ == reflect.TypeFor[time.Time]() {
		return
	}
	var members []string
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		members = append(members, name)
		if p := schema.Properties[name]; p != nil {
			compare(t, at+"."+name, typ.Field(i).Type, p.Value)
		}
	}
	var documented []string
	for name := range schema.Properties {
		documented = append(documented, name)
	}
	slices.Sort(members)
	slices.Sort(documented)
	if !slices.Equal(members, documented) {
		t.Errorf("%s reads %v, the document says %v", at, members, documented)
	}
	if schema.AdditionalProperties.Has == nil || *schema.AdditionalProperties.Has {
		t.Errorf("%s: the document does not say that other members are refused", at)
	}
}

// strict makes the document refuse members in answers that it does not name.
func strict(doc *openapi3.T) {
	no := false
	for _, ref := range doc.Components.Schemas {
		if s := ref.Value; s.Type.Is("object") && s.AdditionalProperties.Schema == nil {
			s.AdditionalProperties.Has = &no
		}
	}
}

// checked sends every answer of a server through the document.
type checked struct {
	t      *testing.T
	router routers.Router
	next   nethttp.Handler
	seen   map[string]bool // operation and status
}

func (c *checked) ServeHTTP(w nethttp.ResponseWriter, r *nethttp.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	rec := httptest.NewRecorder()
	c.next.ServeHTTP(rec, r)
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		c.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		return
	}
	c.seen[route.Operation.OperationID+" "+nethttp.StatusText(rec.Code)] = true
	r.Body = io.NopCloser(bytes.NewReader(body))
	err = openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 rec.Code, Header: rec.Header(), Body: io.NopCloser(bytes.NewReader(rec.Body.Bytes())),
		Options: &openapi3filter.Options{MultiError: true, IncludeResponseStatus: true},
	})
	if err != nil {
		c.t.Errorf("%s %s answers %d %s: %v", r.Method, r.URL.Path, rec.Code, rec.Body, err)
	}
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(rec.Code)
	w.Write(rec.Body.Bytes())
}

// Every operation answers at least once with success, along one whole life and
// some that end otherwise, and each answer is as documented.
func TestAnswersAreTheDocumented(t *testing.T) {
	openapi3filter.RegisterBodyDecoder("application/yaml", openapi3filter.FileBodyDecoder)
	doc := document(t)
	strict(doc)
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t)
	c := &checked{t, router, s.server.echo, map[string]bool{}}
	inner := s.server.echo
	s.server.echo = echo.New()
	s.server.echo.Any("/*", echo.WrapHandler(c))
	s.server.echo.Any("/", echo.WrapHandler(c))
	s.wholeLives()
	s.server.echo = inner
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if !slices.ContainsFunc([]string{" OK", " Created", " Accepted", " No Content"}, func(s string) bool { return c.seen[op.OperationID+s] }) {
				t.Errorf("%s %s was never answered with success", method, path)
			}
		}
	}
	for _, bad := range []string{"getDossier Not Found", "accept Conflict", "accept Precondition Failed", "lookup Not Found", "searchDossiers Unauthorized", "refuse Forbidden", "submit Bad Request"} {
		if !c.seen[bad] {
			t.Errorf("not seen: %s", bad)
		}
	}
}

// wholeLives asks for everything there is.
func (s *stack) wholeLives() {
	t := s.t
	t.Helper()
	desk1, leader, specialist := s.intake(), s.leader(), s.token(domain.Specialist, desk, "specialist-1")
	clerk, cashier := s.token(domain.Clerk, desk, "clerk-1"), s.token(domain.Cashier, desk, "cashier-1")
	id, code := s.submitted()
	s.settled()
	s.operated(id)
	s.command(desk1, id, "return-for-supplement", `{"missing":["Giấy chứng nhận đã cấp"]}`)
	s.command(s.citizen(ownerID), id, "supplement", `{"note":"Đã bổ sung"}`)
	s.do(ask{method: "POST", path: "/api/v1/dossiers/" + id + "/accept", token: desk1, header: map[string]string{"If-Match": `"0"`}}).expect(t, 412, "")
	s.command(desk1, id, "accept", `{}`)
	s.do(ask{method: "POST", path: "/api/v1/dossiers/" + id + "/accept", token: s.intake()}).expect(t, 409, "already_accepted")
	s.do(ask{method: "POST", path: "/api/v1/dossiers/" + id + "/refuse", token: s.citizen(ownerID), body: `{"reason":"x","legal_basis":"y"}`}).expect(t, 403, "")
	s.command(desk1, id, "route", `{"agency":"`+desk+`","unit":"Quầy Đất đai","assignee":"specialist-1"}`)
	s.command(specialist, id, "progress", `{"title":"Thẩm tra hồ sơ"}`)
	s.command(leader, id, "extend-due-date", `{"due_at":"2026-12-11T17:00:00+07:00","reason":"Xác minh thêm"}`)
	s.command(desk1, id, "request-payment", `{"obligation":"THAMDINH"}`)
	s.command(cashier, id, "pay", `{"obligation":"THAMDINH","amount":150000,"transaction":"t1","method":"counter"}`)
	s.command(cashier, id, "reconcile-payment", `{"obligation":"THAMDINH","statement":"s1"}`)
	s.command(cashier, id, "refund-payment", `{"obligation":"THAMDINH","amount":50000,"transaction":"r1","reason":"Thu thừa"}`)
	s.command(desk1, id, "request-payment", `{"obligation":"KHAC","name":"Khác","kind":"charge","amount":1000,"currency":"VND","due_point":4}`)
	s.command(desk1, id, "cancel-payment", `{"obligation":"KHAC","reason":"Nhập nhầm"}`)
	s.command(s.citizen(ownerID), id, "contact", `{"means":"phone","text":"Hỏi ngày hẹn"}`)
	s.command(leader, id, "decide", `{"outcome":"granted","number":"12/GCN","signer":"leader-1"}`)
	s.command(clerk, id, "receive-result", `{"number":"12/GCN"}`)
	s.command(desk1, id, "compare-originals", `{"match":true}`)
	s.command(desk1, id, "deliver", `{"receiver":"Nguyễn Thị Mẫu","proof":"Ký nhận"}`)
	s.command(s.citizen(ownerID), id, "rate", `{"score":5}`)
	s.command(clerk, id, "request-correction", `{"field":"note","text":"Ghi nhầm phòng","reason":"Nhầm","legal_basis":"Điều 1"}`)
	s.command(leader, id, "approve-correction", `{"request":"1"}`)
	s.command(clerk, id, "request-correction", `{"field":"note","text":"Lần nữa","reason":"Nhầm"}`)
	s.command(leader, id, "decline-correction", `{"request":"2","reason":"Không cần"}`)

	void, _ := s.submitted()
	s.command(desk1, void, "accept", "")
	s.command(leader, void, "decide", `{"outcome":"granted"}`)
	s.command(desk1, void, "compare-originals", `{"components":[{"component":"Giấy chứng nhận","match":false,"note":"Khác số tờ"}]}`)
	s.command(desk1, void, "propose-cancellation", `{"reason":"Không khớp"}`)
	s.command(leader, void, "cancel-result", `{"reason":"Không khớp","legal_basis":"Điều 9"}`)
	s.command(desk1, void, "report-violation", `{"authority":"Công an xã","matter":"Giấy tờ không khớp"}`)
	refused, _ := s.submitted()
	s.command(desk1, refused, "refuse", `{"reason":"Thiếu","legal_basis":"Điều 5"}`)
	withdrawn, _ := s.submitted()
	s.command(s.citizen(ownerID), withdrawn, "withdraw", "")
	atDesk := s.do(ask{method: "POST", path: "/api/v1/dossiers", token: desk1, body: strings.Replace(submission(ownerID, ownerPhone), `"online"`, `"post"`, 1)}).expect(t, 201, "")
	s.command(desk1, atDesk["dossier"].(string), "withdraw", `{"asked_by":"submitter","reason":"Nộp nhầm","paper":"12/ĐN"}`)
	stopped, _ := s.submitted()
	s.command(desk1, stopped, "accept", "")
	s.command(leader, stopped, "stop", `{"reason":"Tranh chấp","legal_basis":"Điều 7"}`)
	s.do(ask{method: "POST", path: "/api/v1/dossiers", token: desk1, body: `{"a":1}`}).expect(t, 400, "unknown_field")

	s.settled()
	for _, one := range []string{id, void, refused, withdrawn, stopped} {
		for _, path := range []string{"", "?min_revision=1", "/history", "/history?revision=1&at=2026-11-17T00:00:00Z&axis=occurred", "/due-date"} {
			s.do(ask{method: "GET", path: "/api/v1/dossiers/" + one + path, token: s.auditor()}).expect(t, 200, "")
		}
	}
	s.do(ask{method: "GET", path: "/api/v1/dossiers/0b6f2a7e-54c1-5b0d-8d56-7c3f9d1e2a48", token: desk1}).expect(t, 404, "")
	s.do(ask{method: "GET", path: "/api/v1/dossiers"}).expect(t, 401, "")
	for path, token := range map[string]string{
		"/api/v1/dossiers?sort=due_at&status=delivered,3": desk1, "/api/v1/dossiers?facets=status,agency,procedure,field,channel,clock": desk1,
		"/api/v1/queues": desk1, "/api/v1/queues/unit": desk1, "/api/v1/queues/mine?unit=x&limit=1": desk1, "/api/v1/queues?agency=" + desk + "&unit=x": s.auditor(), "/api/v1/times": leader, "/api/v1/times?by=procedure,agency,month": leader,
		"/api/v1/procedures": "", "/api/v1/agencies": "", "/healthz": "", "/readyz": "",
	} {
		s.do(ask{method: "GET", path: path, token: token}).expect(t, 200, "")
	}
	for _, path := range []string{"/metrics", "/openapi.yaml"} {
		if g := s.do(ask{method: "GET", path: path}); g.Code != 200 || len(g.raw) == 0 {
			t.Errorf("%s: %d", path, g.Code)
		}
	}
	s.lookup(`{"code":"`+code+`","id_number":"`+ownerID+`"}`).expect(t, 200, "")
	s.lookup(`{"code":"`+code+`"}`).expect(t, 200, "")
	s.lookup(`{"code":"nothing"}`).expect(t, 404, "")
	s.do(ask{method: "POST", path: "/api/v1/lookup-by-id", token: desk1, body: `{"id_number":"` + ownerID + `","purpose":"kiểm tra"}`}).expect(t, 200, "")
}
