package cli

import (
	"cmp"
	"slices"
	"time"

	"hoso/commands"
	"hoso/projections"
)

type queueCmd struct {
	Agency  string `arg:"" help:"Code of the agency where the dossiers are now."`
	Queue   string `arg:"" optional:"" help:"List one queue: mine, unit, due_soon or overdue. Without it: how long each is."`
	Officer string `help:"Whose queue mine is: an officer's opaque id." placeholder:"ID"`
	Unit    string `help:"Only dossiers routed to this unit of the agency; narrows all queues but mine." placeholder:"NAME"`
	At      string `help:"The moment that overdue and due soon speak of; now unless given." placeholder:"TIME"`
	Hours   int    `help:"Working hours within which a dossier is due soon, by the agency's calendar; 16 unless given." placeholder:"HOURS"`
	Limit   int    `help:"List at most so many, 1 to 200." default:"50"`
	JSON    bool   `help:"Answer as JSON." name:"json"`
}

// Help tells the queues and the fields of --json.
func (queueCmd) Help() string {
	return `Queues hold the dossiers that have not ended, the most urgent first; those that wait for a supplement or a payment have no running due date and come behind, in mine and unit alone. --at takes RFC 3339, such as 2026-11-24T08:00:00+07:00.

--json gives {agency, at, due_soon_until, counts: {mine, unit, due_soon, overdue}, position}, or with a queue {dossiers: [{code, status (number), due_at, paused, unit, assignee, procedure, procedure_name}], more, position}. Exit code 1: there is no such agency.`
}

// Run asks the search view.
func (c *queueCmd) Run(a *app) (err error) {
	q := projections.QueueQuery{Queue: projections.Queue(c.Queue), Agency: c.Agency, Unit: c.Unit, Officer: c.Officer, Now: time.Now(), Limit: c.Limit}
	if c.Queue != "" && !slices.Contains(projections.Queues, q.Queue) {
		return badInput("there is no queue %q: give mine, unit, due_soon or overdue", c.Queue)
	}
	if q.Queue == projections.QueueMine && c.Officer == "" {
		return badInput("whose queue? Name the officer with --officer ID")
	}
	if c.At != "" {
		if q.Now, err = time.Parse(time.RFC3339, c.At); err != nil {
			return badInput("--at %s is no time: give RFC 3339, such as 2026-11-24T08:00:00+07:00", c.At)
		}
	}
	if c.Hours < 0 || c.Limit < 1 || c.Limit > 200 {
		return badInput("--hours must be positive, --limit from 1 to 200")
	}
	r, err := a.openReading()
	if err != nil {
		return err
	}
	defer r.closing(&err)
	catalogue, err := commands.OpenCatalogue(a.ctx, r.log, r.codec)
	if err != nil {
		return err
	}
	q.Soon = catalogue.HoursAfter(q.Now, q.Agency, cmp.Or(c.Hours, projections.SoonHours))
	if lag, err := r.lag(a.ctx, projections.SearchProjection); err != nil {
		return err
	} else if lag > 0 {
		a.tellf("hoso: the queues lack the newest %s events of the log; hoso rebuild, or a running hoso serve, brings them in", thousands(lag))
	}
	if _, known := catalogue.Agency(q.Agency); !known {
		if counts, err := r.views.QueueCounts(a.ctx, q); err != nil {
			return err
		} else if counts.Counts[projections.QueueUnit] == 0 { // an imported log may have agencies that no catalogue has
			return notFound("there is no agency %q in the catalogue, and no dossier is there: check the code", q.Agency)
		}
	}
	if c.Queue == "" {
		return c.counts(r, q)
	}
	return c.list(r, q)
}

func (c *queueCmd) counts(r *reading, q projections.QueueQuery) error {
	counts, err := r.views.QueueCounts(r.app.ctx, q)
	if err != nil {
		return err
	}
	if c.JSON {
		return r.app.document(struct {
			Agency       string                    `json:"agency"`
			At           time.Time                 `json:"at"`
			DueSoonUntil time.Time                 `json:"due_soon_until"`
			Counts       map[projections.Queue]int `json:"counts"`
			Position     string                    `json:"position"`
		}{q.Agency, q.Now.UTC(), q.Soon.UTC(), counts.Counts, counts.Position})
	}
	for _, queue := range projections.Queues {
		vi, en := queue.Text()
		r.app.printf("%-9s %7d  %s · %s\n", queue, counts.Counts[queue], vi, en)
	}
	return nil
}

// queued is a dossier of a list.
type queued struct {
	Code          string    `json:"code"`
	Status        int       `json:"status"`
	DueAt         time.Time `json:"due_at,omitzero"`
	Paused        bool      `json:"paused"`
	Unit          string    `json:"unit,omitzero"`
	Assignee      string    `json:"assignee,omitzero"`
	Procedure     string    `json:"procedure"`
	ProcedureName string    `json:"procedure_name"`
}

func (c *queueCmd) list(r *reading, q projections.QueueQuery) error {
	page, err := r.views.Queue(r.app.ctx, q)
	if err != nil {
		return err
	}
	list := make([]queued, len(page.Hits))
	for i, v := range page.Hits {
		list[i] = queued{v.Code, int(v.Status), v.DueAt, v.Paused, v.Unit, v.Assignee, v.Procedure, v.ProcedureName}
	}
	if c.JSON {
		return r.app.document(struct {
			Dossiers []queued `json:"dossiers"`
			More     bool     `json:"more"`
			Position string   `json:"position"`
		}{list, page.Next != "", page.Position})
	}
	for i, d := range list {
		due := localTime(d.DueAt)
		if d.Paused {
			due = "paused"
		}
		r.app.printf("%-24s due %-16s %-28s %s\n", d.Code, due, page.Hits[i].Status.EN(), d.ProcedureName)
	}
	if page.Next != "" {
		r.app.tellf("hoso: there are more; --limit takes up to 200")
	}
	return nil
}
