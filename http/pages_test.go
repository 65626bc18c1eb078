package http

import (
	"bytes"
	nethttp "net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

var formPost = map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}

func TestPages(t *testing.T) {
	s := open(t, func(c *Config) {
		c.Limits = Limits{Address: Rate{time.Hour, 4}, Code: Rate{time.Hour, 100}, Proof: Rate{time.Hour, 100}}
	})
	_, code := s.submitted()
	s.settled()
	html := map[string]string{"Accept": "text/html"}
	for _, tc := range []struct {
		ask
		status int
		want   string
	}{
		{ask{"GET", "/", "", "", html, ""}, 200, `<html lang="vi">`},
		{ask{"GET", "/?lang=en", "", "", html, ""}, 200, `<html lang="en">`},
		{ask{"GET", "/help?lang=en", "", "", html, ""}, 200, "The ten statuses"},
		{ask{"POST", "/", "", "code=", formPost, ""}, 400, "Hãy nhập mã hồ sơ"},
		{ask{"POST", "/", "", "code=" + code + "&lang=en", formPost, ""}, 200, "Submitted"},
		{ask{"GET", "/d/" + code, "", "", html, ""}, 200, "Mới đăng ký"},
		{ask{"POST", "/", "", `code=<script>alert(1)</script>`, formPost, ""}, 404, "&lt;script&gt;"},
		{ask{"GET", "/d/nothing", "", "", html, ""}, 404, "Không tìm thấy hồ sơ"},
		{ask{"GET", "/d/" + code, "", "", html, ""}, 429, "Hãy đợi một lát"}, // the fifth look-up
		{ask{"GET", "/nowhere", "", "", html, ""}, 404, "Không có trang này"},
		{ask{"DELETE", "/", "", "", html, ""}, 405, "Phương thức không được nhận"},
	} {
		g := s.do(tc.ask)
		body := string(g.raw)
		if g.Code != tc.status || !strings.Contains(body, tc.want) {
			t.Errorf("%s %s: %d, %q is not in\n%s", tc.method, tc.path, g.Code, tc.want, body)
		}
		if csp := g.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") ||
			g.Header().Get("Cache-Control") != "no-store" || g.Header().Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s %s: headers %v", tc.method, tc.path, g.Header())
		}
		if regexp.MustCompile(`(?i)<script|style=|\son\w+=|(src|href)="(https?:)?//`).MatchString(body) {
			t.Errorf("%s %s holds a script, an inline style or something from elsewhere:\n%s", tc.method, tc.path, body)
		}
	}
	// Every file that a page names is there, for ever under that name.
	page := s.do(ask{method: "GET", path: "/"})
	for _, m := range regexp.MustCompile(`/assets/[\w.-]+`).FindAll(page.raw, -1) {
		if g := s.do(ask{method: "GET", path: string(m)}); g.Code != nethttp.StatusOK || !strings.Contains(g.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", m, g.Code, g.Header())
		}
	}
	// The choice of language is kept.
	switched := s.do(ask{method: "GET", path: "/?lang=en"})
	cookie := switched.Result().Cookies()[0]
	if !cookie.HttpOnly || cookie.SameSite != nethttp.SameSiteLaxMode || cookie.Path != "/" {
		t.Errorf("cookie %v", cookie)
	}
	later := s.do(ask{method: "GET", path: "/help", header: map[string]string{"Cookie": cookie.Name + "=" + cookie.Value}})
	if !bytes.Contains(later.raw, []byte(`<html lang="en">`)) {
		t.Error("the language is forgotten")
	}
}

// Programs get a problem document where people get a page.
func TestUnknownPathSpeaksToPrograms(t *testing.T) {
	s := open(t)
	s.do(ask{method: "GET", path: "/nowhere"}).expect(t, nethttp.StatusNotFound, "no_such_path")
	s.do(ask{method: "GET", path: "/api/v1/nowhere", header: map[string]string{"Accept": "text/html"}}).expect(t, nethttp.StatusNotFound, "no_such_path")
}
