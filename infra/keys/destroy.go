package keys

import (
	"context"
	"crypto/cipher"
	"fmt"

	"hoso/domain"
)

// Destroy erases a person: key and ID numbers are gone when it returns without
// error, and no instance gives the key any more, from its cache neither. The
// opaque id stays and bars its return. Doing it again changes nothing; what a
// crash left over, opening the store finishes. A Bar ends with it for everybody
// but who has set it: Unbar is theirs to call, as ever. Where another has taken
// it over meanwhile, nothing is destroyed: ErrUnavailable.
//
// From a SQLite file the bytes themselves are gone. What PostgreSQL keeps of
// them, wrapped, package postgres tells.
func (s *Store) Destroy(ctx context.Context, subject domain.SubjectID) error {
	s.erasing.Lock()
	defer s.erasing.Unlock()
	err := s.engine.Forget(ctx, subject)
	s.drop(subject) // after an error too: it may have been done
	if err == nil {
		s.destroyed(subject)
		s.opened(subject)
	}
	if err == nil && s.shared != nil {
		err = s.shared.Told(ctx, subject)
	}
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	return s.clean(ctx)
}

// Rewrap wraps every key anew under another master key, in one transaction; no
// hash and no event changes. Keep the old master key until it has returned,
// and after an error too, until one of the two has opened the store. Other
// instances must be started again with the new one; until then they make no
// persons and say so in Healthy.
func (s *Store) Rewrap(ctx context.Context, master Master) error {
	s.erasing.Lock()
	defer s.erasing.Unlock()
	if err := s.rewrap(ctx, master.wrapping()); err != nil {
		return fmt.Errorf("keys: no other master key was set, as far as is known: %w", err)
	}
	return s.clean(ctx)
}

func (s *Store) rewrap(ctx context.Context, next cipher.AEAD) error {
	s.rewrapping.Lock()
	defer s.rewrapping.Unlock()
	err := s.engine.Rewrap(ctx, func(name string, wrapped []byte) ([]byte, error) {
		raw, err := unwrap(s.wrapper, wrapped, name)
		if err != nil {
			return nil, err
		}
		return wrap(next, raw, name), nil
	})
	if err == nil {
		s.wrapper = next
	}
	return err
}

func (s *Store) clean(ctx context.Context) error {
	if err := s.engine.Clean(ctx); err != nil {
		return fmt.Errorf("keys: cleaning up after an erasure: %w", err)
	}
	return nil
}
