package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	sq "zombiezen.com/go/sqlite"

	"hoso/domain"
	"hoso/domain/eventlog"
)

// Wrapped implements Engine.
func (f *file) Wrapped(ctx context.Context, subject domain.SubjectID) (wrapped []byte, err error) {
	err = f.readers.Read(ctx, func(conn *sq.Conn) error {
		_, err := queryRow(conn, `SELECT wrapped FROM person WHERE subject = ?`, func(stmt *sq.Stmt) { wrapped = blob(stmt, 0) }, subject.String())
		return err
	})
	return wrapped, err
}

// Find implements Engine.
func (f *file) Find(ctx context.Context, candidate domain.SubjectID, hashes []string) (found Found, err error) {
	err = f.readers.Read(ctx, func(conn *sq.Conn) (err error) { found, err = find(conn, candidate, hashes); return err })
	return found, err
}

func find(conn *sq.Conn, candidate domain.SubjectID, hashes []string) (f Found, err error) {
	exists, err := queryRow(conn, `SELECT wrapped IS NULL FROM person WHERE subject = ?`,
		func(stmt *sq.Stmt) { f.Destroyed = stmt.ColumnBool(0) }, candidate.String())
	if err != nil {
		return f, err
	}
	for _, h := range hashes {
		owner, err := ownerOf(conn, h)
		if err != nil {
			return f, err
		}
		if owner == uuid.Nil {
			f.Free = append(f.Free, h)
		} else if f.Owner == uuid.Nil {
			f.Owner = owner
		}
	}
	if f.Owner == uuid.Nil && exists {
		f.Owner = candidate
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

// Settle implements Engine. Nothing else writes between its looking again and
// the end of its transaction.
func (f *file) Settle(ctx context.Context, candidate domain.SubjectID, found Found, wrapped []byte) (settled bool, err error) {
	if f.writer == nil {
		return false, eventlog.ErrReadOnly
	}
	err = f.writer.DoChecked(ctx, func(conn *sq.Conn) error {
		settled, err = stillSo(conn, candidate, found)
		if err != nil || !settled {
			return err
		}
		owner := found.Owner
		if owner == uuid.Nil {
			owner = candidate
			err = execute(conn, `INSERT INTO person (subject, created_at, wrapped) VALUES (?, ?, ?)`,
				candidate.String(), time.Now().UTC().Format(time.RFC3339Nano), wrapped)
		}
		for _, h := range found.Free {
			err = errors.Join(err, execute(conn, `INSERT INTO id_number (hash, subject) VALUES (?, ?)`, h, owner.String()))
		}
		return err
	})
	return settled && err == nil, err
}

// stillSo reports whether the owner lives, or is nobody as before, and the free
// hashes are free.
func stillSo(conn *sq.Conn, candidate domain.SubjectID, found Found) (bool, error) {
	who := found.Owner
	if who == uuid.Nil {
		who = candidate
	}
	now, err := find(conn, who, found.Free)
	return !now.Destroyed && now.Owner == found.Owner && slices.Equal(now.Free, found.Free), err
}

// Page implements Engine.
func (f *file) Page(ctx context.Context, after domain.SubjectID, limit int) (page []Live, err error) {
	const query = `SELECT subject, created_at FROM person WHERE subject > ? AND wrapped IS NOT NULL ORDER BY subject LIMIT ?`
	err = f.readers.Read(ctx, func(conn *sq.Conn) error {
		return queryRows(conn, query, func(stmt *sq.Stmt) error {
			subject, err := parseSubject(stmt.ColumnText(0))
			if err != nil {
				return err
			}
			at, err := time.Parse(time.RFC3339Nano, stmt.ColumnText(1))
			page = append(page, Live{subject, at})
			return err
		}, after.String(), limit)
	})
	return page, err
}

func parseSubject(text string) (domain.SubjectID, error) {
	subject, err := uuid.Parse(text)
	if err != nil {
		return uuid.Nil, fmt.Errorf("%q is no subject: %w", text, err)
	}
	return subject, nil
}
