package http

import (
	"context"
	nethttp "net/http"
	"strconv"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"hoso/commands"
	"hoso/domain"
	"hoso/projections"
)

// dossierID finds the dossier that a path names by id or by code.
func (s *Server) dossierID(c echo.Context) (uuid.UUID, error) {
	key := c.Param("dossier")
	if id, err := uuid.Parse(key); err == nil {
		return id, nil
	}
	v, err := s.byCode(c.Request().Context(), key)
	return v.ID, err
}

// byCode finds a dossier by its code. A code that the view does not know may
// have been given a moment ago, so the view gets the time to catch up.
func (s *Server) byCode(ctx context.Context, code string) (projections.DossierView, error) {
	folded := domain.FoldCode(code)
	v, found, err := s.Views.ByCode(ctx, folded)
	if found || err != nil {
		return v, err
	}
	head, err := s.Commands.Log.Head(ctx)
	if err != nil {
		return v, err
	}
	if s.reached(ctx, projections.DossierProjection, head) != nil {
		return v, viewBehind() // it is not known whether there is one
	}
	v, found, err = s.Views.ByCode(ctx, folded)
	if err == nil && !found {
		err = commands.ErrNotFound
	}
	return v, err
}

// view gives the dossier that a path names, at least at the revision that
// min_revision asks for, if the requester may read it.
func (s *Server) view(c echo.Context) (projections.DossierView, error) {
	ctx := c.Request().Context()
	minimum, err := minRevision(c)
	if err != nil {
		return projections.DossierView{}, err
	}
	var v projections.DossierView
	var found bool
	if id, bad := uuid.Parse(c.Param("dossier")); bad == nil {
		v.ID = id
		v, found, err = s.Views.ByID(ctx, id)
		v.ID = id
	} else {
		v, err = s.byCode(ctx, c.Param("dossier"))
		found = err == nil
	}
	var beyond error
	if err == nil && (!found || v.Revision < minimum) {
		v, beyond, err = s.newer(ctx, v.ID, minimum)
	}
	if err != nil {
		return v, err
	}
	if !commands.MayRead(who(c), parties(v)) {
		return v, commands.ErrForbidden
	}
	return v, beyond
}

// newer waits until the view holds what the log holds of a dossier, then folds
// it from the log itself. Where the log holds less than the minimum, beyond says
// so: only to those who may read what there is.
func (s *Server) newer(ctx context.Context, id uuid.UUID, minimum uint64) (v projections.DossierView, beyond, err error) {
	last, found, err := s.Commands.Log.Last(ctx, domain.DossierStream(id))
	if err != nil {
		return v, nil, err
	}
	if !found {
		return v, nil, commands.ErrNotFound
	}
	if last.Revision < minimum {
		p := refuse(nethttp.StatusConflict, "revision_not_reached",
			"Hồ sơ chưa có bản đó: bản mới nhất là "+strconv.FormatUint(last.Revision, 10)+".",
			"The dossier has no such revision yet: the newest is "+strconv.FormatUint(last.Revision, 10)+".")
		p.pointer = "min_revision"
		beyond, minimum = p, last.Revision
	}
	if s.reached(ctx, projections.DossierProjection, last.Position) == nil {
		if v, found, err := s.Views.ByID(ctx, id); err != nil || found && v.Revision >= minimum {
			return v, beyond, err
		}
	}
	items, err := s.History.Events(ctx, id)
	if err != nil {
		return v, nil, err
	}
	return projections.ViewOf(items[len(items)-1], s.Proofs), beyond, nil
}

func minRevision(c echo.Context) (uint64, error) {
	text := c.QueryParam("min_revision")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, badParameter("min_revision", "phải là số nguyên không âm", "must be a non-negative integer")
	}
	return n, nil
}

func parties(v projections.DossierView) commands.Parties {
	return commands.Parties{
		Received: v.Agency, Competent: v.Competent, Current: v.Current, Place: v.Place,
		Owner: v.OwnerSubject, Submitter: v.SubmitterSubject, SubmittedBy: v.SubmittedBy,
	}
}
