// Package keys keeps what opens the sealed values of the log: one AES-256 key
// per person, wrapped by a master key, in a store of its own. Destroying a
// person's key erases the person everywhere.
//
// It also makes the keyed hashes that stand for ID numbers, papers and
// requests outside: their keys derive from a random seed that lies wrapped in
// the store, so that a change of the master key leaves every hash as it is.
//
// A Store holds the rules; an Engine holds the rows: a SQLite file for one
// process (Open), or PostgreSQL for several (package postgres).
package keys

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"hoso/domain"
)

// ErrWrongMaster says that the master key is not the one that wrapped the keys.
var ErrWrongMaster = errors.New("the master key does not open these keys: bring the one they were made with (" + masterFile + " or " + EnvMaster + ")")

// SeedName is the name under which the seed of all hashes is wrapped.
const SeedName = "secret hash seed"

// cachedKeys is how many unwrapped keys are kept at hand, about 1 KB each.
const cachedKeys = 32_768

// Store is the key store. Safe for concurrent use.
type Store struct {
	engine Engine
	shared Shared // the engine where others work on it too, else nil

	// erasing is held from a deletion until nothing is left of it.
	erasing sync.Mutex

	// rewrapping is held for writing while all keys are wrapped anew.
	rewrapping sync.RWMutex
	wrapper    cipher.AEAD

	cache   *lru.Cache[domain.SubjectID, *personKey]
	filling sync.Mutex // guards drops, and adding to the cache
	drops   uint64     // how often a key was dropped from the cache

	bars bars

	idKey, proofKey, requestKey, paperKey []byte
}

// New makes a Store of an engine, which it closes on error; in an empty engine
// it makes the seed. It finishes erasures that a crash interrupted. Errors: ErrWrongMaster.
func New(ctx context.Context, e Engine, master Master) (*Store, error) {
	s := &Store{engine: e, wrapper: master.wrapping()}
	s.shared, _ = e.(Shared)
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return s, nil
}

func (s *Store) start(ctx context.Context) (err error) {
	if s.cache, err = lru.New[domain.SubjectID, *personKey](cachedKeys); err != nil {
		return err
	}
	fresh := make([]byte, 32)
	rand.Read(fresh)
	wrapped, err := s.engine.Seed(ctx, wrap(s.wrapper, fresh, SeedName))
	if err != nil {
		return err
	}
	seed, err := unwrap(s.wrapper, wrapped, SeedName)
	if err != nil {
		return ErrWrongMaster
	}
	s.idKey, s.proofKey = derive(seed, "id number"), derive(seed, "proof")
	s.requestKey, s.paperKey = derive(seed, "request"), derive(seed, "paper")
	if s.shared != nil {
		if err := s.shared.Follow(ctx, s.destroyed, s.barred); err != nil {
			return err
		}
	}
	return s.engine.Clean(ctx)
}

// Close closes the store.
func (s *Store) Close() error { return s.engine.Close() }

// Healthy tells why no person can be made or erased, nil while they can. It
// does not wait for an answer of anybody: fit for a readiness check. A SQLite
// file that could not be written (a full disk, as eventlog.ErrStopped) must be
// opened again; PostgreSQL becomes healthy again by itself.
func (s *Store) Healthy() error {
	if err := s.engine.Healthy(); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	return nil
}
