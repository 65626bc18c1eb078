package http

import (
	"context"
	"fmt"
	"log/slog"
	nethttp "net/http"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
)

const (
	headerRequestID = "X-Request-Id"
	keyRequestID    = "request id" // of the request's context values
)

// observe names the request, answers for its errors, and then logs and counts
// it. Paths, queries, addresses and bodies can hold codes and ID numbers: the
// log gets the route's pattern only.
func (s *Server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		id, err := uuid.Parse(c.Request().Header.Get(headerRequestID))
		if err != nil {
			id = uuid.New()
		}
		c.Set(keyRequestID, id)
		method, route := c.Request().Method, c.Path()
		if route == "" || route == "/*" {
			route = "unmatched"
		}
		if !knownMethod[method] {
			method = "other"
		}
		traced := func(int) {}
		if s.Trace != nil {
			var ctx context.Context
			ctx, traced = s.Trace(c.Request(), method, route)
			c.SetRequest(c.Request().WithContext(ctx))
		}
		if err := next(c); err != nil {
			c.Error(err)
		}
		took, status := time.Since(start), c.Response().Status
		traced(status)
		if s.Metrics != nil {
			s.Metrics.request(method, route, status, took)
		}
		level := levelOf(method, status)
		if ctx := c.Request().Context(); s.Logger.Enabled(ctx, level) {
			s.Logger.LogAttrs(ctx, level, "request",
				slog.String("method", method), slog.String("route", route), slog.Int("status", status),
				slog.Float64("ms", float64(took.Microseconds())/1000), slog.String("request", id.String()))
		}
		return nil
	}
}

// levelOf tells what changes something or goes wrong; reads that went well are
// many, and the metrics count them.
func levelOf(method string, status int) slog.Level {
	if (method == nethttp.MethodGet || method == nethttp.MethodHead) && status < nethttp.StatusBadRequest {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// knownMethod keeps what callers invent out of log and metrics.
var knownMethod = map[string]bool{"GET": true, "HEAD": true, "POST": true, "PUT": true, "PATCH": true, "DELETE": true, "OPTIONS": true}

// requestID names the request: it is the correlation id of what comes of it.
func requestID(c echo.Context) uuid.UUID {
	id, _ := c.Get(keyRequestID).(uuid.UUID)
	return id
}

// recover turns a defect into one answer 500 instead of a cut connection.
func (s *Server) recover(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == nethttp.ErrAbortHandler {
				panic(p)
			}
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}()
		return next(c)
	}
}

// bound limits the body's size and the time an answer may take, and sets the
// headers that every answer carries.
func (s *Server) bound(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		ctx, cancel := context.WithTimeout(r.Context(), handlerTimeout)
		defer cancel()
		r = r.WithContext(ctx)
		r.Body = nethttp.MaxBytesReader(c.Response(), r.Body, s.BodyLimit)
		c.SetRequest(r)
		h := c.Response().Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		return next(c)
	}
}

// noStore keeps answers about dossiers out of caches.
func noStore(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set("Cache-Control", "no-store")
		return next(c)
	}
}
