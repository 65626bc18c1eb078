package http

import (
	"context"
	"errors"
	nethttp "net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"hoso/commands"
	"hoso/domain"
	"hoso/http/api"
	"hoso/projections"
)

// projections tells how each view stands, and what is set aside, also to auditors.
func (s *Server) projections(c echo.Context) error {
	if role := who(c).Actor.Role; role != domain.Auditor {
		if err := mayOperate(c); err != nil {
			return err
		}
	}
	all, err := s.Views.Status(c.Request().Context())
	if err != nil {
		return err
	}
	out := api.ProjectionList{Projections: []api.ProjectionDetail{}}
	for _, st := range all {
		one := api.ProjectionDetail{Projection: st.Projection, Position: st.Position.String(), Lag: int64(st.Lag), Rebuilding: st.Rebuilding, Writers: st.Writers, Parked: []api.ParkedDossier{}}
		for _, r := range s.runnersOf(st.Projection) {
			parked, err := r.Parked(c.Request().Context())
			if err != nil {
				return err
			}
			for _, p := range parked {
				one.Parked = append(one.Parked, api.ParkedDossier{Dossier: p.Dossier, Revision: int64(p.Revision), Position: p.Position.String(), Reason: p.Reason, ByHand: p.ByHand})
			}
		}
		out.Projections = append(out.Projections, one)
	}
	return answer(c, nethttp.StatusOK, out)
}

// mayOperate lets administrators through, and nobody else.
func mayOperate(c echo.Context) error {
	if who(c).Actor.Role != domain.Administrator {
		return commands.ErrForbidden
	}
	return nil
}

func (s *Server) runnersOf(projection string) []*projections.Runner {
	return slices.DeleteFunc(slices.Clone(s.Runners), func(r *projections.Runner) bool { return r.Name() != projection })
}

// operated gives the runners that a path speaks of.
func (s *Server) operated(c echo.Context) ([]*projections.Runner, error) {
	if err := mayOperate(c); err != nil {
		return nil, err
	}
	runners := s.runnersOf(c.Param("projection"))
	if len(runners) == 0 {
		return nil, refuse(nethttp.StatusNotFound, "no_such_projection",
			"Không có dữ liệu tra cứu mang tên này: dossier, search, timeline hoặc times.",
			"There is no projection of this name: dossier, search, timeline or times.")
	}
	return runners, nil
}

// rebuild begins to build a view anew, which goes on when the answer is given.
func (s *Server) rebuild(c echo.Context) error {
	runners, err := s.operated(c)
	if err != nil {
		return err
	}
	name, request := c.Param("projection"), requestID(c).String()
	s.rebuilding.Lock()
	defer s.rebuilding.Unlock()
	if s.rebuilds[name] {
		return projections.ErrRebuilding
	}
	s.rebuilds[name] = true
	s.Begin(func(ctx context.Context) {
		s.Logger.Info("rebuilding a view", "projection", name, "request", request)
		err := projections.Rebuild(ctx, nil, runners...)
		s.rebuilding.Lock()
		delete(s.rebuilds, name)
		s.rebuilding.Unlock()
		if err != nil {
			s.Logger.Error("the view was not rebuilt; the one before goes on", "projection", name, "request", request, "error", err)
			return
		}
		s.Logger.Info("a view is rebuilt", "projection", name, "request", request)
	})
	return c.NoContent(nethttp.StatusAccepted)
}

// rollBack makes the generation before serve again.
func (s *Server) rollBack(c echo.Context) error {
	runners, err := s.operated(c)
	if err != nil {
		return err
	}
	done, waits := make(chan error, 1), c.Request().Context()
	name, request := c.Param("projection"), requestID(c).String()
	s.Begin(func(ctx context.Context) { // who goes away shall leave nothing half done
		var err error
		for _, r := range runners {
			if r.Leads() {
				err = errors.Join(err, r.RollBack(ctx))
			}
		}
		switch {
		case err == nil:
			s.Logger.Info("a view is rolled back", "projection", name, "request", request)
		case waits.Err() != nil: // nobody is there any more to be told
			s.Logger.Error("the view was not rolled back", "projection", name, "request", request, "error", err)
		}
		done <- err
	})
	select {
	case err = <-done:
	case <-waits.Done():
		err = waits.Err() // it goes on, and the log tells the end
	}
	var refused *projections.SwapRefusedError
	switch {
	case errors.As(err, &refused):
		return &domain.Error{Code: "roll_back_refused",
			VI: "Bản trước tách riêng hồ sơ mà bản hiện tại đang có, nên bản hiện tại được giữ.",
			EN: "The generation before has set dossiers aside which the serving one holds: that one stays."}
	case err != nil:
		return err
	}
	return c.NoContent(nethttp.StatusNoContent)
}

// park sets a dossier aside.
func (s *Server) park(c echo.Context) error {
	runners, err := s.operated(c)
	if err != nil {
		return err
	}
	var body api.ParkDossier
	if _, err := decode(c, &body); err != nil {
		return err
	}
	if body.Reason = strings.TrimSpace(body.Reason); body.Reason == "" || body.Dossier == uuid.Nil {
		return &domain.Error{Code: "field_missing",
			VI: "Hãy cho mã định danh hồ sơ (dossier) và lý do (reason).",
			EN: "Give the dossier's id (dossier) and why (reason)."}
	}
	for _, r := range runners {
		if !r.Holds(body.Dossier) {
			continue
		}
		if err := r.Park(c.Request().Context(), body.Dossier, body.Reason); err != nil {
			return err
		}
	}
	return c.NoContent(nethttp.StatusNoContent)
}

// unpark takes a dossier back.
func (s *Server) unpark(c echo.Context) error {
	runners, err := s.operated(c)
	if err != nil {
		return err
	}
	id, err := uuid.Parse(c.Param("dossier"))
	if err != nil {
		return projections.ErrNoSuchDossier
	}
	for _, r := range runners {
		if !r.Holds(id) {
			continue
		}
		reason, err := r.Unpark(c.Request().Context(), id)
		if err != nil {
			return err
		}
		if reason != "" {
			return &domain.Error{Code: "still_parked",
				VI: "Hồ sơ vẫn bị tách riêng: " + reason,
				EN: "The dossier stays set aside: " + reason}
		}
	}
	return c.NoContent(nethttp.StatusNoContent)
}
