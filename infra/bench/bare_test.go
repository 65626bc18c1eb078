package bench

import (
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"hoso/domain"
	"hoso/infra/sqlite"
)

// appendOverEcho appends the same bytes to a twin of the log from a bare echo
// handler: a request a command, with a token's length of header and a command's
// body, but nobody signed in, nothing decided, sealed or shown. It is more than
// any program on this framework can reach. Codes are drawn and recorded without
// a request, as a part of the submission.
func appendOverEcho(b *testing.B, dir string, callers int, appends []oneAppend) (events int64, took time.Duration) {
	b.Helper()
	log, err := sqlite.OpenLog(dir, sqlite.LogOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.POST("/api/v1/dossiers/:dossier/progress", func(c echo.Context) error {
		i, err := strconv.Atoi(c.Param("dossier"))
		if err == nil {
			_, err = io.Copy(io.Discard, c.Request().Body)
		}
		if err != nil {
			return err
		}
		if _, err := log.Append(c.Request().Context(), appends[i].stream, appends[i].at, appends[i].events); err != nil {
			return err
		}
		return c.JSON(nethttp.StatusOK, map[string]any{"dossier": appends[i].stream, "revision": 1, "position": "1/1"})
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	e.Listener = l
	go e.Start("")
	defer e.Close()
	token := strings.Repeat("x", 250) // as long as ours
	return inOrder(b, callers, appends, func() (func(int) error, error) {
		c, err := dial(l.Addr().String())
		if err == nil {
			b.Cleanup(func() { c.conn.Close() })
		}
		return func(i int) error {
			if !strings.HasPrefix(appends[i].stream, domain.DossierPrefix) || appends[i].events[0].Type == (domain.Numbered{}).EventType() {
				_, err := log.Append(b.Context(), appends[i].stream, appends[i].at, appends[i].events)
				return err
			}
			status, body, err := c.do(request("POST", "/api/v1/dossiers/"+strconv.Itoa(i)+"/progress", token, `{"title":"Thẩm định hồ sơ","text":"Đã kiểm tra thành phần hồ sơ"}`))
			if err == nil && status != nethttp.StatusOK {
				err = fmt.Errorf("%d %s", status, body)
			}
			return err
		}, err
	})
}
