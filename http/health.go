package http

import (
	nethttp "net/http"

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
		s.Logger.Warn("not ready: the log takes no writes", "error", err)
		out.Ready, out.Log = false, "writing has stopped"
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
