package codec

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"hoso/domain"
)

// schema is an event type's current version, the oldest that still reads with
// the same decode, and that. A version that changes what a member means adds an
// upcaster from the raw JSON of the one before.
type schema struct {
	version, oldest int
	decode          func(data []byte, opts json.Options) (domain.Event, error)
}

func v1[E domain.Event]() schema { return optionalSince[E](1) }

// optionalSince is a version that differs from those before it by optional
// members alone: in their events nobody wrote them, so they are absent.
func optionalSince[E domain.Event](version int) schema {
	return schema{version, 1, func(data []byte, opts json.Options) (domain.Event, error) {
		var e E
		err := json.Unmarshal(data, &e, opts)
		return e, err
	}}
}

func (s schema) reads(version int) bool { return s.oldest <= version && version <= s.version }

// schemas holds every event type the log may contain.
var schemas = map[string]schema{
	"dossier.submitted":               v1[domain.Submitted](),
	"dossier.numbered":                v1[domain.Numbered](),
	"dossier.accepted":                v1[domain.Accepted](),
	"dossier.returned_for_supplement": v1[domain.ReturnedForSupplement](),
	"dossier.supplemented":            v1[domain.Supplemented](),
	"dossier.supplement_lapsed":       v1[domain.SupplementLapsed](),
	"dossier.refused":                 v1[domain.Refused](),
	"dossier.routed":                  v1[domain.Routed](),
	"dossier.progressed":              v1[domain.Progressed](),
	"dossier.due_date_extended":       v1[domain.DueDateExtended](),
	"dossier.stopped":                 v1[domain.Stopped](),
	"dossier.withdrawn":               optionalSince[domain.Withdrawn](2), // asked_by, paper
	"dossier.decided":                 v1[domain.Decided](),
	"dossier.result_received":         v1[domain.ResultReceived](),
	"dossier.originals_compared":      v1[domain.OriginalsCompared](),
	"dossier.delivered":               v1[domain.Delivered](),
	"dossier.cancellation_proposed":   v1[domain.CancellationProposed](),
	"dossier.result_cancelled":        v1[domain.ResultCancelled](),
	"dossier.violation_reported":      v1[domain.ViolationReported](),
	"dossier.payment_requested":       v1[domain.PaymentRequested](),
	"dossier.paid":                    v1[domain.Paid](),
	"dossier.payment_cancelled":       v1[domain.PaymentCancelled](),
	"dossier.payment_reconciled":      v1[domain.PaymentReconciled](),
	"dossier.payment_refunded":        v1[domain.PaymentRefunded](),
	"dossier.correction_requested":    v1[domain.CorrectionRequested](),
	"dossier.corrected":               v1[domain.Corrected](),
	"dossier.correction_declined":     v1[domain.CorrectionDeclined](),
	"dossier.contacted":               v1[domain.Contacted](),
	"dossier.rated":                   v1[domain.Rated](),
	"dossier.redacted":                v1[domain.Redacted](),
	"subject.erased":                  v1[domain.SubjectErased](),
	"code.drawn":                      v1[domain.CodeDrawn](),
	"log.root_signed":                 v1[domain.RootSigned](),
	"procedure.published":             v1[domain.ProcedurePublished](),
	"agency.established":              v1[domain.AgencyEstablished](),
	"calendar.published":              v1[domain.CalendarPublished](),
}

// UnknownTypeError is an event whose type or version this program does not
// know: an aggregate cannot be folded over it, a projection passes it by.
type UnknownTypeError struct {
	Type    string
	Version int
}

func (e *UnknownTypeError) Error() string {
	return fmt.Sprintf("codec: unknown event type %s version %d: written by a newer program?", e.Type, e.Version)
}

// Version is the current schema version of an event type, 0 for an unknown one.
func Version(eventType string) int { return schemas[eventType].version }
