package keys

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
)

// maxSettles bounds how often Resolve looks again because somebody was quicker,
// who each time has got further by it.
const maxSettles = 100

// Resolve gives the person who has one of these normalised ID numbers. Where
// nobody has, it makes candidate a person with a key of its own, who has them
// from now on. Both are on disk before it returns, and calls at the same time,
// of all instances, agree on one person. Asking again with the same candidate
// gives the same answer.
//
// The numbers are asked in their order: the first that is known decides, and
// those that nobody has yet become that person's (a CMND and the CCCD after
// it). A number that belongs to somebody else stays there: persons are never
// merged. Empty numbers are left out; without any, candidate itself is meant.
//
// Error: codec.ErrErased when candidate was destroyed; ErrUnavailable.
func (s *Store) Resolve(ctx context.Context, candidate domain.SubjectID, ids ...string) (domain.SubjectID, error) {
	if candidate == uuid.Nil {
		return uuid.Nil, errNobody
	}
	var hashes []string
	for _, id := range ids {
		if h := s.IDHash(id); id != "" && !slices.Contains(hashes, h) {
			hashes = append(hashes, h)
		}
	}
	for range maxSettles {
		f, err := s.engine.Find(ctx, candidate, hashes)
		if err != nil {
			return uuid.Nil, fmt.Errorf("keys: %w", err)
		}
		if f.Destroyed {
			return uuid.Nil, codec.ErrErased
		}
		if f.Owner != uuid.Nil && len(f.Free) == 0 {
			return f.Owner, nil
		}
		settled, err := s.settle(ctx, candidate, f)
		if err != nil {
			return uuid.Nil, fmt.Errorf("keys: %w", err)
		}
		if settled && f.Owner == uuid.Nil {
			return candidate, nil
		} else if settled {
			return f.Owner, nil
		}
	}
	return uuid.Nil, errors.New("keys: a number leads to a person who is not there: the store does not agree with itself")
}

var errNobody = errors.New("keys: a person needs an id")

// Make is Resolve without numbers for a candidate whose id was made a moment
// ago: it does not look for them before it makes them.
func (s *Store) Make(ctx context.Context, candidate domain.SubjectID) error {
	if candidate == uuid.Nil {
		return errNobody
	}
	settled, err := s.settle(ctx, candidate, Found{})
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	if !settled { // the id is not new after all
		_, err = s.Resolve(ctx, candidate)
	}
	return err
}

// settle makes what Find found to be missing; false when that is no longer so.
func (s *Store) settle(ctx context.Context, candidate domain.SubjectID, f Found) (bool, error) {
	s.rewrapping.RLock()
	defer s.rewrapping.RUnlock()
	before := s.dropsSoFar()
	raw := make([]byte, 32)
	rand.Read(raw)
	wrapped := wrap(s.wrapper, raw, wrapName(candidate))
	settled, err := s.engine.Settle(ctx, candidate, f, wrapped)
	if err == nil && settled && f.Owner == uuid.Nil {
		s.keep(candidate, newPersonKey(raw), before)
	}
	return settled, err
}

// Find gives the person who has a normalised ID number, and false when nobody has.
func (s *Store) Find(ctx context.Context, id string) (domain.SubjectID, bool, error) {
	f, err := s.engine.Find(ctx, uuid.Nil, []string{s.IDHash(id)})
	if err != nil {
		return uuid.Nil, false, fmt.Errorf("keys: %w", err)
	}
	return f.Owner, f.Owner != uuid.Nil, nil
}
