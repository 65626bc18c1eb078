package http

import (
	nethttp "net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"hoso/commands"
	"hoso/domain"
	"hoso/http/api"
	"hoso/projections"
)

// maxSoonHours bounds what a caller may call soon, in working hours.
const maxSoonHours = 240

// search answers with a page of dossiers.
func (s *Server) search(c echo.Context) error {
	p := &parameters{c: c}
	q := projections.SearchQuery{
		Text: p.get("q"), Statuses: p.statuses(), Agencies: p.list("agency"), Procedure: p.get("procedure"),
		Field: p.get("field"), Channel: p.channel(), Clocks: p.clocks(), Facets: p.facets(),
		SubmittedFrom: p.moment("submitted_from"), SubmittedTo: p.moment("submitted_to"),
		DueFrom: p.moment("due_from"), DueTo: p.moment("due_to"),
		Sort: p.sort(), Limit: p.limit(), Cursor: p.get("cursor"),
	}
	if len(q.Text) > 800 {
		p.wrong("q", "quá dài", "is too long")
	}
	hours, position := p.soonHours(), p.get("min_position")
	if err := p.done(); err != nil {
		return err
	}
	var err error
	if q.Within, err = mayBrowse(who(c)); err != nil {
		return err
	}
	q.Now = s.Now()
	q.Soon = s.Commands.Catalogue.HoursAfter(q.Now, q.Within, hours)
	ctx := c.Request().Context()
	if err := s.atLeast(ctx, projections.SearchProjection, position); err != nil {
		return err
	}
	page, err := s.Views.Search(ctx, q)
	if err != nil {
		return err
	}
	return answer(c, nethttp.StatusOK, s.pageOf(page))
}

// mayBrowse bounds a search to what the requester may read: auditors everything,
// officers what concerns their agency, nobody else. Whatever else they ask for
// narrows it further.
func mayBrowse(req commands.Request) (within string, err error) {
	switch a := req.Actor; {
	case a.Role == domain.Auditor:
		return "", nil
	case commands.MayRead(req, commands.Parties{Received: a.Agency}):
		return a.Agency, nil
	}
	return "", commands.ErrForbidden
}

// pageOf is a page of dossiers.
func (s *Server) pageOf(page projections.Page) api.DossierPage {
	out := api.DossierPage{Dossiers: make([]api.Dossier, len(page.Hits)), Next: page.Next, Position: page.Position}
	for i, v := range page.Hits {
		out.Dossiers[i] = s.dossierOf(v)
	}
	for _, counts := range page.Facets {
		out.Facets = append(out.Facets, s.facetOf(counts))
	}
	return out
}

// facetOf puts names to what was counted.
func (s *Server) facetOf(counts projections.FacetCounts) api.Facet {
	out := api.Facet{Facet: api.FacetFacet(counts.Facet), More: counts.More, Values: make([]api.FacetValue, len(counts.Values))}
	names := map[string]api.Text{}
	if counts.Facet == projections.FacetProcedure {
		for _, p := range s.Commands.Catalogue.Procedures() {
			names[p.Procedure.Code] = text(p.Procedure.Name, p.Procedure.NameEN)
		}
	}
	for i, v := range counts.Values {
		one := api.FacetValue{Value: v.Value, Count: v.Count, Text: text(v.Value, v.Value)}
		switch counts.Facet {
		case projections.FacetStatus:
			n, _ := strconv.Atoi(v.Value) // written by a view
			one.Value, one.Text = domain.Status(n).Key(), text(domain.Status(n).VI(), domain.Status(n).EN())
		case projections.FacetAgency:
			one.Text = s.agencyName(v.Value)
		case projections.FacetProcedure:
			if name, ok := names[v.Value]; ok {
				one.Text = name
			}
		case projections.FacetChannel:
			one.Text = text(projections.ChannelText(domain.Channel(v.Value)))
		case projections.FacetClock:
			one.Text = text(projections.ClockState(v.Value).Text())
		}
		out.Values[i] = one
	}
	return out
}
