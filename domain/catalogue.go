package domain

import (
	"hoso/domain/calendar"
)

// ServiceLevel is how far a procedure can be done online, in today's words:
// information only, partly (một phần), wholly (toàn trình).
type ServiceLevel string

// The service levels.
const (
	Information ServiceLevel = "information"
	Partly      ServiceLevel = "partly"
	Wholly      ServiceLevel = "wholly"
)

// Procedure is one version of an administrative procedure (thủ tục hành chính).
type Procedure struct {
	Code             string            `json:"code" doc:"public: national code, e.g. 2.000635"`
	Name             string            `json:"name" doc:"public: name"`
	NameEN           string            `json:"name_en,omitempty" doc:"public: name in English"`
	Field            string            `json:"field" doc:"public: lĩnh vực"`
	Decision         string            `json:"decision,omitempty" doc:"public: the publishing decision"`
	Level            ServiceLevel      `json:"level" doc:"public: information, partly or wholly online"`
	Duration         calendar.Duration `json:"duration" doc:"public: statutory time; zero where none is set"`
	Components       []Component       `json:"components,omitempty" doc:"what a dossier consists of"`
	Fees             []Fee             `json:"fees,omitempty" doc:"what is to be paid, and when"`
	CompareOriginals bool              `json:"compare_originals,omitempty" doc:"public: delivery only after originals were compared"`
	SupplementCap    int               `json:"supplement_cap,omitempty" doc:"public: guides allowed per stage; 0 means 1"`
	SupplementDays   int               `json:"supplement_days,omitempty" doc:"public: calendar days to answer a guide; 0 means no limit"`
	LegalBasis       []string          `json:"legal_basis,omitempty" doc:"public: the provisions"`
	EffectiveFrom    calendar.Date     `json:"effective_from" doc:"public: first day"`
	EffectiveTo      calendar.Date     `json:"effective_to,omitzero" doc:"public: last day, if it ended"`
}

// Component is a paper that a procedure asks for.
type Component struct {
	Name      string `json:"name" doc:"public: name"`
	Originals int    `json:"originals,omitempty" doc:"public: how many originals"`
	Copies    int    `json:"copies,omitempty" doc:"public: how many copies"`
	Required  bool   `json:"required,omitempty" doc:"public: whether the dossier is incomplete without it"`
}

// Fee is what a procedure costs.
type Fee struct {
	Code     string   `json:"code" doc:"public: becomes the obligation's code"`
	Name     string   `json:"name" doc:"public: what it is for"`
	Kind     string   `json:"kind" doc:"public: fee (lệ phí) or charge (phí)"`
	Amount   int64    `json:"amount" doc:"public: in đồng"`
	DuePoint DuePoint `json:"due_point" doc:"public: 1 at receipt, 2 at supplement, 4 at return"`
}

// Agency is one version of an agency, with its dates and successors.
type Agency struct {
	Code               string        `json:"code" doc:"public: e.g. H99.14"`
	Name               string        `json:"name" doc:"public: name"`
	NameEN             string        `json:"name_en,omitempty" doc:"public: name in English"`
	Level              string        `json:"level" doc:"public: ministry, province, commune, district (until mid-2025) or centre"`
	Parent             string        `json:"parent,omitempty" doc:"public: code of the agency above"`
	Province           string        `json:"province,omitempty" doc:"public: province code"`
	Units              []string      `json:"units,omitempty" doc:"public: names of its units"`
	Offers             []Offer       `json:"offers,omitempty" doc:"the procedures it offers"`
	ReceptionCalendar  string        `json:"reception_calendar,omitempty" doc:"public: id of the calendar at the desk; empty means default"`
	ProcessingCalendar string        `json:"processing_calendar,omitempty" doc:"public: id of the calendar for processing; empty means default"`
	Predecessors       []string      `json:"predecessors,omitempty" doc:"public: codes it goes back to"`
	EffectiveFrom      calendar.Date `json:"effective_from" doc:"public: first day"`
	EffectiveTo        calendar.Date `json:"effective_to,omitzero" doc:"public: last day, if it ended"`
}

// Offer says that an agency offers a procedure from a day on.
type Offer struct {
	Procedure string        `json:"procedure" doc:"public: procedure code"`
	From      calendar.Date `json:"from" doc:"public: first day"`
	To        calendar.Date `json:"to,omitzero" doc:"public: last day, if it ended"`
}

// OffersOn reports whether the agency offers the procedure on a day.
func (a Agency) OffersOn(procedure string, day calendar.Date) bool {
	if day.Before(a.EffectiveFrom) || a.EffectiveTo != (calendar.Date{}) && day.After(a.EffectiveTo) {
		return false
	}
	for _, o := range a.Offers {
		if o.Procedure == procedure && !day.Before(o.From) && (o.To == (calendar.Date{}) || !day.After(o.To)) {
			return true
		}
	}
	return false
}

// ProcedurePublished appends a version to the stream procedure-<code>.
type ProcedurePublished struct {
	Procedure Procedure `json:"procedure" doc:"the version"`
	Version   string    `json:"version" doc:"public: content hash of the version"`
}

// AgencyEstablished appends a version to the stream agency-<code>.
type AgencyEstablished struct {
	Agency Agency `json:"agency" doc:"the version"`
}

// CalendarPublished appends a version to the stream calendar-<id>.
type CalendarPublished struct {
	Calendar calendar.Definition `json:"calendar" doc:"the version"`
	Version  string              `json:"version" doc:"public: content hash of the version"`
}

func (ProcedurePublished) EventType() string { return "procedure.published" }
func (AgencyEstablished) EventType() string  { return "agency.established" }
func (CalendarPublished) EventType() string  { return "calendar.published" }

// Rules are the catalogue's entries that a decision goes by: the versions that
// hold for this dossier at this moment.
type Rules struct {
	Procedure        Procedure
	ProcedureVersion string
	Agency           Agency             // the receiving agency
	Competent        Agency             // the deciding agency
	Reception        *calendar.Calendar // hours of the desk: the intake clock
	Processing       *calendar.Calendar // hours of processing: the appointment
	IntakeHours      int                // working hours to answer a submission; 0 means the usual IntakeHours
}
