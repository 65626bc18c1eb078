package domain

import "time"

// Channel is how a dossier came in (KenhThucHien 1, 2, 3).
type Channel string

// The channels.
const (
	Direct Channel = "direct"
	Online Channel = "online"
	Post   Channel = "post"
)

// ReceivingWay is how the result shall be handed over.
type ReceivingWay string

// The ways to receive a result.
const (
	AtCounter ReceivingWay = "counter"
	ByEmail   ReceivingWay = "online"
	ByPost    ReceivingWay = "post"
)

// Submitted opens a dossier: it is complete from the applicant's side.
type Submitted struct {
	Procedure       string     `json:"procedure" doc:"public: code of the procedure"`
	Agency          string     `json:"agency" doc:"public: code of the agency that receives it"`
	Competent       string     `json:"competent" doc:"public: code of the agency that decides"`
	Channel         Channel    `json:"channel" doc:"public: direct, online or post"`
	Submitter       Person     `json:"submitter" doc:"who submits"`
	Owner           Person     `json:"owner" doc:"whose dossier it is (chủ hồ sơ); the same subject when one person is both"`
	Papers          []Paper    `json:"papers,omitempty" doc:"the components handed in"`
	Receiving       Receiving  `json:"receiving" doc:"how the result shall be handed over"`
	Summary         Personal   `json:"summary,omitzero" doc:"sealed: what is asked for, in the applicant's words"`
	ReuseConsent    bool       `json:"reuse_consent,omitempty" doc:"public: papers may be used again for later dossiers"`
	SignIn          string     `json:"sign_in,omitempty" doc:"public: how the submitter signed in, e.g. vneid_2, counter"`
	Parent          string     `json:"parent,omitempty" doc:"public: id of the linked group's parent (liên thông)"`
	Intake          *Deadline  `json:"intake,omitempty" doc:"the intake clock; absent on imports"`
	ImportedDue     *time.Time `json:"imported_due,omitempty" doc:"public: due date brought by an import, a fact of the case"`
	Unit            string     `json:"unit,omitempty" doc:"public: the unit it came to, where an import tells it"`
	SourceID        string     `json:"source_id,omitempty" doc:"public: the case's id in the system it was imported from"`
	CalendarVersion string     `json:"calendar_version,omitempty" doc:"public: content hash of the reception calendar on that day"`
}

// Paper is one component of a dossier (giấy tờ trong thành phần hồ sơ).
type Paper struct {
	Component string     `json:"component" doc:"public: the component's name in the procedure's list"`
	Kind      string     `json:"kind,omitempty" doc:"public: original, certified_copy or photocopy"`
	Copies    int        `json:"copies,omitempty" doc:"public: how many"`
	Hash      string     `json:"hash,omitempty" doc:"public: keyed content hash; names an earlier paper when used again"`
	ValidTo   *time.Time `json:"valid_to,omitempty" doc:"public: when the paper expires"`
	Source    string     `json:"source,omitempty" doc:"public: upload, counter or store (the person's own)"`
}

// Receiving is how and where the result shall be handed over.
type Receiving struct {
	Way        ReceivingWay `json:"way" doc:"public: counter, online or post"`
	Place      string       `json:"place,omitempty" doc:"public: code of the agency to collect at"`
	Address    Personal     `json:"address,omitzero" doc:"sealed: where the post brings it"`
	WishedTime Personal     `json:"wished_time,omitzero" doc:"sealed: when it suits the receiver"`
}

// Numbered records the code that was drawn for the dossier.
type Numbered struct {
	Code   string `json:"code" doc:"public: mã hồ sơ, agency-yymmdd-number"`
	Agency string `json:"agency" doc:"public: whose counter it was drawn from"`
	Day    string `json:"day" doc:"public: yymmdd of submission, Vietnam time"`
	Number int    `json:"number" doc:"public: running number of that agency's day"`
}

// Accepted is the receipt and appointment (form 01); the processing clock starts.
type Accepted struct {
	ReceivedAt       time.Time `json:"received_at" doc:"public: when the dossier counts as received"`
	Deadline         *Deadline `json:"deadline,omitempty" doc:"the appointment; absent where the procedure sets no time or an import brought none"`
	ProcedureVersion string    `json:"procedure_version,omitempty" doc:"public: content hash of the procedure version pinned"`
	Note             Personal  `json:"note,omitzero" doc:"sealed: remark on the receipt"`
}

// Stage is where in its life a dossier is returned for supplement.
type Stage string

// The stages.
const (
	AtIntake    Stage = "intake"
	AtAppraisal Stage = "appraisal"
)

// ReturnedForSupplement is the one written guide with all that is missing (form 02).
type ReturnedForSupplement struct {
	Stage     Stage      `json:"stage" doc:"public: intake or appraisal, where the dossier comes back to"`
	Missing   []string   `json:"missing,omitempty" doc:"public: names of the components that are missing or wrong"`
	Guide     Personal   `json:"guide,omitzero" doc:"sealed: the guide in words"`
	Until     *time.Time `json:"until,omitempty" doc:"public: when the supplement lapses"`
	Remaining int        `json:"remaining_minutes" doc:"public: working minutes left on the clock at the pause"`
}

// Supplemented answers the guide; the clock resumes with what remained.
type Supplemented struct {
	Papers    []Paper   `json:"papers,omitempty" doc:"the components handed in now"`
	Note      Personal  `json:"note,omitzero" doc:"sealed: the applicant's words"`
	Deadline  *Deadline `json:"deadline,omitempty" doc:"the clock that runs again; absent while another pause is open"`
	Remaining int       `json:"remaining_minutes,omitempty" doc:"public: working minutes of the new intake clock, where another pause is still open"`
}

// SupplementLapsed: the supplement's deadline passed (status 3).
type SupplementLapsed struct {
	Until time.Time `json:"until" doc:"public: the deadline that passed"`
}

// Refused: not accepted, with reason and legal basis (form 03).
type Refused struct {
	Reason     Personal `json:"reason,omitzero" doc:"sealed: why"`
	LegalBasis string   `json:"legal_basis" doc:"public: the provision"`
}

func (Submitted) EventType() string             { return "dossier.submitted" }
func (Numbered) EventType() string              { return "dossier.numbered" }
func (Accepted) EventType() string              { return "dossier.accepted" }
func (ReturnedForSupplement) EventType() string { return "dossier.returned_for_supplement" }
func (Supplemented) EventType() string          { return "dossier.supplemented" }
func (SupplementLapsed) EventType() string      { return "dossier.supplement_lapsed" }
func (Refused) EventType() string               { return "dossier.refused" }
