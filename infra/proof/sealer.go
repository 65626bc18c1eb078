// Package proof makes the log tamper-evident as a whole: a sealer signs the
// root of a Merkle tree over all events, at intervals, as events of the log
// itself; Verify checks every hash, chain, root and signature.
//
// What that proves depends on what comes from outside. Without the public key,
// whoever rewrites the log can sign it anew; without an earlier root, a tail
// that was cut off leaves no trace; events after the last root can be
// rewritten by anybody who can write.
package proof

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// Sealer appends signed roots to the log. Several may run on one log: the
// expected revision of the stream of roots fences them.
type Sealer struct {
	// Progress, where set, hears how many events were read so far, while the
	// sealer reads the log at its start.
	Progress func(events uint64)
	// Failed, where set, hears what went wrong at a try of Run that is repeated.
	Failed func(error)

	log    eventlog.Log
	codec  *codec.Codec
	signer *Signer
	now    func() time.Time

	mu       sync.Mutex // guards what follows
	ledger   *ledger
	position eventlog.Position
}

// NewSealer makes a sealer; now is the writer's clock.
func NewSealer(log eventlog.Log, c *codec.Codec, signer *Signer, now func() time.Time) *Sealer {
	return &Sealer{log: log, codec: c, signer: signer, now: now, ledger: newLedger(log, signer.Public())}
}

// SealNow signs the log as it stands, and reports false when no event that is
// not itself a root is new since the last root. It refuses to sign a log that
// does not agree with its earlier roots, or whose roots have another key
// (*codec.BrokenError). Other errors are the log's and the context's.
func (s *Sealer) SealNow(ctx context.Context) (domain.RootSigned, bool, error) {
	return s.sealAfter(ctx, 0)
}

// sealAfter is SealNow that leaves a log alone whose newest root is younger
// than an age: of several sealers one works.
func (s *Sealer) sealAfter(ctx context.Context, age time.Duration) (domain.RootSigned, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if err := s.catchUp(ctx); err != nil {
			return domain.RootSigned{}, false, fmt.Errorf("proof: %w", err)
		}
		if s.ledger.plainEnd <= s.ledger.newest.Size || s.fresh(age) {
			return domain.RootSigned{}, false, nil
		}
		root, err := s.appendRoot(ctx)
		var conflict *eventlog.ConflictError
		if errors.As(err, &conflict) {
			continue // another sealer was quicker: go by its root
		}
		if err != nil {
			return domain.RootSigned{}, false, fmt.Errorf("proof: %w", err)
		}
		return root, true, nil
	}
}

// fresh reports whether the newest root is younger than an age. One from the
// future, by a clock that is ahead, is not.
func (s *Sealer) fresh(age time.Duration) bool {
	if age == 0 || s.ledger.newest.Size == 0 {
		return false
	}
	since := s.now().Sub(s.ledger.newest.At)
	return since >= 0 && since < age
}

func (s *Sealer) appendRoot(ctx context.Context) (domain.RootSigned, error) {
	hash, last, err := s.ledger.peek()
	if err != nil {
		return domain.RootSigned{}, err
	}
	at := s.now()
	if at.Before(s.ledger.tip.RecordedAt) {
		at = s.ledger.tip.RecordedAt
	}
	root := s.signer.sign(Root{
		LogID: s.ledger.log, Size: s.ledger.size(), Root: hex.EncodeToString(hash),
		LastStream: last.stream, LastRevision: last.revision, At: at.UTC().Round(0),
	})
	meta := codec.Meta{Command: uuid.New(), Actor: domain.Actor{Role: domain.System, ID: "sealer"}, RecordedAt: root.At}
	proposed, _, err := s.codec.Encode(domain.RootStream, s.ledger.tip, []codec.Draft{{Event: root, Meta: meta}})
	if err != nil {
		return root, err
	}
	for { // the same bytes until the answer is clear
		_, err = s.log.Append(ctx, domain.RootStream, s.ledger.tip.Revision, proposed)
		if !errors.Is(err, eventlog.ErrAmbiguous) {
			return root, err
		}
		select {
		case <-ctx.Done():
			return root, err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// catchUp reads what is new in the log; at the start, all of it.
func (s *Sealer) catchUp(ctx context.Context) error {
	for batch, err := range s.log.Subscribe(ctx, s.position, eventlog.Filter{}) {
		if err != nil {
			return err
		}
		if err := s.take(batch); err != nil {
			return err
		}
		if s.Progress != nil && !batch.Live {
			s.Progress(s.ledger.size())
		}
		if batch.Live {
			return nil
		}
	}
	return ctx.Err()
}

// take adds a batch to the ledger, past what it knows already.
func (s *Sealer) take(batch eventlog.Batch) error {
	for _, r := range batch.Events {
		if !s.position.Before(r.Position) {
			continue
		}
		if isLeaf(r) {
			if err := s.ledger.take(r); err != nil {
				return &codec.BrokenError{Stream: r.Stream, Revision: r.Revision, Position: r.Position, Why: err.Error()}
			}
		}
		s.position = r.Position
	}
	if s.position.Before(batch.End) {
		s.position = batch.End
	}
	return nil
}
