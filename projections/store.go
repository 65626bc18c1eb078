package projections

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/eventlog"
)

// Store is where one projection keeps its documents: generations, of which one
// serves. Packages sqlite and elastic implement it.
type Store interface {
	// Name is the projection's.
	Name() string
	// Partition says of which dossiers the documents are written through this store.
	Partition() Partition
	// Turn lasts while this process is the one that writes the documents of the
	// partition; nil while another one is. Who does not follow the log, and only
	// builds or operates, has none while somebody lives who does. It only keeps
	// processes from doing the same work twice: what keeps them from harm is ErrFenced.
	Turn(following bool) context.Context
	// Serving gives the generation that answers queries. It is nil when there
	// is none that this program can use; the text then says why. An error says
	// that it could not be looked at.
	Serving(ctx context.Context) (g Generation, why string, err error)
	// Build begins a new generation beside the serving one.
	Build(ctx context.Context) (Build, error)
	// Serve makes a finished generation the serving one, for ever and at once;
	// the one before is kept, to go back to, those before that are deleted. Erased
	// is where the newest erasure stands that the generation has seen, zero for
	// none: one before that has not seen it holds what must be gone, and goes too.
	Serve(ctx context.Context, g Generation, erased eventlog.Position) error
	// Previous gives the generation that served before, to be brought up to date
	// and served again. It is nil when there is none; the text then says why.
	Previous(ctx context.Context) (g Generation, why string, err error)
}

// Generation is one complete set of a projection's documents.
type Generation interface {
	// Checkpoint tells how far the documents have come.
	Checkpoint(ctx context.Context) (Checkpoint, error)
	// Parked lists the dossiers set aside, by position.
	Parked(ctx context.Context) ([]Parked, error)
	// Update runs apply and keeps what it wrote, in one transaction where the
	// engine has them. Where it has none it writes the documents first, each
	// versioned by its dossier's revision so that a part of them does no harm,
	// and then the checkpoint with what is parked, if nobody moved it meanwhile;
	// it may return while they are on their way, and Checkpoint waits for them.
	// After an error it is not known what was kept, unless the error is apply's
	// own: then nothing. Errors: ErrFenced, ErrRetired, those of the engine.
	Update(ctx context.Context, apply func(Documents) error) error
	// Discard deletes a generation that does not serve.
	Discard() error
}

// Build is a generation being filled in bulk; nothing reads it and a crash loses it.
// Its Documents know neither Stored nor Forget, and what Append and Put are given
// tells less (see Item).
type Build interface {
	Documents
	// Finish completes the generation and puts it on disk.
	Finish(ctx context.Context) (Generation, error)
	// Discard drops everything; harmless after Finish.
	Discard() error
}

// Documents writes one projection's documents within a transaction.
type Documents interface {
	// Checkpoint and SetCheckpoint move with the documents.
	Checkpoint() (Checkpoint, error)
	SetCheckpoint(c Checkpoint) error
	// Stored is the newest revision of a dossier that the documents hold. An
	// engine that versions documents may answer only for those it has at hand,
	// and not found for others: these are then written anew from the log.
	Stored(dossier uuid.UUID) (revision uint64, found bool, err error)
	// Append adds what an event leaves for ever, e.g. its line in the timeline.
	// Called for each event of a dossier, in order; written with the next Put.
	Append(it *Item) error
	// Put replaces what is told of the dossier as a whole, as of the last event
	// that was appended. Called at least for the last event of each batch; in a
	// build once in a while.
	Put(it *Item) error
	// Forget removes everything of a dossier, before it is written anew.
	Forget(dossier uuid.UUID) error
	// Parked lists the dossiers set aside.
	Parked() ([]Parked, error)
	// Park sets a dossier aside: its documents stay as they are.
	Park(p Parked) error
	// Unpark takes a dossier back.
	Unpark(dossier uuid.UUID) error
	// Purge leaves no trace of what the transaction replaces: neither in free
	// pages nor, after the commit, in the write-ahead log; where the engine
	// clears its files by itself, soon after the commit.
	Purge()
}

// Checkpoint is how far a projection has come, and in which log.
type Checkpoint struct {
	Log    uuid.UUID         // the log's id
	Resume eventlog.Position // everything up to here is in the documents
	Last   Mark              // the newest event seen; zero before the first
}

// Parked is a dossier set aside: it cannot be folded, or an operator wants it so.
type Parked struct {
	Dossier  uuid.UUID         `json:"dossier"`
	Revision uint64            `json:"revision"` // of the event that cannot be folded
	Position eventlog.Position `json:"position"`
	Reason   string            `json:"reason"`
	ByHand   bool              `json:"by_hand,omitempty"` // by an operator: only an operator takes it back
}

// ErrFenced says that another runner moved the checkpoint meanwhile. Trying
// again begins from where it is now.
var ErrFenced = errors.New("another runner moved the checkpoint of this view meanwhile")

// ErrRetired says that another process made another generation serve. The
// runner must start anew.
var ErrRetired = errors.New("this generation of the view does not serve any more")

// ErrNotBuilt is a view that has no documents which this program can use:
// Start, or the command rebuild, builds them.
var ErrNotBuilt error = &domain.Error{Code: "view_not_built",
	VI: "Dữ liệu tra cứu chưa được dựng xong: hãy đợi, hoặc chạy lệnh rebuild.",
	EN: "The view has not been built yet: wait, or run the command rebuild."}
