package cli

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"hoso/domain"
)

type lookupCmd struct {
	Code string `arg:"" optional:"" help:"The dossier's code, or the id it had in the system it was imported from."`
	ID   string `help:"Instead of a code: list the dossiers of the person with this ID number (CCCD, CMND, business code)." placeholder:"NUMBER" name:"id"`
	JSON bool   `help:"Answer as JSON." name:"json"`
}

// Help tells the fields of --json.
func (lookupCmd) Help() string {
	return `It reads beside a running server, and answers from the log where the views lag. Exit code 1: not found.

--json gives one object: code, source_id, status (key), status_number, status_vi, status_en, procedure, procedure_name, agency, competent, current, unit, channel, submitted_at, received_at (accepted at), due_at, paused, decided_at, decided_late, outcome, decision_number, delivered_at, ended_at, result_cancelled, supplement_until, missing, obligations [code, name, amount, currency, settled, refunded], owner_name, submitter_name, erased, revision, due_date [vi, en]. Times are RFC 3339; what has not come yet is absent. --id gives a list of them without due_date, newest first, [] where there are none.`
}

// Run looks one dossier up, or a person's.
func (c *lookupCmd) Run(a *app) (err error) {
	if (c.Code == "") == (c.ID == "") {
		return badInput("give a code, or --id with an ID number (hoso lookup --help)")
	}
	var number string
	if c.ID != "" {
		var invalid *domain.Error
		if _, number, invalid = domain.ParseIDNumber(c.ID); invalid != nil {
			return badInput("--id: %s", invalid.EN)
		}
	}
	r, err := a.openReading()
	if err != nil {
		return err
	}
	defer r.closing(&err)
	if c.ID != "" {
		return c.person(r, number)
	}
	id, err := r.find(a.ctx, c.Code)
	if err != nil {
		return err
	}
	past, err := r.newest(a.ctx, id)
	if err != nil {
		return err
	}
	doc := docOf(past)
	why := domain.ExplainDue(past.Dossier, past.Items[len(past.Items)-1].Catalogue.CalendarVersion)
	for _, l := range why.Lines {
		doc.DueDate = append(doc.DueDate, dueLine{l.VI, l.EN})
	}
	if c.JSON {
		return a.document(doc)
	}
	a.printDossier(doc, past.Dossier)
	return nil
}

// person lists a person's dossiers.
func (c *lookupCmd) person(r *reading, number string) error {
	a := r.app
	var ids []uuid.UUID
	subject, known, err := r.keys.Find(a.ctx, number)
	if err == nil && known {
		ids, err = r.ofPerson(a.ctx, subject)
	}
	if err != nil {
		return err
	}
	docs := []dossierDoc{}
	for _, id := range ids {
		past, err := r.newest(a.ctx, id)
		if err != nil {
			return err
		}
		docs = append(docs, docOf(past))
	}
	switch {
	case c.JSON:
		if err := a.document(docs); err != nil || len(docs) > 0 {
			return err
		}
		return answered
	case len(docs) == 0:
		return notFound("nobody with this ID number has a dossier here: check the number")
	}
	for _, d := range docs {
		a.printf("%-24s %-28s due %-16s %s\n", d.Code, d.StatusEN, localTime(d.DueAt), d.ProcedureName)
	}
	return nil
}

// ofPerson lists a person's dossiers, newest first; from the log where the
// views lag.
func (r *reading) ofPerson(ctx context.Context, subject domain.SubjectID) (ids []uuid.UUID, err error) {
	behind, err := r.behind(ctx)
	if err != nil {
		return nil, err
	}
	for cursor := ""; !behind; {
		page, err := r.views.BySubject(ctx, subject, 200, cursor)
		if err != nil {
			return nil, err
		}
		for _, v := range page.Hits {
			ids = append(ids, v.ID)
		}
		if cursor = page.Next; cursor == "" {
			return ids, nil
		}
	}
	ids, err = r.scan(ctx, func(e domain.Event) bool {
		s, ok := e.(domain.Submitted)
		return ok && (s.Owner.Subject == subject || s.Submitter.Subject == subject)
	})
	slices.Reverse(ids)
	return ids, err
}

// printDossier is the look-up for people at a terminal.
func (a *app) printDossier(doc dossierDoc, d domain.Dossier) {
	row := func(label, value string) {
		if value != "" && value != "–" {
			a.printf("%-22s %s\n", label, value)
		}
	}
	row("Mã hồ sơ · code", doc.Code)
	row("Mã nguồn · source", doc.SourceID)
	row("Thủ tục · procedure", doc.Procedure+" "+doc.ProcedureName)
	row("", doc.ProcedureNameEN)
	row("Tình trạng · status", statusLine(d.Status()))
	row("Chủ hồ sơ · owner", doc.OwnerName)
	if doc.Erased {
		row("", "dữ liệu cá nhân đã xóa · personal data erased")
	}
	row("Tiếp nhận · agency", doc.Agency)
	row("Nơi đang giữ · now at", doc.Current)
	row("Nộp · submitted", localTime(doc.SubmittedAt))
	row("Tiếp nhận · received", localTime(doc.ReceivedAt))
	row("Hẹn trả · due", localTime(doc.DueAt))
	row("Quyết định · decided", localTime(doc.DecidedAt))
	row("Trả · delivered", localTime(doc.DeliveredAt))
	for _, o := range doc.Obligations {
		state := "chưa nộp · to pay"
		if o.Settled {
			state = "đã xong · settled"
		}
		a.printf("%-22s %s %s, %s\n", "Khoản thu · fee", thousands(uint64(max(0, o.Amount)))+" "+o.Currency, o.Name, state)
	}
	if len(doc.DueDate) > 0 {
		a.printf("\n")
	}
	for _, l := range doc.DueDate {
		a.printf("  %s\n    %s\n", l.VI, l.EN)
	}
}
