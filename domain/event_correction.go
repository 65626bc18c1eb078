package domain

import "time"

// CorrectedField is what a correction may change. Everything else is corrected
// by the command that set it, or by a note.
type CorrectedField string

// The fields that can be corrected.
const (
	CorrectNote      CorrectedField = "note"       // the record stands; the note says what was wrong
	CorrectDecidedAt CorrectedField = "decided_at" // when the decision was taken: moves early, on time, late
	CorrectDueAt     CorrectedField = "due_at"
	CorrectOutcome   CorrectedField = "outcome"
	CorrectOwnerName CorrectedField = "owner_name"
)

// Correction is what shall hold in place of what was recorded.
type Correction struct {
	Field   CorrectedField `json:"field" doc:"public: note, decided_at, due_at, outcome or owner_name"`
	Time    *time.Time     `json:"time,omitempty" doc:"public: the new instant, for decided_at and due_at"`
	Outcome Outcome        `json:"outcome,omitempty" doc:"public: the new outcome"`
	Text    Personal       `json:"text,omitzero" doc:"sealed: the new name, or the note"`
}

// CorrectionRequested asks for a correction; a second person approves.
type CorrectionRequested struct {
	Request    string     `json:"request" doc:"public: id of the request within the dossier"`
	Correction Correction `json:"correction" doc:"what shall hold"`
	Reason     Personal   `json:"reason,omitzero" doc:"sealed: what was wrong, and why"`
	LegalBasis string     `json:"legal_basis,omitempty" doc:"public: the basis"`
}

// Corrected is the compensating event. Nothing is ever rewritten.
type Corrected struct {
	Request    string     `json:"request" doc:"public: the request it approves"`
	Correction Correction `json:"correction" doc:"what holds from now on"`
	LegalBasis string     `json:"legal_basis,omitempty" doc:"public: the basis"`
	Deadline   *Deadline  `json:"deadline,omitempty" doc:"the corrected due date, for due_at"`
}

// CorrectionDeclined: the second person says no.
type CorrectionDeclined struct {
	Request string   `json:"request" doc:"public: the request it declines"`
	Reason  Personal `json:"reason,omitzero" doc:"sealed: why"`
}

// Contacted records guidance by phone or message: the exchange belongs to the history.
type Contacted struct {
	Means string   `json:"means" doc:"public: phone, message, email or counter"`
	Text  Personal `json:"text,omitzero" doc:"sealed: what was said and agreed"`
}

// Rated is the applicant's opinion.
type Rated struct {
	Score   int      `json:"score" doc:"public: 1 to 5"`
	Comment Personal `json:"comment,omitzero" doc:"sealed: in the applicant's words"`
}

// Redacted marks a dossier whose person was erased: views rewrite it at this
// revision, since their engines refuse an equal version.
type Redacted struct {
	Subject SubjectID `json:"subject" doc:"public: the person who was erased"`
}

// SubjectErased: a person's key is destroyed. It stands in the subject's own stream.
type SubjectErased struct {
	Subject    SubjectID `json:"subject" doc:"public: the person who was erased"`
	LegalBasis string    `json:"legal_basis" doc:"public: the basis"`
}

func (CorrectionRequested) EventType() string { return "dossier.correction_requested" }
func (Corrected) EventType() string           { return "dossier.corrected" }
func (CorrectionDeclined) EventType() string  { return "dossier.correction_declined" }
func (Contacted) EventType() string           { return "dossier.contacted" }
func (Rated) EventType() string               { return "dossier.rated" }
func (Redacted) EventType() string            { return "dossier.redacted" }
func (SubjectErased) EventType() string       { return "subject.erased" }
