package http

import (
	nethttp "net/http"

	"github.com/labstack/echo/v4"

	"hoso/commands"
	"hoso/domain"
	"hoso/http/api"
	"hoso/projections"
)

// queues answers how long each queue of the officer's work is.
func (s *Server) queues(c echo.Context) error {
	p := &parameters{c: c}
	q, err := s.work(c, p)
	if err != nil {
		return err
	}
	counts, err := s.Views.QueueCounts(c.Request().Context(), q)
	if err != nil {
		return err
	}
	out := api.QueueList{Agency: q.Agency, Unit: q.Unit, At: q.Now.UTC(), DueSoonUntil: q.Soon.UTC(), Position: counts.Position}
	for _, queue := range projections.Queues {
		out.Queues = append(out.Queues, api.Queue{Queue: api.QueueQueue(queue), Text: text(queue.Text()), Count: counts.Counts[queue]})
	}
	return answer(c, nethttp.StatusOK, out)
}

// queue answers with a page of one of them.
func (s *Server) queue(c echo.Context) error {
	p := &parameters{c: c}
	limit, cursor := p.limit(), p.get("cursor")
	q, err := s.work(c, p)
	if err != nil {
		return err
	}
	q.Queue, q.Limit, q.Cursor = projections.Queue(c.Param("queue")), limit, cursor
	page, err := s.Views.Queue(c.Request().Context(), q)
	if err != nil {
		return err
	}
	return answer(c, nethttp.StatusOK, s.pageOf(page))
}

// work reads whose work is asked for, and waits for the view where that is asked.
func (s *Server) work(c echo.Context, p *parameters) (q projections.QueueQuery, err error) {
	asked, unit, hours, position := p.get("agency"), p.get("unit"), p.soonHours(), p.get("min_position")
	if err := p.done(); err != nil {
		return q, err
	}
	req := who(c)
	if q.Agency, err = mayWork(req, asked); err != nil {
		return q, err
	}
	q.Unit, q.Officer, q.Now = unit, req.Actor.ID, s.Now()
	q.Soon = s.Commands.Catalogue.HoursAfter(q.Now, q.Agency, hours)
	return q, s.atLeast(c.Request().Context(), projections.SearchProjection, position)
}

// mayWork tells whose queues the requester may see: officers those of their own
// agency, auditors those of the agency they name, nobody else any.
func mayWork(req commands.Request, asked string) (agency string, err error) {
	within, err := mayBrowse(req)
	switch {
	case err != nil:
		return "", err
	case req.Actor.Role == domain.Auditor:
		return asked, nil
	case asked != "" && asked != within:
		return "", commands.ErrForbidden
	}
	return within, nil
}
