package cli

import (
	"time"

	"hoso/domain"
	"hoso/projections"
)

// dossierDoc is a dossier as lookup and replay print it. Absent times have
// not come yet.
type dossierDoc struct {
	Code            string          `json:"code"`
	SourceID        string          `json:"source_id,omitempty"` // imports: the case's id in the source
	Status          string          `json:"status"`              // key of the status, e.g. processing
	StatusNumber    int             `json:"status_number"`       // 1 to 10, as the national portal numbers them
	StatusVI        string          `json:"status_vi"`
	StatusEN        string          `json:"status_en"`
	Procedure       string          `json:"procedure"`
	ProcedureName   string          `json:"procedure_name"`
	ProcedureNameEN string          `json:"procedure_name_en,omitempty"`
	Agency          string          `json:"agency"`    // received it
	Competent       string          `json:"competent"` // decides
	Current         string          `json:"current"`   // where it is now
	Unit            string          `json:"unit,omitempty"`
	Channel         string          `json:"channel"`
	SubmittedAt     time.Time       `json:"submitted_at"`
	ReceivedAt      time.Time       `json:"received_at,omitzero"` // accepted at
	DueAt           time.Time       `json:"due_at,omitzero"`
	Paused          bool            `json:"paused"`
	DecidedAt       time.Time       `json:"decided_at,omitzero"`
	DecidedLate     bool            `json:"decided_late"`
	Outcome         string          `json:"outcome,omitempty"`
	DecisionNumber  string          `json:"decision_number,omitempty"`
	DeliveredAt     time.Time       `json:"delivered_at,omitzero"`
	EndedAt         time.Time       `json:"ended_at,omitzero"`
	ResultCancelled bool            `json:"result_cancelled"`
	SupplementUntil time.Time       `json:"supplement_until,omitzero"`
	Missing         []string        `json:"missing,omitempty"`
	Obligations     []obligationDoc `json:"obligations"`
	OwnerName       string          `json:"owner_name,omitempty"`
	SubmitterName   string          `json:"submitter_name,omitempty"`
	Erased          bool            `json:"erased"`
	Revision        uint64          `json:"revision"`
	DueDate         []dueLine       `json:"due_date,omitempty"` // lookup of one dossier: how the due date came about
}

type obligationDoc struct {
	Code     string `json:"code"`
	Name     string `json:"name,omitempty"`
	Amount   int64  `json:"amount"` // in the currency's smallest unit
	Currency string `json:"currency"`
	Settled  bool   `json:"settled"`
	Refunded int64  `json:"refunded"`
}

type dueLine struct {
	VI string `json:"vi"`
	EN string `json:"en"`
}

// docOf shows what a past comes to.
func docOf(p projections.Past) dossierDoc {
	d := p.Dossier
	doc := dossierDoc{
		Code: d.Code, SourceID: d.SourceID, Status: d.Status().Key(), StatusNumber: int(d.Status()),
		StatusVI: d.Status().VI(), StatusEN: d.Status().EN(), Procedure: d.Procedure,
		Agency: d.ReceivedBy, Competent: d.Competent, Current: d.Current, Unit: d.Unit, Channel: string(d.Channel),
		SubmittedAt: d.SubmittedAt, ReceivedAt: d.AcceptedAt, DueAt: d.Clock.Due, Paused: d.Paused(),
		DecidedAt: d.DecidedAt, DecidedLate: d.DecidedLate, Outcome: string(d.Outcome), DecisionNumber: d.DecisionNumber,
		DeliveredAt: d.DeliveredAt, EndedAt: d.EndedAt, ResultCancelled: d.ResultCancelled,
		Obligations: []obligationDoc{}, OwnerName: d.Owner.Name.Text, SubmitterName: d.Submitter.Name.Text,
		Erased: d.Erased, Revision: p.Revision(),
	}
	if s := d.Supplement; s != nil {
		doc.SupplementUntil, doc.Missing = s.Until, s.Missing
	}
	for _, o := range d.Obligations {
		doc.Obligations = append(doc.Obligations, obligationDoc{o.Code, o.Name, o.Amount, o.Currency, o.Settled(), o.Refunded})
	}
	if n := len(p.Items); n > 0 {
		// The names come with the view's document, as it would stand after this event.
		nothing := func(string) string { return "" }
		view := projections.ViewOf(p.Items[n-1], projections.Proofs{ID: nothing, Phone: nothing})
		doc.ProcedureName, doc.ProcedureNameEN = view.ProcedureName, view.ProcedureEN
	}
	return doc
}

// statusLine names a status in both languages.
func statusLine(s domain.Status) string { return s.VI() + " · " + s.EN() }
