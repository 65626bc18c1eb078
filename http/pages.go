package http

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	nethttp "net/http"
	"path"
	"strings"

	"github.com/labstack/echo/v4"

	"hoso/http/api"
)

//go:embed web
var web embed.FS

// pages are the templates and files of the page for people. They need no
// script and nothing from elsewhere.
type pages struct {
	templates map[string]*template.Template
	assets    map[string]asset // by the name in the address, which has a hash in it
	addresses map[string]string
}

type asset struct {
	body []byte
	kind string
}

func newPages() *pages {
	p := &pages{templates: map[string]*template.Template{}, assets: map[string]asset{}, addresses: map[string]string{}}
	for name, kind := range map[string]string{"style.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"} {
		body, err := web.ReadFile("web/" + name)
		if err != nil {
			panic(err) // embedded at build time
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(name)
		hashed := strings.TrimSuffix(name, ext) + "-" + hex.EncodeToString(sum[:6]) + ext
		p.assets[hashed] = asset{body, kind}
		p.addresses[name] = "/assets/" + hashed
	}
	for _, name := range []string{"home", "result", "message", "help"} {
		t := template.New("layout.html").Funcs(template.FuncMap{"asset": func(name string) string { return p.addresses[name] }})
		p.templates[name] = template.Must(t.ParseFS(web, "web/layout.html", "web/form.html", "web/"+name+".html"))
	}
	return p
}

// pageRoutes mounts the pages.
func (s *Server) pageRoutes() {
	s.echo.GET("/", s.home, hardened)
	s.echo.POST("/", s.lookupPage, hardened)
	s.echo.GET("/d/:code", s.codePage, hardened)
	s.echo.GET("/help", s.helpPage, hardened)
	s.echo.GET("/assets/:name", s.asset)
}

// hardened lets a page load our own style and picture and nothing else, and
// keeps it out of caches and frames.
func hardened(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		return next(c)
	}
}

func (s *Server) asset(c echo.Context) error {
	a, ok := s.pages.assets[c.Param("name")]
	if !ok {
		return echo.ErrNotFound
	}
	c.Response().Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	return c.Blob(nethttp.StatusOK, a.kind, a.body)
}

// render writes a page.
func (s *Server) render(c echo.Context, status int, name string, p page) error {
	var b bytes.Buffer
	if err := s.pages.templates[name].Execute(&b, p); err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Content-Language", string(p.Lang))
	h.Add("Vary", "Cookie")
	return c.Blob(status, "text/html; charset=utf-8", b.Bytes())
}

const languageCookie = "hoso_lang"

// pageLanguage is Vietnamese unless somebody switched; the choice is kept.
func pageLanguage(c echo.Context) lang {
	asked := c.QueryParam("lang")
	if asked == "" && c.Request().Method == nethttp.MethodPost {
		asked = c.Request().PostFormValue("lang")
	}
	if l := lang(asked); l == vietnamese || l == english {
		c.SetCookie(&nethttp.Cookie{Name: languageCookie, Value: asked, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true,
			SameSite: nethttp.SameSiteLaxMode, Secure: c.Scheme() == "https"})
		return l
	}
	if kept, err := c.Cookie(languageCookie); err == nil && lang(kept.Value) == english {
		return english
	}
	return vietnamese
}

func (s *Server) home(c echo.Context) error {
	return s.render(c, nethttp.StatusOK, "home", page{Lang: pageLanguage(c), Switch: "/"})
}

func (s *Server) helpPage(c echo.Context) error {
	return s.render(c, nethttp.StatusOK, "help", page{Lang: pageLanguage(c), Switch: "/help", Statuses: statusList()})
}

// lookupPage answers the form.
func (s *Server) lookupPage(c echo.Context) error {
	if err := c.Request().ParseForm(); err != nil {
		return refuse(nethttp.StatusBadRequest, "bad_form", "Không đọc được nội dung gửi đến.", "The form could not be read.")
	}
	form := c.Request().PostForm
	return s.showDossier(c, form.Get("code"), form.Get("proof"))
}

// codePage is where the QR code on a receipt leads: what the code alone shows.
func (s *Server) codePage(c echo.Context) error { return s.showDossier(c, c.Param("code"), "") }

func (s *Server) showDossier(c echo.Context, code, proof string) error {
	p := page{Lang: pageLanguage(c), Switch: "/", Code: strings.TrimSpace(code)}
	if p.Code == "" || len(p.Code) > maxCode {
		p.Code = ""
		p.Error = p.Say("Hãy nhập mã hồ sơ ghi trên giấy hẹn.", "Please type the dossier code that stands on your receipt.")
		return s.render(c, nethttp.StatusBadRequest, "home", p)
	}
	ask := api.LookupRequest{Code: p.Code}
	if proof = digits(strings.TrimSpace(proof)); len(proof) == 4 {
		ask.PhoneLast4 = proof
	} else {
		ask.IDNumber = proof
	}
	found, view, err := s.find(c, ask)
	if err == errUnknownCode {
		p.Error = p.Say(errUnknownCode.err.VI, errUnknownCode.err.EN)
		return s.render(c, nethttp.StatusNotFound, "home", p)
	}
	if err != nil {
		return err
	}
	p.Code, p.Switch = found.Code, "/d/"+found.Code
	p.fill(found, view, s.Now())
	if p.Proven {
		p.Proof = proof
	}
	return s.render(c, nethttp.StatusOK, "result", p)
}

// failPage answers an error to somebody who looks at a page.
func (s *Server) failPage(c echo.Context, problem *problem) error {
	p := page{Lang: pageLanguage(c), Switch: "/"}
	p.Heading, p.Error = p.Say(titleOf(problem.status)), p.Say(problem.err.VI, problem.err.EN)
	if problem.status == nethttp.StatusNotFound {
		p.Heading = p.Say("Không có trang này", "There is no such page")
		p.Error = p.Say("Địa chỉ có thể đã gõ sai hoặc không còn dùng nữa.", "The address may be mistyped, or is no longer in use.")
	}
	return hardened(func(c echo.Context) error { return s.render(c, problem.status, "message", p) })(c)
}
