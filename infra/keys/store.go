// Package keys holds what opens the sealed values of the log: one AES-256 key
// per person, wrapped by a master key, in a SQLite file of its own. Destroying
// a person's key erases the person everywhere.
//
// It also makes the keyed hashes that stand for ID numbers, papers and
// requests outside: their keys derive from a random seed that lies wrapped in
// the store, so that a change of the master key leaves every hash as it is.
package keys

import (
	"context"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
	sq "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/infra/sqlite"
)

// ErrWrongMaster says that the master key is not the one that wrapped the keys.
var ErrWrongMaster = errors.New("the master key does not open the keys in this folder: bring the one they were made with (" + masterFile + " or " + EnvMaster + ")")

const schema = `
CREATE TABLE IF NOT EXISTS about (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
INSERT OR IGNORE INTO about VALUES ('what', 'Hồ Sơ: keys of persons, wrapped by the master key (AES-256-GCM: nonce 12 bytes, ciphertext 32, tag 16)'), ('format', '1');

CREATE TABLE IF NOT EXISTS secret ( -- keys that belong to no person
  name    TEXT PRIMARY KEY,
  wrapped BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS person ( -- without key and time: destroyed, the opaque id bars its return
  subject    TEXT PRIMARY KEY,
  created_at TEXT,
  wrapped    BLOB
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS id_number ( -- keyed hash of an ID number, and whose it is
  hash    TEXT PRIMARY KEY,
  subject TEXT NOT NULL REFERENCES person
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS id_number_subject ON id_number (subject);
`

// cachedKeys is how many unwrapped keys are kept at hand, about 1 KB each.
const cachedKeys = 32_768

// Store is the key store. Safe for concurrent use.
type Store struct {
	path    string
	readers *sqlite.Readers
	writer  *sqlite.Writer // nil when opened for reading only

	// raw is the file itself, to look for traces of what was deleted. It stays
	// open as long as the store: closing it would drop SQLite's locks on the file.
	raw *os.File
	// erasing is held from a deletion until the files are clean.
	erasing sync.Mutex

	// mu is held for writing while keys vanish or are wrapped anew, so that
	// nobody puts a key into the cache that has just been destroyed.
	mu      sync.RWMutex
	wrapper cipher.AEAD
	cache   *lru.Cache[domain.SubjectID, *personKey]

	idKey, proofKey, requestKey, paperKey []byte
}

// Open opens dir/keys.db for writing and creates it where it is missing; dir
// must exist. One process writes: the caller holds the folder's lock. Errors:
// ErrWrongMaster.
func Open(dir string, master Master) (*Store, error) {
	s := &Store{path: filepath.Join(dir, File), wrapper: master.wrapping()}
	var err error
	if s.writer, err = sqlite.OpenWriter(s.path, sqlite.WriterOptions{Schema: schema, SecureDelete: true}); err != nil {
		return nil, err
	}
	if s.raw, err = os.Open(s.path); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.writer.Do(context.Background(), s.makeSecrets); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.open(); err != nil {
		return nil, err
	}
	if err := s.finishErasure(context.Background()); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// OpenReadOnly opens an existing store beside a process that writes it. What
// would write answers eventlog.ErrReadOnly. A key once read is remembered until
// Close, also when the other process destroys it: meant for short commands.
// Errors: ErrWrongMaster.
func OpenReadOnly(dir string, master Master) (*Store, error) {
	s := &Store{path: filepath.Join(dir, File), wrapper: master.wrapping()}
	if err := s.open(); err != nil {
		return nil, err
	}
	return s, nil
}

// open does what reading and writing stores share. On error it closes s.
func (s *Store) open() error {
	var err error
	if s.cache, err = lru.New[domain.SubjectID, *personKey](cachedKeys); err != nil {
		return errors.Join(err, s.Close())
	}
	if s.readers, err = sqlite.OpenReaders(s.path, 0); err != nil {
		return errors.Join(err, s.Close())
	}
	if err := s.loadSecrets(); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", s.path, err), s.Close())
	}
	return nil
}

// Close closes the store.
func (s *Store) Close() error {
	var errs []error
	if s.readers != nil {
		errs = append(errs, s.readers.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.Close())
	}
	if s.raw != nil {
		errs = append(errs, s.raw.Close())
	}
	return errors.Join(errs...)
}

// Healthy tells why no person can be made or erased any more, e.g. since the
// disk was full, as eventlog.ErrStopped; nil while nothing is wrong. Only
// opening the store again helps.
func (s *Store) Healthy() error {
	if s.writer == nil {
		return nil
	}
	if err := s.writer.Healthy(); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	return nil
}

// seedName is the secret from which the keys of all hashes derive. That it
// opens also shows that the master key is the right one.
const seedName = "hash seed"

func (s *Store) makeSecrets(conn *sq.Conn) error {
	if known, err := queryRow(conn, `SELECT 1 FROM secret WHERE name = ?`, nil, seedName); known || err != nil {
		return err
	}
	seed := make([]byte, 32)
	rand.Read(seed)
	return execute(conn, `INSERT INTO secret (name, wrapped) VALUES (?, ?)`, seedName, wrap(s.wrapper, seed, "secret "+seedName))
}

func (s *Store) loadSecrets() error {
	var wrapped []byte
	err := s.readers.Read(context.Background(), func(conn *sq.Conn) error {
		ours, err := queryRow(conn, `SELECT 1 FROM about WHERE name = 'format' AND value = '1'`, nil)
		if err == nil && !ours {
			err = errors.New("not a store of keys that this program knows: was it made by a newer one?")
		}
		if err == nil {
			_, err = queryRow(conn, `SELECT wrapped FROM secret WHERE name = ?`, func(stmt *sq.Stmt) { wrapped = blob(stmt, 0) }, seedName)
		}
		return err
	})
	if err != nil {
		return err
	}
	seed, err := unwrap(s.wrapper, wrapped, "secret "+seedName)
	if err != nil {
		return ErrWrongMaster
	}
	s.idKey, s.proofKey = derive(seed, "id number"), derive(seed, "proof")
	s.requestKey, s.paperKey = derive(seed, "request"), derive(seed, "paper")
	return nil
}

func (s *Store) write(ctx context.Context, job func(*sq.Conn) error) error {
	if s.writer == nil {
		return eventlog.ErrReadOnly
	}
	return s.writer.Do(ctx, job)
}

// queryRow runs a query of at most one row and reports whether there was one.
func queryRow(conn *sq.Conn, query string, row func(*sq.Stmt), args ...any) (found bool, err error) {
	err = sqlitex.Execute(conn, query, &sqlitex.ExecOptions{Args: args, ResultFunc: func(stmt *sq.Stmt) error {
		found = true
		if row != nil {
			row(stmt)
		}
		return nil
	}})
	return found, err
}

func execute(conn *sq.Conn, query string, args ...any) error {
	return sqlitex.Execute(conn, query, &sqlitex.ExecOptions{Args: args})
}

func blob(stmt *sq.Stmt, column int) []byte {
	b := make([]byte, stmt.ColumnLen(column))
	stmt.ColumnBytes(column, b)
	return b
}
