package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/eventlog"
)

// Views is what the read side answers from: package http and the program know
// it by this port only, because imports point inwards. SQLite and Elasticsearch
// implement it. Queries of views that are not there, or of another log, answer
// ErrNotBuilt and ErrOtherLog.
type Views interface {
	// ByCode finds a dossier by its folded code (domain.FoldCode) or source id.
	ByCode(ctx context.Context, folded string) (DossierView, bool, error)
	// ByID finds a dossier by its id.
	ByID(ctx context.Context, dossier uuid.UUID) (DossierView, bool, error)
	// BySubject lists the dossiers a person submitted or owns, newest first.
	BySubject(ctx context.Context, subject domain.SubjectID, limit int, cursor string) (Page, error)
	// Search answers a query; errors are *domain.Error for a bad cursor or limit.
	Search(ctx context.Context, q SearchQuery) (Page, error)
	// Queue gives a page of an officer's work, QueueCounts how long each queue
	// is; errors as those of Search, and of QueueQuery.Plan.
	Queue(ctx context.Context, q QueueQuery) (Page, error)
	QueueCounts(ctx context.Context, q QueueQuery) (QueueCounts, error)
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

// ErrOtherLog is a view that was built from another log than the one the
// program works with: its answers would be about other dossiers.
var ErrOtherLog error = &domain.Error{Code: "view_of_another_log",
	VI: "Dữ liệu tra cứu thuộc về một sổ sự kiện khác: hãy kiểm tra nơi đặt sổ và dữ liệu tra cứu (--data, --log, --views), hoặc chạy lệnh rebuild.",
	EN: "The view was built from another log: check where log and views are (--data, --log, --views), or run the command rebuild."}

// CheckLog holds the log that a view was built from against the one it should
// be of; uuid.Nil asks nothing. Error: ErrOtherLog.
func CheckLog(name string, of, want uuid.UUID) error {
	if want == uuid.Nil || of == want {
		return nil
	}
	return fmt.Errorf("%w (%s: of %s, not of %s)", ErrOtherLog, name, of, want)
}

// Status is how a projection stands.
type Status struct {
	Projection string            `json:"projection"`
	Position   eventlog.Position `json:"position"`
	Lag        uint64            `json:"lag"`    // events of the log not yet applied (SQLite: exact)
	Parked     int               `json:"parked"` // dossiers set aside because they cannot be folded
	Rebuilding bool              `json:"rebuilding,omitempty"`
	Writers    []string          `json:"writers,omitempty"` // the process that writes each partition, where several can
}

// The projections' names.
const (
	DossierProjection  = "dossier"
	SearchProjection   = "search"
	TimelineProjection = "timeline"
	TimesProjection    = "times"
)
