package http

import (
	nethttp "net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"hoso/commands"
	"hoso/domain"
	"hoso/http/api"
)

// command mounts a command under the dossier it changes.
func command[C domain.Command](s *Server) {
	var zero C
	s.echo.POST("/api/v1/dossiers/:dossier/"+commandPath(zero), func(c echo.Context) error {
		var cmd C
		req, err := envelope(c, &cmd)
		if err != nil {
			return err
		}
		id, err := s.dossierID(c)
		if err != nil {
			return err
		}
		r, err := s.Commands.Do(c.Request().Context(), req, id, cmd)
		if err != nil {
			return err
		}
		return receipt(c, nethttp.StatusOK, r)
	}, noStore, s.signedIn)
}

// submit opens a dossier.
func (s *Server) submit(c echo.Context) error {
	var cmd domain.SubmitDossier
	req, err := envelope(c, &cmd)
	if err != nil {
		return err
	}
	if req.IfMatch != nil {
		return refuse(nethttp.StatusPreconditionFailed, "revision_mismatch", "Hồ sơ chưa có: không dùng If-Match khi nộp.", "There is no dossier yet: do not send If-Match with a submission.")
	}
	r, err := s.Commands.Submit(c.Request().Context(), req, cmd)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", "/api/v1/dossiers/"+r.Dossier.String())
	return receipt(c, nethttp.StatusCreated, r)
}

// envelope reads a command's body and headers.
func envelope[C domain.Command](c echo.Context, cmd *C) (commands.Request, error) {
	req := who(c)
	body, err := decode(c, cmd)
	if err != nil {
		return req, err
	}
	if req.IfMatch, err = ifMatch(c); err != nil {
		return req, err
	}
	key := c.Request().Header.Get("Idempotency-Key")
	if key == "" {
		req.ID, req.Fresh = uuid.New(), true
		return req, nil
	}
	if !visible(key, 200) {
		p := refuse(nethttp.StatusBadRequest, "key_invalid", "Idempotency-Key phải gồm 1 đến 200 ký tự ASCII nhìn thấy được.", "An Idempotency-Key is 1 to 200 visible ASCII characters.")
		p.pointer = "Idempotency-Key"
		return req, p
	}
	req.ID = commands.CommandID(req.Actor, key)
	req.Body, err = fingerprint((*cmd).CommandName(), body)
	return req, err
}

// fingerprint is what must be the same when an idempotency key comes again: the
// command and its body, however the JSON is laid out.
func fingerprint(name string, body []byte) ([]byte, error) {
	v := jsontext.Value(body)
	if err := v.Canonicalize(); err != nil {
		return nil, malformed(err)
	}
	return append([]byte(name+"\n"), v...), nil
}

// ifMatch reads the revision that the caller has seen; nil where they do not say.
func ifMatch(c echo.Context) (*uint64, error) {
	header := strings.TrimSpace(c.Request().Header.Get("If-Match"))
	if header == "" || header == "*" {
		return nil, nil
	}
	if n, ok := revisionOf(header); ok {
		return &n, nil
	}
	p := refuse(nethttp.StatusBadRequest, "if_match_invalid", `If-Match phải là ETag đã nhận, ví dụ "3".`, `If-Match must be an ETag you were given, such as "3".`)
	p.pointer = "If-Match"
	return nil, p
}

// etag names a dossier's revision alone, as receipts do.
func etag(revision uint64) string { return `"` + strconv.FormatUint(revision, 10) + `"` }

// ofRendering is what a rendering's ETag has behind the revision. It says what
// the reader saw besides, such as an agency's name; a command does not depend on it.
var ofRendering = regexp.MustCompile(`-[0-9a-f]{16}"$`)

func revisionOf(tag string) (uint64, bool) {
	inner, ok := strings.CutPrefix(ofRendering.ReplaceAllString(tag, `"`), `"`)
	inner, ok2 := strings.CutSuffix(inner, `"`)
	n, err := strconv.ParseUint(inner, 10, 63)
	return n, ok && ok2 && err == nil
}

func visible(s string, limit int) bool {
	for _, b := range []byte(s) {
		if b < '!' || b > '~' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= limit
}

// receipt answers a command.
func receipt(c echo.Context, status int, r commands.Receipt) error {
	h := c.Response().Header()
	h.Set("ETag", etag(r.Revision))
	if r.Replayed {
		h.Set("Idempotency-Replayed", "true")
	}
	return answer(c, status, &api.Receipt{Dossier: r.Dossier.String(), Code: r.Code, Revision: int64(r.Revision), Position: r.Position.String()})
}
