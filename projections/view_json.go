package projections

import "slices"

// listedJSON is what the hits of a search show of a dossier: its view without
// what stands Behind.
func (v *DossierView) listedJSON() ([]byte, error) {
	o := jsonOut{b: make([]byte, 0, 1536)}
	o.open('{')
	v.identity(&o)
	v.course(&o)
	v.result(&o)
	v.people(&o)
	o.close('}')
	return o.b, o.err
}

func (v *DossierView) identity(o *jsonOut) {
	o.member("id", v.ID.String())
	o.member("code", v.Code)
	o.textIf("source_id", v.SourceID)
	o.member("position", v.Position)
	o.member("procedure", v.Procedure)
	o.member("procedure_name", v.ProcedureName)
	o.textIf("procedure_name_en", v.ProcedureEN)
	o.member("agency", v.Agency)
	o.member("competent", v.Competent)
	o.member("current", v.Current)
	o.textIf("place", v.Place)
	o.textIf("unit", v.Unit)
	o.textIf("assignee", v.Assignee)
	o.member("channel", string(v.Channel))
	o.textIf("parent", v.Parent)
}

// course is how far the dossier has come, and when.
func (v *DossierView) course(o *jsonOut) {
	o.name("revision")
	o.uint(v.Revision)
	o.name("updated_at")
	o.moment(v.UpdatedAt)
	o.name("status")
	o.int(int64(v.Status))
	o.name("submitted_at")
	o.moment(v.SubmittedAt)
	o.momentIf("accepted_at", v.AcceptedAt)
	o.momentIf("due_at", v.DueAt)
	o.trueIf("paused", v.Paused)
	o.momentIf("decided_at", v.DecidedAt)
	o.trueIf("decided_late", v.DecidedLate)
	o.momentIf("delivered_at", v.DeliveredAt)
	o.momentIf("ended_at", v.EndedAt)
}

func (v *DossierView) result(o *jsonOut) {
	o.textIf("outcome", string(v.Outcome))
	o.textIf("decision_number", v.DecisionNumber)
	o.trueIf("result_cancelled", v.ResultCancelled)
	o.textIf("result_place", v.ResultPlace)
	o.momentIf("supplement_until", v.SupplementUntil)
	o.textsIf("missing", v.Missing)
	o.intIf("unpaid", v.Unpaid)
	o.textIf("currency", v.Currency)
}

func (v *DossierView) people(o *jsonOut) {
	o.member("owner_subject", v.OwnerSubject.String())
	o.member("submitter_subject", v.SubmitterSubject.String())
	o.name("submitted_by")
	o.open('{')
	o.member("role", string(v.SubmittedBy.Role))
	o.textIf("agency", v.SubmittedBy.Agency)
	o.textIf("id", v.SubmittedBy.ID)
	o.close('}')
	o.textIf("owner_name", v.OwnerName)
	o.textIf("submitter_name", v.SubmitterName)
	o.trueIf("erased", v.Erased)
}

// wholeJSON is the document: what hits show, and what stands Behind.
func (v *DossierView) wholeJSON(listed []byte) ([]byte, error) {
	open := len(listed) - 1
	o := jsonOut{b: slices.Grow(listed[:open:open], 1024)} // elsewhere, or it would be written over listed's bracket
	if !v.Clock.IsZero() {
		o.name("clock")
		v.Clock.append(&o)
	}
	o.textsIf("id_proofs", v.IDProofs)
	o.textsIf("phone_proofs", v.PhoneProofs)
	o.close('}')
	return o.b, o.err
}
