package http

import (
	nethttp "net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"hoso/commands"
	"hoso/domain"
	"hoso/http/api"
	"hoso/projections"
)

// history answers with a dossier's events and what they come to.
func (s *Server) history(c echo.Context) error {
	at, err := moment(c)
	if err != nil {
		return err
	}
	id, err := s.dossierID(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	now, err := s.History.At(ctx, id, projections.Moment{})
	if err != nil {
		return err
	}
	d := now.Dossier
	if !commands.MayRead(who(c), commands.Parties{
		Received: d.ReceivedBy, Competent: d.Competent, Current: d.Current, Place: d.Receiving.Place,
		Owner: d.Owner.Subject, Submitter: d.Submitter.Subject, SubmittedBy: d.SubmittedBy,
	}) {
		return commands.ErrForbidden
	}
	then, err := now.Then(at)
	if err != nil {
		return err
	}
	out := api.History{
		Dossier: id.String(), Code: d.Code, Revision: int64(then.Revision()), Head: int64(then.Head),
		Axis: api.HistoryAxis(at.Axis), Events: make([]api.HistoryEvent, len(then.Items)), State: stateOf(then.Dossier),
	}
	for i, it := range then.Items {
		out.Events[i] = eventOf(it)
	}
	c.Response().Header().Set("ETag", etag(now.Head))
	return answer(c, nethttp.StatusOK, out)
}

// moment reads which state is asked for.
func moment(c echo.Context) (projections.Moment, error) {
	p := &parameters{c: c}
	m := projections.Moment{Axis: projections.Axis(p.get("axis"))}
	switch m.Axis {
	case "":
		m.Axis = projections.Recorded
	case projections.Recorded, projections.Occurred:
	default:
		p.wrong("axis", "phải là recorded hoặc occurred", "must be recorded or occurred")
	}
	if t := p.get("revision"); t != "" {
		n, err := strconv.ParseUint(t, 10, 63)
		if err != nil {
			p.wrong("revision", "phải là số nguyên không âm", "must be a non-negative integer")
		}
		m.Revision = &n
	}
	if t := p.get("at"); t != "" {
		at, err := time.Parse(time.RFC3339, t)
		if err != nil {
			p.wrong("at", "phải là thời điểm RFC 3339; dấu + viết là %2B", "must be an RFC 3339 instant; write + as %2B")
		}
		m.At = &at
	}
	return m, p.done()
}

func eventOf(it *projections.Item) api.HistoryEvent {
	e := projections.EntryOf(it)
	vi, en := domain.Title(e.Type)
	return api.HistoryEvent{
		Revision: int64(e.Revision), Position: e.Position, Type: e.Type, At: e.At, RecordedAt: e.RecordedAt,
		By:    api.Actor{Role: string(e.By.Role), Agency: e.By.Agency, ID: e.By.ID},
		Title: text(vi, en), Detail: text(e.DetailVI, e.DetailEN), Text: e.Text, Erased: e.Erased,
	}
}

func stateOf(d domain.Dossier) api.State {
	st := d.Status()
	out := api.State{
		Status: api.StatusKey(st.Key()), StatusNumber: int(st), StatusText: text(st.VI(), st.EN()),
		Procedure: d.Procedure, ProcedureVersion: d.ProcedureVersion,
		ReceivedBy: d.ReceivedBy, Competent: d.Competent, Current: d.Current, Unit: d.Unit, Assignee: d.Assignee, Channel: string(d.Channel),
		OwnerName: d.Owner.Name.Text, SubmitterName: d.Submitter.Name.Text,
		SubmittedAt: d.SubmittedAt, ReceivedAt: d.AcceptedAt, DueAt: d.Clock.Due, Paused: d.Paused(),
		DecidedAt: d.DecidedAt, DecidedLate: d.DecidedLate, DeliveredAt: d.DeliveredAt, EndedAt: d.EndedAt,
		Outcome: string(d.Outcome), DecisionNumber: d.DecisionNumber, ResultCancelled: d.ResultCancelled,
		Obligations: make([]api.Obligation, len(d.Obligations)), OpenCorrections: len(d.Corrections),
		Rating: d.Rating, Erased: d.Erased || d.Owner.Name.Erased,
	}
	if d.Clock.Paused {
		out.RemainingMinutes = d.Clock.Remaining
	}
	for i, o := range d.Obligations {
		out.Obligations[i] = api.Obligation{
			Code: o.Code, Name: o.Name, Kind: o.Kind, Amount: o.Amount, Currency: o.Currency, DuePoint: int(o.DuePoint), Waits: o.Waits,
			Settled: o.Settled(), Cancelled: o.Cancelled, PaidAt: o.PaidAt, Receipt: o.Receipt, Reconciled: o.Reconciled, Refunded: o.Refunded,
		}
	}
	return out
}
