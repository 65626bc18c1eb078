package domain

// Routed hands the dossier on; each is a row of the control slip (form 06).
type Routed struct {
	Agency   string   `json:"agency" doc:"public: code of the agency it goes to"`
	Unit     string   `json:"unit,omitempty" doc:"public: unit within that agency"`
	Assignee string   `json:"assignee,omitempty" doc:"public: opaque id of the officer in charge"`
	From     string   `json:"from,omitempty" doc:"public: code of the agency that hands over"`
	Note     Personal `json:"note,omitzero" doc:"sealed: remark to the receiver"`
}

// Progressed is a step worth telling; imported steps land here too.
type Progressed struct {
	Title string   `json:"title" doc:"public: short name of the step"`
	Unit  string   `json:"unit,omitempty" doc:"public: the unit that did it"`
	Text  Personal `json:"text,omitzero" doc:"sealed: details"`
}

// DueDateExtended is the apology with a new date (form 04).
type DueDateExtended struct {
	Reason   Personal  `json:"reason,omitzero" doc:"sealed: why"`
	Deadline *Deadline `json:"deadline,omitempty" doc:"the new appointment; absent where an import does not tell it"`
}

// Stopped ends processing with its basis (form 05).
type Stopped struct {
	Reason     Personal `json:"reason,omitzero" doc:"sealed: why"`
	LegalBasis string   `json:"legal_basis" doc:"public: the provision"`
}

// Asker is which of a dossier's people asked for what an officer records.
type Asker string

// The askers.
const (
	AskedByOwner     Asker = "owner"
	AskedBySubmitter Asker = "submitter"
)

// Withdrawn: the applicant takes the dossier back before a decision; of a
// paper dossier an officer records it, who is then the metadata's actor.
type Withdrawn struct {
	Reason  Personal `json:"reason,omitzero" doc:"sealed: the applicant's words"`
	AskedBy Asker    `json:"asked_by,omitempty" doc:"public: owner or submitter, where an officer recorded what they asked for"`
	Paper   Personal `json:"paper,omitzero" doc:"sealed: number or date of the paper they asked with"`
}

// Outcome is what was decided.
type Outcome string

// The outcomes.
const (
	Granted        Outcome = "granted"
	RefusedOutcome Outcome = "refused"
	NotRequired    Outcome = "not_required"
	UnknownOutcome Outcome = "unknown" // imports only
)

// Decided is the signed result; on time, early or late is settled here.
type Decided struct {
	Outcome  Outcome  `json:"outcome" doc:"public: granted, refused, not_required or unknown (imports)"`
	Number   string   `json:"number,omitempty" doc:"public: number of the decision"`
	Date     string   `json:"date,omitempty" doc:"public: date on the decision, yyyy-mm-dd"`
	Signer   string   `json:"signer,omitempty" doc:"public: opaque id of who signed"`
	Document string   `json:"document,omitempty" doc:"public: keyed content hash of the result document"`
	Reason   Personal `json:"reason,omitzero" doc:"sealed: grounds, where refused"`
	Late     bool     `json:"late,omitempty" doc:"public: by the dates of the legal tables, as settled at this moment"`
}

// ResultReceived: the numbered, signed result is at the one-stop desk.
type ResultReceived struct {
	Number string `json:"number,omitempty" doc:"public: number of the document"`
	Place  string `json:"place,omitempty" doc:"public: code of the agency where it waits"`
}

// OriginalsCompared compares the dossier with the originals, component by component.
type OriginalsCompared struct {
	Components []Comparison `json:"components,omitempty" doc:"each component compared"`
	Match      bool         `json:"match" doc:"public: all match"`
}

// Comparison is one component held against its original.
type Comparison struct {
	Component string   `json:"component" doc:"public: the component's name"`
	Match     bool     `json:"match" doc:"public: whether it matches"`
	Note      Personal `json:"note,omitzero" doc:"sealed: what differs"`
}

// Delivered: the result is handed over.
type Delivered struct {
	Way      ReceivingWay `json:"way" doc:"public: counter, online or post"`
	Receiver Personal     `json:"receiver,omitzero" doc:"sealed: who received it"`
	Proof    Personal     `json:"proof,omitzero" doc:"sealed: signature, authorisation or postal number"`
	Place    string       `json:"place,omitempty" doc:"public: code of the agency that handed it over"`
}

// CancellationProposed follows a mismatch.
type CancellationProposed struct {
	Reason Personal `json:"reason,omitzero" doc:"sealed: what did not match"`
}

// ResultCancelled: the result is void (hủy kết quả đã giải quyết).
type ResultCancelled struct {
	Reason     Personal `json:"reason,omitzero" doc:"sealed: why"`
	LegalBasis string   `json:"legal_basis" doc:"public: the provision"`
}

// ViolationReported tells an authority of a violation, later its outcome.
type ViolationReported struct {
	Authority string   `json:"authority" doc:"public: who was told"`
	Matter    Personal `json:"matter,omitzero" doc:"sealed: on what"`
	Outcome   Personal `json:"outcome,omitzero" doc:"sealed: what came of it"`
}

func (Routed) EventType() string               { return "dossier.routed" }
func (Progressed) EventType() string           { return "dossier.progressed" }
func (DueDateExtended) EventType() string      { return "dossier.due_date_extended" }
func (Stopped) EventType() string              { return "dossier.stopped" }
func (Withdrawn) EventType() string            { return "dossier.withdrawn" }
func (Decided) EventType() string              { return "dossier.decided" }
func (ResultReceived) EventType() string       { return "dossier.result_received" }
func (OriginalsCompared) EventType() string    { return "dossier.originals_compared" }
func (Delivered) EventType() string            { return "dossier.delivered" }
func (CancellationProposed) EventType() string { return "dossier.cancellation_proposed" }
func (ResultCancelled) EventType() string      { return "dossier.result_cancelled" }
func (ViolationReported) EventType() string    { return "dossier.violation_reported" }
