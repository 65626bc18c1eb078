package http

import (
	"cmp"
	"context"
	"crypto/subtle"
	nethttp "net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/labstack/echo/v4"

	"hoso/domain"
	"hoso/http/api"
	"hoso/projections"
)

// lookup answers anyone who has a code.
func (s *Server) lookup(c echo.Context) error {
	var ask api.LookupRequest
	if _, err := decode(c, &ask); err != nil {
		return err
	}
	if strings.TrimSpace(ask.Code) == "" || len(ask.Code) > maxCode {
		p := refuse(nethttp.StatusBadRequest, "field_missing", "Hãy cho mã hồ sơ (code).", "Give the dossier's code (code).")
		p.pointer, p.plain = "/code", true
		return p
	}
	out, _, err := s.find(c, ask)
	if err != nil {
		return err
	}
	return answer(c, nethttp.StatusOK, out)
}

// maxCode bounds what is folded as a code, in bytes.
const maxCode = 256

var errUnknownCode = &problem{status: nethttp.StatusNotFound, plain: true, err: &domain.Error{Code: "not_found",
	VI: "Không tìm thấy hồ sơ có mã này. Hãy kiểm tra lại từng chữ số trên giấy hẹn.",
	EN: "There is no dossier with this code. Check each digit on your receipt."}}

// find looks a dossier up for whoever asks. The limits and the work are the
// same whatever the proof is; only what matches adds details.
func (s *Server) find(c echo.Context, ask api.LookupRequest) (api.Lookup, projections.DossierView, error) {
	code := domain.FoldCode(ask.Code)
	if err := s.limits.check(s.Now(), c.RealIP(), code, ask.IDNumber != "" || ask.PhoneLast4 != ""); err != nil {
		return api.Lookup{}, projections.DossierView{}, err
	}
	ctx := c.Request().Context()
	v, found, err := s.Views.ByCode(ctx, code)
	if err != nil {
		return api.Lookup{}, v, err
	}
	proven := s.proven(v, ask)
	if !found {
		return api.Lookup{}, v, errUnknownCode
	}
	out := s.lookupOf(v)
	if proven {
		err = s.details(ctx, v, &out)
	}
	return out, v, err
}

// proven holds the proof against what the view keeps. Both hashes are made and
// compared whatever was given, of a stand-in where nothing was, whose outcome
// is not looked at. Where two proofs are given both must match.
func (s *Server) proven(v projections.DossierView, ask api.LookupRequest) bool {
	number := oneOf(s.Proofs.ID(normalised(cmp.Or(ask.IDNumber, "001000000000"))), v.IDProofs)
	phone := oneOf(s.Proofs.Phone(digits(cmp.Or(ask.PhoneLast4, "0000"))), v.PhoneProofs)
	switch {
	case ask.IDNumber != "" && ask.PhoneLast4 != "":
		return number&phone == 1
	case ask.IDNumber != "":
		return number == 1
	case ask.PhoneLast4 != "":
		return phone == 1
	}
	return false
}

// oneOf reports, as 1 or 0 and in a time that does not depend on it, whether a
// hash is among others.
func oneOf(hash string, others []string) int {
	hit := 0
	for _, other := range others {
		hit |= subtle.ConstantTimeCompare([]byte(hash), []byte(other))
	}
	return hit
}

// digits drops what people type between digits.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '.' || r == '-' {
			return -1
		}
		return r
	}, s)
}

// lookupOf is what anyone may know.
func (s *Server) lookupOf(v projections.DossierView) api.Lookup {
	vi, en := s.nextStep(v)
	return api.Lookup{
		Code: v.Code, Status: api.StatusKey(v.Status.Key()), StatusNumber: int(v.Status), StatusText: text(v.Status.VI(), v.Status.EN()),
		Procedure: v.Procedure, ProcedureName: procedureName(v), AgencyName: s.agencyName(v.Agency),
		ReceivedAt: v.AcceptedAt, DueAt: publicDue(v), Paused: v.Paused, NextStep: text(vi, en),
	}
}

// publicDue is the date of the result; before acceptance there is none yet,
// unless an import brought one.
func publicDue(v projections.DossierView) time.Time {
	if v.AcceptedAt.IsZero() && v.SourceID == "" {
		return time.Time{}
	}
	return v.DueAt
}

// details adds what only a matching proof shows.
func (s *Server) details(ctx context.Context, v projections.DossierView, out *api.Lookup) error {
	entries, err := s.Views.Timeline(ctx, v.ID)
	if err != nil {
		return err
	}
	d := api.LookupDetails{
		Applicant: v.OwnerName, SubmittedAt: v.SubmittedAt, Missing: v.Missing, SupplementUntil: v.SupplementUntil,
		Unpaid: v.Unpaid, Currency: v.Currency, DueDate: s.dueDateOf(v), Timeline: []api.TimelineEntry{},
	}
	for _, e := range entries {
		if slices.Contains(internal, e.Type) {
			continue
		}
		vi, en := domain.Title(e.Type)
		entry := api.TimelineEntry{At: e.At, Type: e.Type, Title: text(vi, en), Detail: text(e.DetailVI, e.DetailEN)}
		if slices.Contains(addressed, e.Type) {
			entry.Text = e.Text
		}
		d.Timeline = append(d.Timeline, entry)
	}
	out.Details = d
	return nil
}

// internal are the events that concern the agency and not the applicant.
var internal = []string{
	"dossier.payment_reconciled", "dossier.correction_requested", "dossier.correction_declined",
	"dossier.cancellation_proposed", "dossier.violation_reported",
}

// addressed are the events whose text is written to the applicant.
var addressed = []string{
	"dossier.returned_for_supplement", "dossier.refused", "dossier.due_date_extended", "dossier.stopped", "dossier.decided",
	"dossier.contacted", "dossier.result_cancelled",
}
