package projections

import (
	"time"

	"github.com/google/uuid"

	"hoso/domain"
)

// DossierView is the status look-up's document: one a dossier, replaced as a
// whole at each of its events, versioned by Revision.
type DossierView struct {
	ID        uuid.UUID `json:"id"`
	Code      string    `json:"code"`                // empty until drawn
	SourceID  string    `json:"source_id,omitempty"` // imports only
	Revision  uint64    `json:"revision"`
	Position  string    `json:"position"`
	UpdatedAt time.Time `json:"updated_at"`

	Status        domain.Status  `json:"status"`
	Procedure     string         `json:"procedure"`
	ProcedureName string         `json:"procedure_name"`
	ProcedureEN   string         `json:"procedure_name_en,omitempty"`
	Agency        string         `json:"agency"` // received it
	Competent     string         `json:"competent"`
	Current       string         `json:"current"`
	Place         string         `json:"place,omitempty"` // where the result is collected
	Unit          string         `json:"unit,omitempty"`
	Assignee      string         `json:"assignee,omitempty"`
	Channel       domain.Channel `json:"channel"`
	Parent        string         `json:"parent,omitempty"`

	SubmittedAt time.Time `json:"submitted_at"`
	AcceptedAt  time.Time `json:"accepted_at,omitzero"`
	DueAt       time.Time `json:"due_at,omitzero"`
	Paused      bool      `json:"paused,omitzero"`
	DecidedAt   time.Time `json:"decided_at,omitzero"`
	DecidedLate bool      `json:"decided_late,omitzero"`
	DeliveredAt time.Time `json:"delivered_at,omitzero"`
	EndedAt     time.Time `json:"ended_at,omitzero"`

	Outcome         domain.Outcome `json:"outcome,omitempty"`
	DecisionNumber  string         `json:"decision_number,omitempty"`
	ResultCancelled bool           `json:"result_cancelled,omitzero"`
	ResultPlace     string         `json:"result_place,omitempty"`
	SupplementUntil time.Time      `json:"supplement_until,omitzero"`
	Missing         []string       `json:"missing,omitempty"`
	Unpaid          int64          `json:"unpaid,omitzero"` // in the currency's smallest unit
	Currency        string         `json:"currency,omitempty"`

	// Personal values, held in plain by this view until the person is erased.
	OwnerSubject     domain.SubjectID `json:"owner_subject"`
	SubmitterSubject domain.SubjectID `json:"submitter_subject"`
	SubmittedBy      domain.Actor     `json:"submitted_by"` // the account, opaque
	OwnerName        string           `json:"owner_name,omitempty"`
	SubmitterName    string           `json:"submitter_name,omitempty"`
	Erased           bool             `json:"erased,omitzero"`

	// Not in the hits of a search, which show nothing of it.
	Behind
}

// Behind is what a look-up of one dossier needs besides.
type Behind struct {
	// The clock's marks, from which the due date is explained with the calendar
	// versions they name.
	Clock Clock `json:"clock,omitzero"`

	// Keyed hashes that a look-up's proof is held against.
	IDProofs    []string `json:"id_proofs,omitempty"`
	PhoneProofs []string `json:"phone_proofs,omitempty"`
}

// TimelineEntry is one event of a dossier as people read it.
type TimelineEntry struct {
	Revision   uint64       `json:"revision"`
	Position   string       `json:"position"`
	Type       string       `json:"type"`
	At         time.Time    `json:"at"`
	RecordedAt time.Time    `json:"recorded_at"`
	By         domain.Actor `json:"by"`
	VI         string       `json:"vi"`                  // title in Vietnamese
	EN         string       `json:"en"`                  // title in English
	DetailVI   string       `json:"detail_vi,omitempty"` // public details in words
	DetailEN   string       `json:"detail_en,omitempty"`
	Text       string       `json:"text,omitempty"` // personal: free text, empty once erased
	Erased     bool         `json:"erased,omitempty"`
}
