package domain

import (
	"time"

	"github.com/google/uuid"
)

// Dossier is the fold of a dossier's events; NewDossier makes the first. It is a
// value: Evolve answers a new one and never writes into what the old one holds.
type Dossier struct {
	ID     uuid.UUID // the stream's
	Exists bool

	// What was handed in. It is most of a dossier and stays as it is through most
	// events, so the folds share it; it is replaced, never written to.
	*Application

	Code             string // empty until drawn
	ProcedureVersion string // pinned at acceptance
	Current          string // agency code: where it is now
	Unit             string
	Assignee         string

	base            Status        // 1, 2, 4 or an end; the pauses lie over it
	Guides          map[Stage]int // guides for supplement given so far
	Supplement      *OpenSupplement
	Clock           Clock
	Obligations     []Obligation
	ImportedDue     time.Time
	CalendarVersion string // reception calendar at submission, until another clock starts

	AcceptedAt  time.Time
	DecidedAt   time.Time
	DeliveredAt time.Time
	EndedAt     time.Time
	DecidedLate bool

	Outcome          Outcome
	DecisionNumber   string
	ResultPlace      string // where the signed result waits; empty until it arrived
	Compared         *bool  // result of the last comparison with the originals
	CancelProposed   bool
	ResultCancelled  bool
	Extended         bool
	Corrections      []OpenCorrection
	CorrectionsAsked int // requests so far; the next one's number follows
	CorrectedTimes   int
	Violations       int
	Rating           int
	Erased           bool        // a person of it was erased
	Redacted         []SubjectID // who

	LastType string    // the newest event's
	LastAt   time.Time // the newest event's, on the occurred axis
}

// Application is what was handed in, as it stands after corrections, papers
// added and erasures.
type Application struct {
	SourceID    string // the id in another system; empty unless imported
	Procedure   string
	ReceivedBy  string // agency codes
	Competent   string
	Channel     Channel
	Submitter   Person
	Owner       Person
	SubmittedBy Actor
	SubmittedAt time.Time
	Papers      []Paper
	Receiving   Receiving
	Summary     Personal
	Parent      string
}

// NewDossier is a dossier without any event.
func NewDossier(id uuid.UUID) Dossier { return Dossier{ID: id, Application: &Application{}} }

// OpenSupplement is a guide for supplement that waits for its answer.
type OpenSupplement struct {
	Stage   Stage
	Missing []string
	Guide   Personal
	At      time.Time
	Until   time.Time // zero: no limit
}

// Obligation is one thing to pay, and what became of it.
type Obligation struct {
	Code        string
	Name        string
	Kind        string
	Amount      int64
	Currency    string
	DuePoint    DuePoint
	Waits       bool
	Paid        int64
	PaidAt      time.Time
	Transaction string
	Receipt     string
	Cancelled   bool
	Reconciled  bool
	Statement   string // that the bank agreed in
	Refunded    int64
	Refunds     []Refund
}

// Refund is one amount given back.
type Refund struct {
	Transaction string
	Amount      int64
}

// Settled reports whether nothing is left to pay.
func (o Obligation) Settled() bool { return o.Cancelled || !o.PaidAt.IsZero() }

// OpenCorrection is a correction asked for and not yet decided.
type OpenCorrection struct {
	Request    string
	Correction Correction
	LegalBasis string
	By         Actor
}

// Clock is the running time limit: of intake until acceptance, of processing after.
type Clock struct {
	Due       time.Time // zero: no limit
	Remaining int       // working minutes kept while paused
	Paused    bool
	Overdue   bool   // it was already due when it paused: the due date stays
	Calendar  string // version the due date was computed with
	Marks     []Mark // how it came about, for the explanation
}

// Mark is one thing that set, stopped or moved a due date.
type Mark struct {
	Kind      MarkKind
	At        time.Time
	Due       time.Time
	Remaining int
	Calendar  string
	Procedure string // version
	Basis     string
}

// MarkKind says what a Mark did.
type MarkKind string

// The kinds of marks.
const (
	MarkIntake   MarkKind = "intake"
	MarkStart    MarkKind = "start"
	MarkPause    MarkKind = "pause"
	MarkResume   MarkKind = "resume"
	MarkExtend   MarkKind = "extended"
	MarkImported MarkKind = "imported"
	MarkCorrect  MarkKind = "corrected"
	MarkEnd      MarkKind = "end"
)

// Status lays the pauses over the base status: with both open it is 5.
func (d Dossier) Status() Status {
	switch {
	case d.base.Ended():
		return d.base
	case d.Supplement != nil:
		return StatusSupplement
	case d.waitsForPayment():
		return StatusPayment
	}
	return d.base
}

// Open reports whether something is still owed to the applicant: the dossier
// has not ended, or its result was neither delivered nor cancelled.
func (d Dossier) Open() bool {
	s := d.Status()
	return !s.Ended() || s == StatusDecided && !d.ResultCancelled
}

func (d Dossier) waitsForPayment() bool {
	for _, o := range d.Obligations {
		if o.Waits && !o.Settled() {
			return true
		}
	}
	return false
}
