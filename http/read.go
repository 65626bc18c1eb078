package http

import (
	nethttp "net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"hoso/commands"
	"hoso/domain"
	"hoso/http/api"
	"hoso/projections"
)

// dossier answers with one dossier.
func (s *Server) dossier(c echo.Context) error {
	v, err := s.view(c)
	if err != nil {
		return err
	}
	r, err := s.rendering(v)
	if err != nil {
		return err
	}
	c.Response().Header().Set("ETag", r.tag)
	if known := c.Request().Header.Get("If-None-Match"); slices.Contains(strings.Split(strings.ReplaceAll(known, " ", ""), ","), r.tag) {
		return c.NoContent(nethttp.StatusNotModified)
	}
	return answerBytes(c, nethttp.StatusOK, r.body)
}

// dueDate answers with the due date explained.
func (s *Server) dueDate(c echo.Context) error {
	v, err := s.view(c)
	if err != nil {
		return err
	}
	c.Response().Header().Set("ETag", etag(v.Revision))
	return answer(c, nethttp.StatusOK, s.dueDateOf(v))
}

// times answers with processing times.
func (s *Server) times(c echo.Context) error {
	if !commands.MaySeeTimes(who(c)) {
		return commands.ErrForbidden
	}
	p := &parameters{c: c}
	q := projections.TimesQuery{
		By: p.list("by"), Procedure: p.get("procedure"), Agencies: p.list("agency"),
		SubmittedFrom: p.moment("submitted_from"), SubmittedTo: p.moment("submitted_to"),
	}
	position := p.get("min_position")
	if err := p.done(); err != nil {
		return err
	}
	ctx := c.Request().Context()
	if err := s.atLeast(ctx, projections.TimesProjection, position); err != nil {
		return err
	}
	report, err := s.Views.Times(ctx, q)
	if err != nil {
		return err
	}
	return answer(c, nethttp.StatusOK, report)
}

// dossierOf is a dossier for those who may read it in full. Keyed hashes and
// subjects stay inside.
func (s *Server) dossierOf(v projections.DossierView) api.Dossier {
	vi, en := s.nextStep(v)
	return api.Dossier{
		ID: v.ID.String(), Code: v.Code, SourceID: v.SourceID, Revision: int64(v.Revision), UpdatedAt: v.UpdatedAt,
		Status: api.StatusKey(v.Status.Key()), StatusNumber: int(v.Status), StatusText: text(v.Status.VI(), v.Status.EN()),
		Procedure: v.Procedure, ProcedureName: procedureName(v),
		Agency: v.Agency, AgencyName: s.agencyName(v.Agency), Competent: v.Competent, Current: v.Current,
		Unit: v.Unit, Assignee: v.Assignee, Channel: string(v.Channel), Parent: v.Parent,
		SubmittedAt: v.SubmittedAt, ReceivedAt: v.AcceptedAt, DueAt: v.DueAt, Paused: v.Paused,
		DecidedAt: v.DecidedAt, DecidedLate: v.DecidedLate, DeliveredAt: v.DeliveredAt, EndedAt: v.EndedAt,
		Outcome: string(v.Outcome), DecisionNumber: v.DecisionNumber, ResultCancelled: v.ResultCancelled, ResultPlace: v.ResultPlace,
		SupplementUntil: v.SupplementUntil, Missing: v.Missing, Unpaid: v.Unpaid, Currency: v.Currency,
		OwnerName: v.OwnerName, SubmitterName: v.SubmitterName, Erased: v.Erased, NextStep: text(vi, en),
	}
}

// dueDateOf explains a due date with the calendars of that day.
func (s *Server) dueDateOf(v projections.DossierView) api.DueDate {
	d := domain.NewDossier(v.ID)
	d.Clock, d.LastAt = domain.Clock(v.Clock), v.UpdatedAt
	why := domain.ExplainDue(d, s.Commands.Catalogue.CalendarVersion)
	out := api.DueDate{
		DueAt: v.DueAt, Paused: v.Clock.Paused, Calendar: why.Calendar, CalendarVersion: why.CalendarVersion,
		WeeklyPatternOnly: why.WeeklyPatternOnly, Lines: make([]api.DueLine, len(why.Lines)),
	}
	if v.Clock.Paused {
		out.RemainingMinutes = v.Clock.Remaining
	}
	for i, l := range why.Lines {
		out.Lines[i] = api.DueLine{Kind: l.Kind, Date: l.Date.String(), From: l.From, To: l.To, Minutes: l.Minutes, Text: text(l.VI, l.EN)}
	}
	return out
}

func procedureName(v projections.DossierView) api.Text {
	if v.ProcedureName == "" {
		return text(v.Procedure, v.Procedure)
	}
	return text(v.ProcedureName, v.ProcedureEN)
}

// agencyName is the agency's name, its code where the catalogue has none.
func (s *Server) agencyName(code string) api.Text {
	a, ok := s.Commands.Catalogue.Agency(code)
	if !ok || a.Name == "" {
		return text(code, code)
	}
	return text(a.Name, a.NameEN)
}
