package http

import (
	"context"
	"errors"
	nethttp "net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"

	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/http/api"
)

// problem is an error with its answer (RFC 9457).
type problem struct {
	status     int
	err        *domain.Error
	pointer    string        // member of the body or parameter that is wrong
	offset     int           // in the body
	retryAfter time.Duration // with 429 and 503
	challenge  string        // with 401
	plain      bool          // do not name the request: the answer is alike to the byte
}

func (p *problem) Error() string { return p.err.Error() }
func (p *problem) Unwrap() error { return p.err }

func refuse(status int, code, vi, en string) *problem {
	return &problem{status: status, err: &domain.Error{Code: code, VI: vi, EN: en}}
}

// statuses are the codes that are no guard's refusal (which is 409).
var statuses = map[string]int{
	"not_found": nethttp.StatusNotFound, "revision_beyond_end": nethttp.StatusNotFound, "before_first_event": nethttp.StatusNotFound,
	"forbidden": nethttp.StatusForbidden, "not_the_applicant": nethttp.StatusForbidden, "same_person": nethttp.StatusForbidden,
	"revision_mismatch": nethttp.StatusPreconditionFailed,
	"key_reused":        nethttp.StatusUnprocessableEntity,
	"field_missing":     nethttp.StatusUnprocessableEntity, "field_invalid": nethttp.StatusUnprocessableEntity, "field_too_long": nethttp.StatusUnprocessableEntity,
	"id_number_invalid": nethttp.StatusUnprocessableEntity, "legal_basis_missing": nethttp.StatusUnprocessableEntity,
	"amount_not_positive": nethttp.StatusUnprocessableEntity, "amount_differs": nethttp.StatusUnprocessableEntity, "score_out_of_range": nethttp.StatusUnprocessableEntity,
	"unknown_procedure": nethttp.StatusUnprocessableEntity, "unknown_agency": nethttp.StatusUnprocessableEntity, "unknown_calendar": nethttp.StatusUnprocessableEntity,
	"bad_cursor": nethttp.StatusBadRequest, "bad_limit": nethttp.StatusBadRequest, "bad_sort": nethttp.StatusBadRequest, "bad_group": nethttp.StatusBadRequest,
	"bad_facet": nethttp.StatusBadRequest, "bad_clock": nethttp.StatusBadRequest, "bad_queue": nethttp.StatusBadRequest, "queue_agency_missing": nethttp.StatusBadRequest, "too_many_words": nethttp.StatusBadRequest,
	"being_erased":        nethttp.StatusServiceUnavailable,
	"log_may_lag":         nethttp.StatusServiceUnavailable,
	"view_of_another_log": nethttp.StatusServiceUnavailable,
	"view_not_built":      nethttp.StatusServiceUnavailable, "views_unreachable": nethttp.StatusServiceUnavailable, "views_denied": nethttp.StatusServiceUnavailable, "views_unavailable": nethttp.StatusServiceUnavailable,
}

// problemOf finds the answer to an error.
func problemOf(err error) *problem {
	var p *problem
	var refusal *domain.Error
	var echoed *echo.HTTPError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &refusal):
		status, ok := statuses[refusal.Code]
		if !ok {
			status = nethttp.StatusConflict
		}
		p = &problem{status: status, err: refusal}
		if status == nethttp.StatusServiceUnavailable {
			p.retryAfter = 5 * time.Second
		}
		return p
	case errors.Is(err, eventlog.ErrStopped), errors.Is(err, eventlog.ErrReadOnly), errors.Is(err, eventlog.ErrAmbiguous):
		p = refuse(nethttp.StatusServiceUnavailable, "log_stopped",
			"Hệ thống tạm ngừng ghi nhận. Không rõ yêu cầu đã được ghi hay chưa: hãy gửi lại với cùng Idempotency-Key.",
			"The log takes no writes at the moment. Whether this was written is not known: send it again with the same Idempotency-Key.")
		p.retryAfter = 30 * time.Second
		return p
	case errors.Is(err, eventlog.ErrUnavailable):
		p = refuse(nethttp.StatusServiceUnavailable, "unavailable",
			"Hệ thống đang mất kết nối tới nơi lưu dữ liệu. Hãy gửi lại sau ít giây với cùng Idempotency-Key.",
			"A store does not answer at the moment. Send it again in a few seconds with the same Idempotency-Key.")
		p.retryAfter = 5 * time.Second
		return p
	case errors.Is(err, eventlog.ErrTooLarge):
		return refuse(nethttp.StatusRequestEntityTooLarge, "too_large", "Yêu cầu quá lớn: hãy rút gọn.", "The request is too large: shorten it.")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		p = refuse(nethttp.StatusServiceUnavailable, "timeout",
			"Hệ thống trả lời quá chậm. Hãy gửi lại với cùng Idempotency-Key.", "This took too long. Send it again with the same Idempotency-Key.")
		p.retryAfter = 5 * time.Second
		return p
	case errors.As(err, &echoed):
		return routing(echoed.Code)
	}
	return refuse(nethttp.StatusInternalServerError, "internal",
		"Hệ thống gặp lỗi. Hãy thử lại; nếu vẫn lỗi, hãy báo mã yêu cầu (instance) cho nơi vận hành.",
		"Something went wrong here. Try again; if it stays, tell the operator this request's name (instance).")
}

