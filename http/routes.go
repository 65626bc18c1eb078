package http

import (
	_ "embed"
	nethttp "net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"hoso/domain"
)

// Document is openapi.yaml.
//
//go:embed openapi.yaml
var Document []byte

// routes mounts everything the document describes, and the pages.
func (s *Server) routes() {
	e := s.echo
	e.Use(s.observe, s.recover, s.bound)

	e.GET("/healthz", s.healthz)
	e.GET("/readyz", s.readyz)
	if s.Metrics != nil {
		e.GET("/metrics", echo.WrapHandler(s.Metrics.handler()))
	}
	e.GET("/openapi.yaml", func(c echo.Context) error {
		return c.Blob(nethttp.StatusOK, "application/yaml; charset=utf-8", Document)
	})
	// Middleware goes with each route: a group's own would answer 404 where 405 is due.
	e.POST("/api/v1/lookup", s.lookup, noStore)
	e.GET("/api/v1/procedures", s.procedures, noStore)
	e.GET("/api/v1/agencies", s.agencies, noStore)

	e.POST("/api/v1/lookup-by-id", s.lookupByID, noStore, s.signedIn)
	e.GET("/api/v1/times", s.times, noStore, s.signedIn)
	e.GET("/api/v1/dossiers", s.search, noStore, s.signedIn)
	e.GET("/api/v1/queues", s.queues, noStore, s.signedIn)
	e.GET("/api/v1/queues/:queue", s.queue, noStore, s.signedIn)
	e.POST("/api/v1/dossiers", s.submit, noStore, s.signedIn)
	e.GET("/api/v1/dossiers/:dossier", s.dossier, noStore, s.signedIn)
	e.GET("/api/v1/dossiers/:dossier/history", s.history, noStore, s.signedIn)
	e.GET("/api/v1/dossiers/:dossier/due-date", s.dueDate, noStore, s.signedIn)
	s.commandRoutes()

	e.GET("/api/v1/projections", s.projections, noStore, s.signedIn)
	e.POST("/api/v1/projections/:projection/rebuild", s.rebuild, noStore, s.signedIn)
	e.POST("/api/v1/projections/:projection/roll-back", s.rollBack, noStore, s.signedIn)
	e.POST("/api/v1/projections/:projection/parked", s.park, noStore, s.signedIn)
	e.DELETE("/api/v1/projections/:projection/parked/:dossier", s.unpark, noStore, s.signedIn)

	s.pageRoutes()
}

// commandRoutes mounts each command that people give at a path named after it.
// What the system does by itself (number, lapse_supplement, redact) has none.
func (s *Server) commandRoutes() {
	command[domain.AcceptDossier](s)
	command[domain.ReturnForSupplement](s)
	command[domain.Supplement](s)
	command[domain.Refuse](s)
	command[domain.Route](s)
	command[domain.Progress](s)
	command[domain.ExtendDueDate](s)
	command[domain.Stop](s)
	command[domain.Withdraw](s)
	command[domain.DecideDossier](s)
	command[domain.RequestPayment](s)
	command[domain.Pay](s)
	command[domain.CancelPayment](s)
	command[domain.ReconcilePayment](s)
	command[domain.RefundPayment](s)
	command[domain.ReceiveResult](s)
	command[domain.CompareOriginals](s)
	command[domain.ProposeCancellation](s)
	command[domain.CancelResult](s)
	command[domain.ReportViolation](s)
	command[domain.Deliver](s)
	command[domain.Contact](s)
	command[domain.Rate](s)
	command[domain.RequestCorrection](s)
	command[domain.ApproveCorrection](s)
	command[domain.DeclineCorrection](s)
}

// commandPath is "return-for-supplement" for the command return_for_supplement.
func commandPath(c domain.Command) string { return strings.ReplaceAll(c.CommandName(), "_", "-") }
