package keys

import (
	"context"
	"fmt"
	"time"

	"hoso/domain"
	"hoso/domain/eventlog"
)

// ErrUnavailable says that the engine does not answer for now: the same call
// may succeed later.
var ErrUnavailable = fmt.Errorf("the key store does not answer: %w", eventlog.ErrUnavailable)

// Engine keeps wrapped keys and keyed hashes durably; a Store gives them their
// meaning. It never sees a key or an ID number. There are two: the SQLite file
// of this package, and hoso/infra/postgres. Package keystest says what both
// must do. Safe for concurrent use, but for Forget, Rewrap and Clean, which
// the Store calls one at a time.
//
// Whatever changes something is on disk before it returns nil, and answers
// eventlog.ErrReadOnly where the engine was opened for reading.
type Engine interface {
	// Seed gives the wrapped seed of all hashes. Where there is none yet, fresh
	// becomes it; of several callers at once, one wins and all get its seed.
	Seed(ctx context.Context, fresh []byte) ([]byte, error)
	// Wrapped gives a person's wrapped key; empty when it was destroyed or never was.
	Wrapped(ctx context.Context, subject domain.SubjectID) ([]byte, error)
	// Find tells what is known of a candidate and some hashes of ID numbers, no hash twice.
	Find(ctx context.Context, candidate domain.SubjectID, hashes []string) (Found, error)
	// Settle does in one transaction what Find found to be missing: candidate
	// becomes a person with this wrapped key where there is no owner, and the
	// free hashes become the owner's. It answers false and changes nothing when
	// what was found is no longer so: find again.
	Settle(ctx context.Context, candidate domain.SubjectID, f Found, wrapped []byte) (bool, error)
	// Forget deletes the wrapped key and the hashes of a person in one
	// transaction. The opaque id stays, destroyed, also where it was unknown.
	// Forgetting again changes nothing. It ends a bar, but is refused where this
	// engine's own was taken over by another.
	Forget(ctx context.Context, subject domain.SubjectID) error
	// Rewrap replaces every wrapped key, the seed too, by what anew makes of it,
	// in one transaction; names are "person " and the subject, or SeedName.
	Rewrap(ctx context.Context, anew func(name string, wrapped []byte) ([]byte, error)) error
	// Clean removes what Forget and Rewrap left behind on disk, as far as the
	// engine can, also what a crash left undone. Does nothing where nothing is due.
	Clean(ctx context.Context) error
	// Page gives up to limit persons whose key is there, with subjects after this one, in order.
	Page(ctx context.Context, after domain.SubjectID, limit int) ([]Live, error)
	// Healthy tells why no person can be made or erased, nil while they can. It never waits.
	Healthy() error
	// Close ends everything the engine does.
	Close() error
}

// Shared is an Engine on which other processes work too.
type Shared interface {
	Engine
	// Follow calls drop for each person whom anybody forgets from now on, and
	// barred with everybody who is barred whenever that has changed; fresh are
	// those since a moment ago, and are told again after an error.
	Follow(ctx context.Context, drop func(domain.SubjectID), barred func(ctx context.Context, all, fresh []domain.SubjectID) error) error
	// Current reports whether drop has been called for everybody whose Told has
	// returned, anywhere, and barred has returned nil for everybody whose Bar
	// has. It is asked for every key at hand, and must be cheap.
	Current() bool
	// Bar bars a person: when it returns nil no Shared engine, in any process,
	// this one too, that is Current may still lack barred's nil for them. Where
	// somebody has barred them who is well, domain.ErrBeingErased. After an error
	// there is no bar of this engine, or there will be none in a moment.
	Bar(ctx context.Context, subject domain.SubjectID) error
	// Unbar ends this engine's bar. After an error it does so later.
	Unbar(ctx context.Context, subject domain.SubjectID) error
	// Told returns when no Shared engine, in any process, that is Current may
	// still lack the call of drop for this forgotten person.
	Told(ctx context.Context, subject domain.SubjectID) error
}

// Found is what an engine knows of a candidate and some hashes.
type Found struct {
	Owner     domain.SubjectID // of the first known hash, else the candidate where it is there; Nil: nobody
	Free      []string         // hashes that nobody has, in the order asked
	Destroyed bool             // the candidate
}

// Live is a person whose key is there.
type Live struct {
	Subject   domain.SubjectID
	CreatedAt time.Time
}
