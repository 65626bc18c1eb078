package http

import (
	nethttp "net/http"

	"github.com/labstack/echo/v4"

	"hoso/domain"
	"hoso/http/api"
)

// procedures lists the newest version of each procedure.
func (s *Server) procedures(c echo.Context) error {
	all := s.Commands.Catalogue.Procedures()
	out := api.ProcedureList{Procedures: make([]api.Procedure, len(all))}
	for i, p := range all {
		out.Procedures[i] = procedureOf(p)
	}
	return answer(c, nethttp.StatusOK, out)
}

func procedureOf(e domain.ProcedurePublished) api.Procedure {
	p := e.Procedure
	vi, en := p.Duration.Text()
	out := api.Procedure{
		Code: p.Code, Version: e.Version, Name: text(p.Name, p.NameEN), Field: p.Field, Level: string(p.Level),
		Duration:         api.Duration{Quantity: p.Duration.Quantity, Unit: string(p.Duration.Unit), Note: p.Duration.Note, Text: text(vi, en)},
		CompareOriginals: p.CompareOriginals, LegalBasis: p.LegalBasis,
		EffectiveFrom: p.EffectiveFrom.String(), EffectiveTo: p.EffectiveTo.String(),
	}
	for _, one := range p.Components {
		out.Components = append(out.Components, api.Component{Name: one.Name, Originals: one.Originals, Copies: one.Copies, Required: one.Required})
	}
	for _, f := range p.Fees {
		out.Fees = append(out.Fees, api.Fee{Code: f.Code, Name: f.Name, Kind: f.Kind, Amount: f.Amount, DuePoint: int(f.DuePoint)})
	}
	return out
}

// agencies lists the newest version of each agency.
func (s *Server) agencies(c echo.Context) error {
	all := s.Commands.Catalogue.Agencies()
	out := api.AgencyList{Agencies: make([]api.Agency, len(all))}
	for i, a := range all {
		out.Agencies[i] = api.Agency{
			Code: a.Code, Name: text(a.Name, a.NameEN), Level: a.Level, Parent: a.Parent, Province: a.Province, Units: a.Units,
			Offers: make([]api.Offer, len(a.Offers)), Predecessors: a.Predecessors,
			EffectiveFrom: a.EffectiveFrom.String(), EffectiveTo: a.EffectiveTo.String(),
		}
		for j, o := range a.Offers {
			out.Agencies[i].Offers[j] = api.Offer{Procedure: o.Procedure, From: o.From.String(), To: o.To.String()}
		}
	}
	return answer(c, nethttp.StatusOK, out)
}