// routing answers what the router refuses.
func routing(status int) *problem {
	switch status {
	case nethttp.StatusNotFound:
		return refuse(status, "no_such_path", "Không có địa chỉ này. Xem /openapi.yaml.", "There is no such path. See /openapi.yaml.")
	case nethttp.StatusMethodNotAllowed:
		return refuse(status, "method_not_allowed", "Địa chỉ này không nhận phương thức đó; xem tiêu đề Allow.", "This path does not take that method; see the Allow header.")
	}
	return refuse(nethttp.StatusBadRequest, "bad_request", "Yêu cầu không hợp lệ.", "The request is not valid.")
}

// fail answers an error: as a page where a person asked for one. What is our
// own fault is logged here, once.
func (s *Server) fail(err error, c echo.Context) {
	p := problemOf(err)
	if p.status == nethttp.StatusInternalServerError {
		s.Logger.Error("request failed", "route", c.Path(), "request", requestID(c).String(), "error", err)
	}
	if c.Response().Committed {
		return
	}
	h := c.Response().Header()
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((p.retryAfter+time.Second-1)/time.Second)))
	}
	if p.challenge != "" {
		h.Set("WWW-Authenticate", p.challenge)
	}
	if !strings.HasPrefix(c.Request().URL.Path, "/api/") && strings.Contains(c.Request().Header.Get("Accept"), "text/html") {
		err = s.failPage(c, p)
	} else {
		err = p.write(c)
	}
	if err != nil {
		s.Logger.Debug("answer not sent", "request", requestID(c).String(), "error", err)
	}
}

func (p *problem) write(c echo.Context) error {
	lang := languageOf(c)
	out := api.Problem{
		Type: "urn:hoso:problem:" + p.err.Code, Code: p.err.Code, Status: p.status,
		Title: lang.say(titleOf(p.status)), Detail: lang.say(p.err.VI, p.err.EN), Pointer: p.pointer, Offset: p.offset,
	}
	if !p.plain {
		out.Instance = "urn:uuid:" + requestID(c).String()
	}
	body, err := json.Marshal(out)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Content-Language", string(lang))
	h.Add("Vary", "Accept-Language")
	h.Set("Cache-Control", "no-store")
	return c.Blob(p.status, "application/problem+json; charset=utf-8", body)
}

// titleOf sums a status up in both languages.
func titleOf(status int) (vi, en string) {
	switch status {
	case nethttp.StatusUnauthorized:
		return "Chưa đăng nhập", "Not signed in"
	case nethttp.StatusForbidden:
		return "Không có quyền", "Not allowed"
	case nethttp.StatusNotFound:
		return "Không tìm thấy", "Not found"
	case nethttp.StatusMethodNotAllowed:
		return "Phương thức không được nhận", "Method not allowed"
	case nethttp.StatusConflict:
		return "Không thực hiện được ở trạng thái này", "Not possible in this state"
	case nethttp.StatusPreconditionFailed:
		return "Hồ sơ đã thay đổi", "The dossier has changed"
	case nethttp.StatusRequestEntityTooLarge:
		return "Yêu cầu quá lớn", "Too large"
	case nethttp.StatusUnsupportedMediaType:
		return "Loại nội dung không được nhận", "Unsupported content type"
	case nethttp.StatusUnprocessableEntity:
		return "Thông tin chưa đúng", "Something in it is wrong"
	case nethttp.StatusTooManyRequests:
		return "Quá nhiều lần tra cứu", "Too many look-ups"
	case nethttp.StatusServiceUnavailable:
		return "Tạm thời không phục vụ được", "Not available at the moment"
	case nethttp.StatusInternalServerError:
		return "Hệ thống gặp lỗi", "Something went wrong"
	}
	return "Yêu cầu không hợp lệ", "The request is not valid"
}
