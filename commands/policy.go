package commands

import (
	"slices"

	"github.com/google/uuid"

	"hoso/domain"
)

// where narrows a rule to those who stand in some relation to the dossier.
type where int

const (
	anywhere  where = iota // no relation needed
	own                    // the applicant's own dossier, as submitter or owner
	receiving              // officers of the agency that received it
	handover               // officers of the receiving agency, or of the place where the result is collected
	competent              // officers of the agency that decides
	current                // officers of the agency where it is now
	assigned               // current, and the officer in charge where one is named
)

// when narrows a rule to a part of the dossier's life, where the same deed
// belongs to one role before acceptance and to another after. What a state
// forbids to everybody is a guard of the domain, which says why.
type when int

const (
	anytime   when = iota
	atIntake       // before acceptance
	inProcess      // after it
)

// rule allows a role to do a command, under two conditions.
type rule struct {
	role  domain.Role
	where where
	when  when
}

// policy says who may do what. What is not here is forbidden.
var policy = map[string][]rule{
	"submit":     {{domain.Applicant, anywhere, anytime}, {domain.IntakeOfficer, receiving, anytime}},
	"supplement": {{domain.Applicant, own, anytime}, {domain.IntakeOfficer, receiving, anytime}},
	"withdraw":   {{domain.Applicant, own, anytime}, {domain.IntakeOfficer, receiving, anytime}},
	"rate":       {{domain.Applicant, own, anytime}},
	"pay":        {{domain.Applicant, own, anytime}, {domain.Cashier, handover, anytime}, {domain.IntakeOfficer, handover, anytime}},
	"contact": {{domain.Applicant, own, anytime}, {domain.IntakeOfficer, handover, anytime},
		{domain.Specialist, current, anytime}, {domain.Leader, current, anytime}},

	"accept": {{domain.IntakeOfficer, receiving, anytime}},
	"refuse": {{domain.IntakeOfficer, receiving, anytime}},
	"return_for_supplement": {{domain.IntakeOfficer, receiving, atIntake},
		{domain.Specialist, assigned, inProcess}},
	"route":           {{domain.IntakeOfficer, receiving, anytime}, {domain.Leader, current, anytime}},
	"progress":        {{domain.Specialist, assigned, anytime}},
	"extend_due_date": {{domain.Leader, competent, anytime}},
	"decide":          {{domain.Leader, competent, anytime}},
	"stop":            {{domain.Leader, competent, anytime}},

	"request_payment":   {{domain.IntakeOfficer, receiving, anytime}, {domain.Specialist, assigned, anytime}, {domain.System, anywhere, anytime}},
	"cancel_payment":    {{domain.IntakeOfficer, receiving, anytime}, {domain.Leader, competent, anytime}},
	"reconcile_payment": {{domain.Cashier, handover, anytime}},
	"refund_payment":    {{domain.Cashier, handover, anytime}},

	"receive_result":       {{domain.Clerk, competent, anytime}, {domain.IntakeOfficer, handover, anytime}},
	"compare_originals":    {{domain.IntakeOfficer, handover, anytime}},
	"deliver":              {{domain.IntakeOfficer, handover, anytime}, {domain.System, anywhere, anytime}},
	"propose_cancellation": {{domain.IntakeOfficer, handover, anytime}},
	"cancel_result":        {{domain.Leader, competent, anytime}},
	"report_violation":     {{domain.IntakeOfficer, handover, anytime}},

	"request_correction": {{domain.IntakeOfficer, receiving, anytime}, {domain.Specialist, assigned, anytime}, {domain.Clerk, competent, anytime}},
	"approve_correction": {{domain.Leader, competent, anytime}},
	"decline_correction": {{domain.Leader, competent, anytime}},

	"number":           {{domain.System, anywhere, anytime}},
	"lapse_supplement": {{domain.System, anywhere, anytime}},
	"redact":           {{domain.System, anywhere, anytime}},
}

// Allowed answers nil if the policy lets the requester do the command on the
// dossier as it stands, else ErrForbidden. For "submit" the dossier holds the
// receiving agency alone.
func Allowed(req Request, command string, d domain.Dossier) error {
	for _, r := range policy[command] {
		if r.role == req.Actor.Role && r.when.holds(d) && r.where.holds(req, d) {
			return nil
		}
	}
	return ErrForbidden
}

func (w when) holds(d domain.Dossier) bool {
	switch w {
	case anytime:
		return true
	case atIntake:
		return d.AcceptedAt.IsZero()
	case inProcess:
		return !d.AcceptedAt.IsZero()
	}
	return false
}

func (w where) holds(req Request, d domain.Dossier) bool {
	a := req.Actor
	at := func(agencies ...string) bool { return a.Agency != "" && slices.Contains(agencies, a.Agency) }
	switch w {
	case anywhere:
		return true
	case own:
		return isOwn(req, d.Submitter.Subject, d.Owner.Subject) || isAccount(a, d.SubmittedBy)
	case receiving:
		return at(d.ReceivedBy)
	case handover:
		return at(d.ReceivedBy, d.Receiving.Place)
	case competent:
		return at(d.Competent)
	case current:
		return at(d.Current)
	case assigned:
		return at(d.Current) && (d.Assignee == "" || d.Assignee == a.ID)
	}
	return false
}

// isOwn reports whether the requester's signed-in person is one of the subjects.
func isOwn(req Request, subjects ...domain.SubjectID) bool {
	return req.Subject != uuid.Nil && slices.Contains(subjects, req.Subject)
}

// isAccount reports whether an applicant sent the dossier from this account.
func isAccount(a, submittedBy domain.Actor) bool {
	return a.ID != "" && submittedBy.Role == domain.Applicant && submittedBy.ID == a.ID
}

// Parties are whom a dossier concerns: what reading depends on.
type Parties struct {
	Received, Competent, Current string // agency codes
	Place                        string // the agency where the result is collected, if it is an agency
	Owner, Submitter             domain.SubjectID
	SubmittedBy                  domain.Actor // whose account sent it
}

// MayRead reports whether the requester may read a dossier in full: the person
// themselves, the people of the agencies concerned, auditors.
func MayRead(req Request, p Parties) bool {
	switch req.Actor.Role {
	case domain.Auditor, domain.System:
		return true
	case domain.Applicant:
		return isOwn(req, p.Owner, p.Submitter) || isAccount(req.Actor, p.SubmittedBy)
	case domain.IntakeOfficer, domain.Specialist, domain.Leader, domain.Clerk, domain.Cashier:
		return req.Actor.Agency != "" && slices.Contains([]string{p.Received, p.Competent, p.Current, p.Place}, req.Actor.Agency)
	}
	return false
}

// MaySeeTimes reports whether the requester may read processing times: figures
// over many dossiers, without persons.
func MaySeeTimes(req Request) bool {
	switch req.Actor.Role {
	case domain.Analyst, domain.Auditor, domain.Leader, domain.Administrator, domain.System:
		return true
	}
	return false
}
