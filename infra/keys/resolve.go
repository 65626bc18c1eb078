package keys

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	sq "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/domain"
	"hoso/domain/codec"
)

// Resolve gives the person who has one of these normalised ID numbers. Where
// nobody has, it makes candidate a person with a key of its own, who has them
// from now on. Both are on disk before it returns, and calls at the same time
// agree on one person. Asking again with the same candidate gives the same answer.
//
// The numbers are asked in their order: the first that is known decides, and
// those that nobody has yet become that person's (a CMND and the CCCD after
// it). A number that belongs to somebody else stays there: persons are never
// merged. Empty numbers are left out; without any, candidate itself is meant.
//
// Error: codec.ErrErased when candidate was destroyed.
func (s *Store) Resolve(ctx context.Context, candidate domain.SubjectID, ids ...string) (domain.SubjectID, error) {
	if candidate == uuid.Nil {
		return uuid.Nil, errors.New("keys: a person needs an id")
	}
	var hashes []string
	for _, id := range ids {
		if id != "" {
			hashes = append(hashes, s.IDHash(id))
		}
	}
	var f found
	read := func(conn *sq.Conn) (err error) { f, err = find(conn, candidate, hashes); return err }
	if err := s.readers.Read(ctx, read); err != nil {
		return uuid.Nil, fmt.Errorf("keys: %w", err)
	}
	if f.destroyed {
		return uuid.Nil, codec.ErrErased
	}
	if f.owner != uuid.Nil && len(f.free) == 0 {
		return f.owner, nil
	}
	return s.settle(ctx, candidate, hashes)
}

// settle does in one transaction what Resolve found to be missing; somebody
// may have been quicker, so it looks again.
func (s *Store) settle(ctx context.Context, candidate domain.SubjectID, hashes []string) (domain.SubjectID, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	raw := make([]byte, 32)
	rand.Read(raw)
	var f found
	var created bool
	err := s.write(ctx, func(conn *sq.Conn) (err error) {
		if f, err = find(conn, candidate, hashes); err != nil {
			return err
		}
		if f.destroyed {
			return codec.ErrErased
		}
		if created = f.owner == uuid.Nil; created {
			f.owner = candidate
			err = execute(conn, `INSERT INTO person (subject, created_at, wrapped) VALUES (?, ?, ?)`,
				candidate.String(), time.Now().UTC().Format(time.RFC3339Nano), wrap(s.wrapper, raw, wrapName(candidate)))
		}
		for _, h := range f.free {
			err = errors.Join(err, execute(conn, `INSERT OR IGNORE INTO id_number (hash, subject) VALUES (?, ?)`, h, f.owner.String()))
		}
		return err
	})
	if err != nil {
		return uuid.Nil, fmt.Errorf("keys: %w", err)
	}
	if created {
		s.cache.Add(candidate, newPersonKey(raw))
	}
	return f.owner, nil
}

// found is what the store knows of a candidate and some numbers.
type found struct {
	owner     domain.SubjectID // of the first known number, else the candidate where it exists; Nil: nobody
	free      []string         // hashes of numbers that nobody has
	destroyed bool             // the candidate
}

func find(conn *sq.Conn, candidate domain.SubjectID, hashes []string) (f found, err error) {
	exists, err := queryRow(conn, `SELECT wrapped IS NULL FROM person WHERE subject = ?`,
		func(stmt *sq.Stmt) { f.destroyed = stmt.ColumnBool(0) }, candidate.String())
	if err != nil {
		return f, err
	}
	for _, h := range hashes {
		owner, err := ownerOf(conn, h)
		if err != nil {
			return f, err
		}
		if owner == uuid.Nil {
			f.free = append(f.free, h)
		} else if f.owner == uuid.Nil {
			f.owner = owner
		}
	}
	if f.owner == uuid.Nil && exists {
		f.owner = candidate
	}
	return f, nil
}

func ownerOf(conn *sq.Conn, hash string) (owner domain.SubjectID, err error) {
	var text string
	known, err := queryRow(conn, `SELECT subject FROM id_number WHERE hash = ?`, func(stmt *sq.Stmt) { text = stmt.ColumnText(0) }, hash)
	if err != nil || !known {
		return uuid.Nil, err
	}
	return parseSubject(text)
}

// Find gives the person who has a normalised ID number, and false when nobody has.
func (s *Store) Find(ctx context.Context, id string) (domain.SubjectID, bool, error) {
	var owner domain.SubjectID
	err := s.readers.Read(ctx, func(conn *sq.Conn) (err error) { owner, err = ownerOf(conn, s.IDHash(id)); return err })
	if err != nil {
		return uuid.Nil, false, fmt.Errorf("keys: %w", err)
	}
	return owner, owner != uuid.Nil, nil
}

func parseSubject(text string) (domain.SubjectID, error) {
	subject, err := uuid.Parse(text)
	if err != nil {
		return uuid.Nil, fmt.Errorf("keys: %q is no subject: %w", text, err)
	}
	return subject, nil
}

func queryRows(conn *sq.Conn, query string, row func(*sq.Stmt) error, args ...any) error {
	return sqlitex.Execute(conn, query, &sqlitex.ExecOptions{Args: args, ResultFunc: row})
}
