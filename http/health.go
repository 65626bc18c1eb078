package http

import (
	"errors"
	nethttp "net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"hoso/http/api"
)

// healthz tells that the process answers.
func (s *Server) healthz(c echo.Context) error {
	return answer(c, nethttp.StatusOK, api.Health{Ok: true})
}

// readyz tells whether the log takes writes and how far the views are. A view
// that lags is no reason to send no requests: reads can fold from the log.
func (s *Server) readyz(c echo.Context) error {
	out := api.Readiness{Ready: true, Log: "writable", Projections: []api.ProjectionStatus{}}
	if err := s.LogHealth(); err != nil {
		s.Logger.Warn("not ready: writing has stopped", "error", err)
		out.Ready, out.Log = false, stoppedParts(err)
	}
	all, err := s.Views.Status(c.Request().Context())
	if err != nil {
		s.Logger.Warn("not ready: the views do not answer", "error", err)
		out.Ready = false
	}
	for _, st := range all {
		out.Projections = append(out.Projections, api.ProjectionStatus{
			Projection: st.Projection, Position: st.Position.String(), Lag: int64(st.Lag), Parked: st.Parked, Rebuilding: st.Rebuilding,
		})
	}
	status := nethttp.StatusOK
	if !out.Ready {
		status = nethttp.StatusServiceUnavailable
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return answer(c, status, out)
}

// stoppedError is why one part of what is written to takes no writes.
type stoppedError struct {
	part string
	err  error
}

func (e *stoppedError) Error() string { return e.part + ": " + e.err.Error() }
func (e *stoppedError) Unwrap() error { return e.err }

// PartStopped names the part (log, keys, reactions) that an error of
// Config.LogHealth is about, so that /readyz can; several are joined. Nil stays nil.
func PartStopped(part string, err error) error {
	if err == nil {
		return nil
	}
	return &stoppedError{part, err}
}

// stoppedParts names what has stopped, and no more: what an error holds beside
// that is for the log.
func stoppedParts(err error) string {
	var parts []string
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	for _, one := range all {
		part := "log"
		var stopped *stoppedError
		if errors.As(one, &stopped) {
			part = stopped.part
		}
		parts = append(parts, part+": writing has stopped")
	}
	return strings.Join(parts, "; ")
}
