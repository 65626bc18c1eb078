package keys

import (
	"context"
	"crypto/cipher"
	"fmt"
	"iter"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
)

// personKey is a person's key, unwrapped and made ready.
type personKey struct {
	aead   cipher.AEAD
	digest []byte
}

func newPersonKey(raw []byte) *personKey {
	return &personKey{aead: newAEAD(raw), digest: derive(raw, "digest")}
}

// wrapName binds a wrapped key to its person.
func wrapName(subject domain.SubjectID) string { return "person " + subject.String() }

// Key gives the cipher that seals and opens a person's values; codec.ErrErased
// when the key was destroyed or never was. It is what codec.Codec asks for. A
// key at hand is given without asking the engine; where several instances
// share the engine, only as long as no other can have finished destroying it.
// Error: ErrUnavailable, when the engine must be asked and does not answer.
func (s *Store) Key(subject domain.SubjectID) (cipher.AEAD, error) {
	k, err := s.key(subject)
	if err != nil {
		return nil, err
	}
	return k.aead, nil
}

func (s *Store) key(subject domain.SubjectID) (*personKey, error) {
	if k, ok := s.cache.Get(subject); ok && (s.shared == nil || s.shared.Current()) {
		return k, nil
	}
	before := s.dropsSoFar()
	s.rewrapping.RLock()
	defer s.rewrapping.RUnlock()
	wrapped, err := s.engine.Wrapped(context.Background(), subject)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	if len(wrapped) == 0 {
		return nil, codec.ErrErased
	}
	raw, err := unwrap(s.wrapper, wrapped, wrapName(subject))
	if err != nil {
		return nil, err
	}
	k := newPersonKey(raw)
	s.keep(subject, k, before)
	return k, nil
}

func (s *Store) dropsSoFar() uint64 {
	s.filling.Lock()
	defer s.filling.Unlock()
	return s.drops
}

// keep puts a key into the cache unless anybody's was dropped since before,
// when it was not yet read: it may be the one that was dropped.
func (s *Store) keep(subject domain.SubjectID, k *personKey, before uint64) {
	s.filling.Lock()
	defer s.filling.Unlock()
	if s.drops == before {
		s.cache.Add(subject, k)
	}
}

// drop takes a key that was destroyed out of the cache. It waits for nobody.
func (s *Store) drop(subject domain.SubjectID) {
	s.filling.Lock()
	defer s.filling.Unlock()
	s.drops++
	s.cache.Remove(subject)
}

// Each yields everybody whose key is there, by subject, so that keys that no
// event ever used can be swept. It reads in short pieces: whoever is created
// meanwhile may be missed. An error is yielded last.
func (s *Store) Each(ctx context.Context) iter.Seq2[Live, error] {
	return func(yield func(Live, error) bool) {
		for after := uuid.Nil; ; {
			page, err := s.engine.Page(ctx, after, 500)
			if err != nil {
				yield(Live{}, fmt.Errorf("keys: %w", err))
				return
			}
			for _, l := range page {
				if !yield(l, nil) {
					return
				}
				after = l.Subject
			}
			if len(page) == 0 {
				return
			}
		}
	}
}
