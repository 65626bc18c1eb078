package projections

import (
	"context"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/eventlog"
)

// Views is what the read side answers from: package http and the program know
// it by this port only, because imports point inwards. SQLite implements it.
type Views interface {
	// ByCode finds a dossier by its folded code (domain.FoldCode) or source id.
	ByCode(ctx context.Context, folded string) (DossierView, bool, error)
	// ByID finds a dossier by its id.
	ByID(ctx context.Context, dossier uuid.UUID) (DossierView, bool, error)
	// BySubject lists the dossiers a person submitted or owns, newest first.
	BySubject(ctx context.Context, subject domain.SubjectID, limit int, cursor string) (Page, error)
	// Search answers a query; errors are *domain.Error for a bad cursor or limit.
	Search(ctx context.Context, q SearchQuery) (Page, error)
	// Timeline lists a dossier's events in revision order.
	Timeline(ctx context.Context, dossier uuid.UUID) ([]TimelineEntry, error)
	// Times computes processing times.
	Times(ctx context.Context, q TimesQuery) (TimesReport, error)
	// LapsedSupplements lists dossiers whose supplement's deadline is before now.
	LapsedSupplements(ctx context.Context, now time.Time, limit int) ([]uuid.UUID, error)
	// Wait returns once the named projection has applied a position, or when
	// the context ends, with its error.
	Wait(ctx context.Context, projection string, at eventlog.Position) error
	// Status tells how each projection stands.
	Status(ctx context.Context) ([]Status, error)
}

// Status is how a projection stands.
type Status struct {
	Projection string            `json:"projection"`
	Position   eventlog.Position `json:"position"`
	Lag        uint64            `json:"lag"`    // events of the log not yet applied (SQLite: exact)
	Parked     int               `json:"parked"` // dossiers set aside because they cannot be folded
	Rebuilding bool              `json:"rebuilding,omitempty"`
}

// The projections' names.
const (
	DossierProjection  = "dossier"
	SearchProjection   = "search"
	TimelineProjection = "timeline"
	TimesProjection    = "times"
)
