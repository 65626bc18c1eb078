package http

import (
	"context"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"hoso/domain"
)

// chromium gives a browser in a profile of its own, or skips the test.
func chromium(t *testing.T) context.Context {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("no chromium in PATH: the page was not tried in a browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil { // the browser lives as long as this context
		t.Fatal(err)
	}
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// look runs an action and gives its value.
func look[T any](t *testing.T, ctx context.Context, a chromedp.Action[T]) T {
	t.Helper()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// shot saves a picture of the whole page where HOSO_SCREENSHOTS names a folder.
func shot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("HOSO_SCREENSHOTS")
	if dir == "" {
		return
	}
	png := look(t, ctx, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}

// waiting is a dossier that waits for a supplement, and done one with a result.
func (s *stack) waitingAndDone() (waiting, done string) {
	s.t.Helper()
	id, waiting := s.submitted()
	s.at(monday.Add(90 * time.Minute))
	s.command(s.intake(), id, "accept", "")
	s.command(s.intake(), id, "route", `{"unit":"Quầy Đất đai"}`)
	s.at(monday.Add(29 * time.Hour))
	s.command(s.token(domain.Specialist, desk, "specialist-1"), id, "return-for-supplement",
		`{"missing":["Giấy chứng nhận đã cấp","Mảnh trích đo bản đồ địa chính thửa đất đối với trường hợp trích đo địa chính thửa đất mà ranh giới thửa đất không thay đổi hoặc trường hợp cấp đổi"],"guide":"Sơ đồ gửi kèm bị mờ, xin gửi lại bản rõ."}`)
	second, done := s.submitted()
	s.command(s.intake(), second, "accept", "")
	s.command(s.intake(), second, "request-payment", `{"obligation":"LEPHI-GCN"}`)
	s.at(monday.Add(7 * 24 * time.Hour))
	s.command(s.leader(), second, "decide", `{"outcome":"granted","number":"12/GCN"}`)
	s.command(s.token(domain.Clerk, desk, "clerk-1"), second, "receive-result", `{"number":"12/GCN"}`)
	s.settled()
	return waiting, done
}

// The page in a real browser, phone and desktop, both languages.
func TestPageInBrowser(t *testing.T) {
	ctx := chromium(t)
	s := open(t, func(c *Config) { c.Limits = Limits{Rate{1, 1000}, Rate{1, 1000}, Rate{1, 1000}, Rate{1, 1000}} }) // the clock stands still
	waiting, done := s.waitingAndDone()
	site := httptest.NewServer(s.server)
	t.Cleanup(site.Close)
	for _, screen := range []struct {
		name          string
		width, height int64
		as            chromedp.EmulateViewportOption
	}{{"phone", 390, 844, chromedp.EmulateMobile}, {"desktop", 1280, 900, chromedp.EmulateScale(1)}} {
		for _, l := range []struct{ lang, other, status, name, due, paused, money string }{
			{"vi", "en", "Yêu cầu bổ sung giấy tờ", "Tên đầy đủ", "Ngày hẹn trả được tính thế nào", "Đang tạm dừng", "20.000 đồng"},
			{"en", "vi", "Supplement requested", "Full name", "How the due date came about", "Paused", "20,000 VND"},
		} {
			t.Run(screen.name+"-"+l.lang, func(t *testing.T) {
				check := func(name string, want ...string) (shown string) {
					t.Helper()
					text := look(t, ctx, chromedp.Text("main"))
					lang := look(t, ctx, chromedp.Evaluate[string](`document.documentElement.lang`))
					width := look(t, ctx, chromedp.Evaluate[int64](`window.innerWidth`))
					overflow := look(t, ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`))
					shot(t, ctx, screen.name+"-"+l.lang+"-"+name)
					for _, w := range want {
						if !strings.Contains(text, w) {
							t.Errorf("%s: %q is not on the page:\n%s", name, w, text)
						}
					}
					if lang != l.lang || width != screen.width || overflow > width {
						t.Errorf("%s: lang %s, %d wide, content %d wide", name, lang, width, overflow)
					}
					return text + look(t, ctx, chromedp.Title())
				}
				run := func(steps ...chromedp.Action[chromedp.Void]) {
					t.Helper()
					if err := chromedp.Do(ctx, steps...); err != nil {
						t.Fatal(err)
					}
				}
				run(chromedp.EmulateViewport(screen.width, screen.height, screen.as),
					chromedp.Navigate(site.URL+"/?lang="+l.lang), chromedp.WaitVisible("#code"))
				check("home")
				// With the keyboard alone, as people type it.
				run(chromedp.SendKeys("#code", "h99.01 261116 9999\r"), chromedp.WaitVisible("#wrong"))
				check("unknown")
				run(chromedp.Clear("#code"), chromedp.SendKeys("#code", strings.ToLower(waiting)+"\r"), chromedp.WaitVisible("#status"))
				if shown := check("code", l.status, waiting, l.paused); strings.Contains(shown, "Nguyễn") {
					t.Error("the code alone shows the name")
				}
				run(chromedp.SendKeys("#proof", "5678\r"), chromedp.WaitVisible("#why"))
				check("proof", l.status, l.name, "Nguyễn Thị Mẫu", l.due, "Giấy chứng nhận đã cấp", "Sơ đồ gửi kèm bị mờ", "Ngày Văn hóa Việt Nam")
				// The other language and back, with the details kept, and nothing typed in the address.
				run(chromedp.Click("nav button"), chromedp.WaitVisible("html[lang="+l.other+"] #why"))
				address, lang := look(t, ctx, chromedp.Location()), look(t, ctx, chromedp.Evaluate[string](`document.documentElement.lang`))
				if u, err := url.Parse(address); err != nil || lang == l.lang || u.Path != "/" || u.RawQuery != "" {
					t.Errorf("switched to %s at %s", lang, address)
				}
				run(chromedp.Click("nav button"), chromedp.WaitVisible("html[lang="+l.lang+"] #why"))
				run(chromedp.Navigate(site.URL+"/d/"+done), chromedp.WaitVisible("#status")) // the language is kept by the cookie
				check("done", done)
				run(chromedp.SendKeys("#proof", "5678\r"), chromedp.WaitVisible("#why"))
				check("done-proof", l.money)
				run(chromedp.Navigate(site.URL+"/help"), chromedp.WaitVisible("h1"))
				check("help")
				run(chromedp.Navigate(site.URL+"/nowhere"), chromedp.WaitVisible("h1"))
				check("missing")
			})
		}
	}
	// Printing leaves out what is no use on paper.
	print := chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		return err
	})
	if err := chromedp.Do(ctx, print, chromedp.Navigate(site.URL+"/d/"+waiting), chromedp.WaitVisible("#status")); err != nil {
		t.Fatal(err)
	}
	shot(t, ctx, "print")
	for _, part := range []string{"nav", ".more", ".after"} {
		if display := look(t, ctx, chromedp.Evaluate[string](`getComputedStyle(document.querySelector("`+part+`")).display`)); display != "none" {
			t.Errorf("%s is printed: %s", part, display)
		}
	}
}
