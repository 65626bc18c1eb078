package http

import (
	"context"
	"log/slog"
	nethttp "net/http"
	"regexp"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"golang.org/x/text/unicode/norm"

	"hoso/commands"
	"hoso/domain"
	"hoso/http/api"
	"hoso/projections"
)

// numberLike is what must not stand in a purpose, which is recorded in plain:
// nine digits or more of any script, whatever stands between them but letters.
var numberLike = regexp.MustCompile(`\p{Nd}(?:[^\pL\p{Nd}]{0,3}\p{Nd}){8,}`)

// codeOrDate are the long numbers that a purpose may well name.
var codeOrDate = regexp.MustCompile(`(?i)(?:\b\d{3}\.\d{2}\.\d{2}\.)?\b[A-Z]\d{2}(?:\.\d{2,3}){0,3}-\d{6,8}-\d{4,7}\b|\b\d{1,2}[/.-]\d{1,2}[/.-]20\d{2}\b`)

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
	page, err := s.readable(c.Request().Context(), req, subject, ask.Limit, ask.Cursor)
	if err != nil {
		return err
	}
	s.Logger.Info("looked up by ID number", slog.Bool("audit", true), slog.String("role", string(req.Actor.Role)),
		slog.String("agency", req.Actor.Agency), slog.String("actor", req.Actor.ID), slog.String("purpose", purpose),
		slog.Int("hits", len(page.Hits)), slog.String("request", requestID(c).String()))
	return answer(c, nethttp.StatusOK, s.pageOf(page))
}

// readable is a page of those dossiers of a person that the requester may read.
// It goes from hit to hit, so that no cursor ever names or counts a dossier of
// other agencies; and who is nobody here looks like somebody without dossiers.
func (s *Server) readable(ctx context.Context, req commands.Request, subject domain.SubjectID, limit int, cursor string) (out projections.Page, err error) {
	if subject == uuid.Nil { // imported dossiers without people have it
		subject, cursor = uuid.New(), ""
	}
	if limit == 0 {
		limit = 50
	}
	for after := ""; ; {
		one, err := s.Views.BySubject(ctx, subject, 1, cursor)
		if err != nil {
			return out, err
		}
		if out.Position == "" {
			out.Position = one.Position
		}
		for _, v := range one.Hits {
			switch {
			case !commands.MayRead(req, parties(v)):
			case len(out.Hits) == limit:
				out.Next = after
				return out, nil
			default:
				out.Hits, after = append(out.Hits, v), one.Next
			}
		}
		if cursor = one.Next; cursor == "" {
			return out, nil
		}
	}
}

func purposeOf(given string) (string, error) {
	purpose := strings.TrimSpace(given)
	var p *problem
	switch {
	case purpose == "":
		p = refuse(nethttp.StatusUnprocessableEntity, "field_missing", "Hãy ghi mục đích tra cứu (purpose).", "Say why you look this up (purpose).")
	case len(purpose) > 1200:
		p = refuse(nethttp.StatusUnprocessableEntity, "field_too_long", "Mục đích tra cứu quá dài: tối đa 300 ký tự.", "The purpose is too long: at most 300 characters.")
	case numberLike.MatchString(codeOrDate.ReplaceAllString(norm.NFKC.String(purpose), "x")):
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
