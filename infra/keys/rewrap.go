package keys

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"

	sq "zombiezen.com/go/sqlite"
)

// Rewrap wraps every key anew under another master key, in one transaction;
// no hash and no event changes. Keep the old master key until it has returned.
func (s *Store) Rewrap(ctx context.Context, master Master) error {
	s.erasing.Lock()
	defer s.erasing.Unlock()
	next := master.wrapping()
	s.mu.Lock()
	err := s.write(ctx, func(conn *sq.Conn) error {
		return errors.Join(
			s.rewrapTable(conn, next, "secret", `SELECT name, wrapped FROM secret`, `UPDATE secret SET wrapped = ? WHERE name = ?`),
			s.rewrapTable(conn, next, "person", `SELECT subject, wrapped FROM person WHERE wrapped IS NOT NULL`, `UPDATE person SET wrapped = ? WHERE subject = ?`),
			markErasing(conn))
	})
	if err == nil {
		s.wrapper = next
	}
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("keys: the master key stays as it was: %w", err)
	}
	return s.cleanFiles(ctx, nil)
}

func (s *Store) rewrapTable(conn *sq.Conn, next cipher.AEAD, kind, query, update string) error {
	rewrapped := map[string][]byte{}
	err := queryRows(conn, query, func(stmt *sq.Stmt) error {
		name := stmt.ColumnText(0)
		raw, err := unwrap(s.wrapper, blob(stmt, 1), kind+" "+name)
		if err == nil {
			rewrapped[name] = wrap(next, raw, kind+" "+name)
		}
		return err
	})
	for name, wrapped := range rewrapped {
		if err != nil {
			return err
		}
		err = execute(conn, update, wrapped, name)
	}
	return err
}
