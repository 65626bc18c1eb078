package http

import (
	"log/slog"
	nethttp "net/http"
	"regexp"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"hoso/commands"
	"hoso/domain"
	"hoso/http/api"
	"hoso/projections"
)

// numberLike is what must not stand in a purpose, which is recorded in plain.
var numberLike = regexp.MustCompile(`\d(?:[ .-]?\d){8,}`)

// lookupByID lists the dossiers of the person who has an ID number. Who looked
// and why is recorded; the number is not.
func (s *Server) lookupByID(c echo.Context) error {
	var ask api.LookupByIDRequest
	if _, err := decode(c, &ask); err != nil {
		return err
	}
	req := who(c)
	purpose, err := purposeOf(ask.Purpose)
	if err != nil {
		return err
	}
	if ask.Limit < 0 || ask.Limit > 200 {
		return badParameter("limit", "phải từ 1 đến 200", "must be from 1 to 200")
	}
	subject, err := s.subjectFor(c, req, ask.IDNumber)
	if err != nil {
		return err
	}
	page := projections.Page{}
	if subject != uuid.Nil {
		if page, err = s.Views.BySubject(c.Request().Context(), subject, ask.Limit, ask.Cursor); err != nil {
			return err
		}
	}
	hits := page.Hits[:0]
	for _, v := range page.Hits {
		if commands.MayRead(req, parties(v)) {
			hits = append(hits, v)
		}
	}
	page.Hits = hits
	s.Logger.Info("looked up by ID number", slog.Bool("audit", true), slog.String("role", string(req.Actor.Role)),
		slog.String("agency", req.Actor.Agency), slog.String("actor", req.Actor.ID), slog.String("purpose", purpose),
		slog.Int("hits", len(hits)), slog.String("request", requestID(c).String()))
	return answer(c, nethttp.StatusOK, s.pageOf(page))
}

func purposeOf(given string) (string, error) {
	purpose := strings.TrimSpace(given)
	var p *problem
	switch {
	case purpose == "":
		p = refuse(nethttp.StatusUnprocessableEntity, "field_missing", "Hãy ghi mục đích tra cứu (purpose).", "Say why you look this up (purpose).")
	case len(purpose) > 1200:
		p = refuse(nethttp.StatusUnprocessableEntity, "field_too_long", "Mục đích tra cứu quá dài: tối đa 300 ký tự.", "The purpose is too long: at most 300 characters.")
	case numberLike.MatchString(purpose):
		p = refuse(nethttp.StatusUnprocessableEntity, "purpose_holds_number", "Mục đích tra cứu được ghi lại: đừng ghi số giấy tờ hay số điện thoại vào đó.", "The purpose is recorded: leave ID and phone numbers out of it.")
	default:
		return purpose, nil
	}
	p.pointer = "/purpose"
	return "", p
}

// subjectFor finds whose dossiers are asked for: a signed-in person's own, or
// for officers and auditors whoever has the number; nobody where it has none.
func (s *Server) subjectFor(c echo.Context, req commands.Request, number string) (domain.SubjectID, error) {
	applicant := req.Actor.Role == domain.Applicant
	if applicant && number == "" {
		return req.Subject, nil
	}
	if !applicant && !commands.MayRead(req, commands.Parties{Received: req.Actor.Agency}) {
		return uuid.Nil, commands.ErrForbidden
	}
	_, clean, bad := domain.ParseIDNumber(number)
	if bad != nil {
		return uuid.Nil, bad
	}
	subject, found, err := s.FindSubject(c.Request().Context(), clean)
	switch {
	case err != nil:
		return uuid.Nil, err
	case applicant && (!found || subject != req.Subject):
		return uuid.Nil, commands.ErrForbidden
	case !found:
		return uuid.Nil, nil
	}
	return subject, nil
}
