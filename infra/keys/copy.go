package keys

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"time"

	"github.com/google/uuid"
	sq "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/domain"
	"hoso/infra/sqlite"
)

// Entry is one thing that a key store keeps, wrapped as it lies there: copying
// it needs no master key. One of the three is set.
type Entry struct {
	Secret  string           // name of a key that belongs to no person
	Subject domain.SubjectID // a person
	Hash    string           // of an ID number, which belongs to Subject

	Wrapped   []byte    // of a secret or a person; empty: the person was destroyed
	CreatedAt time.Time // of a person who was not
}

// Person reports whether the entry is a person.
func (e Entry) Person() bool { return e.Subject != uuid.Nil && e.Hash == "" }

// Destroyed reports whether the entry is a person whose key was destroyed.
func (e Entry) Destroyed() bool { return e.Person() && len(e.Wrapped) == 0 }

// Without leaves out what is to open nothing any more: of these persons only
// the opaque ids go on, destroyed, also of those whom the entries do not know.
func Without(entries iter.Seq2[Entry, error], erased map[domain.SubjectID]bool) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		persons, told := true, map[domain.SubjectID]bool{}
		rest := func() bool {
			for who := range erased {
				if !told[who] && !yield(Entry{Subject: who}, nil) {
					return false
				}
			}
			return true
		}
		for e, err := range entries {
			if persons && e.Hash != "" { // persons come before numbers
				if persons = false; !rest() {
					return
				}
			}
			if erased[e.Subject] {
				if !e.Person() {
					continue
				}
				told[e.Subject], e = true, Entry{Subject: e.Subject}
			}
			if !yield(e, err) {
				return
			}
		}
		if persons {
			rest()
		}
	}
}

// ReadFile yields everything in a store's file as it is at one moment: secrets,
// persons, numbers. It may be open elsewhere. An error is yielded last.
func ReadFile(ctx context.Context, path string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		err := readFile(ctx, path, func(e Entry) error {
			if !yield(e, nil) {
				return errLeft
			}
			return nil
		})
		if err != nil && !errors.Is(err, errLeft) {
			yield(Entry{}, fmt.Errorf("%s: %w", path, err))
		}
	}
}

var errLeft = errors.New("keys: the caller left")

func readFile(ctx context.Context, path string, each func(Entry) error) error {
	readers, err := sqlite.OpenReaders(path, 1)
	if err != nil {
		return err
	}
	err = readers.ReadWhole(ctx, func(conn *sq.Conn) (err error) {
		if err := checkFormat(conn); err != nil {
			return err
		}
		err = queryRows(conn, `SELECT name, wrapped FROM secret`, func(stmt *sq.Stmt) error {
			return each(Entry{Secret: stmt.ColumnText(0), Wrapped: blob(stmt, 1)})
		})
		if err == nil {
			err = queryRows(conn, `SELECT subject, coalesce(wrapped, x''), coalesce(created_at, '') FROM person ORDER BY subject`, func(stmt *sq.Stmt) (err error) {
				e := Entry{Wrapped: blob(stmt, 1)}
				if e.Subject, err = parseSubject(stmt.ColumnText(0)); err == nil && len(e.Wrapped) > 0 {
					e.CreatedAt, err = time.Parse(time.RFC3339Nano, stmt.ColumnText(2))
				}
				return errors.Join(err, each(e))
			})
		}
		if err == nil {
			err = queryRows(conn, `SELECT hash, subject FROM id_number ORDER BY hash`, func(stmt *sq.Stmt) error {
				subject, err := parseSubject(stmt.ColumnText(1))
				return errors.Join(err, each(Entry{Hash: stmt.ColumnText(0), Subject: subject}))
			})
		}
		return err
	})
	return errors.Join(err, readers.Close())
}

// WriteFile makes a store's file of entries, secrets before persons before
// numbers, and puts it on disk. What is there already is lost.
func WriteFile(ctx context.Context, path string, entries iter.Seq2[Entry, error]) error {
	if err := removeFile(path); err != nil {
		return err
	}
	w, err := sqlite.OpenWriter(path, sqlite.WriterOptions{Schema: sqliteSchema})
	if err != nil {
		return err
	}
	err = w.DoWhole(ctx, func(conn *sq.Conn) error {
		for e, err := range entries {
			if err == nil {
				err = insertEntry(conn, e)
			}
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	return sqlite.Settle(path)
}

func insertEntry(conn *sq.Conn, e Entry) error {
	switch {
	case e.Secret != "":
		return execute(conn, `INSERT INTO secret (name, wrapped) VALUES (?, ?)`, e.Secret, e.Wrapped)
	case e.Hash != "":
		return execute(conn, `INSERT INTO id_number (hash, subject) VALUES (?, ?)`, e.Hash, e.Subject.String())
	case e.Destroyed():
		return execute(conn, `INSERT INTO person (subject) VALUES (?)`, e.Subject.String())
	}
	return execute(conn, `INSERT INTO person (subject, created_at, wrapped) VALUES (?, ?, ?)`, e.Subject.String(), e.CreatedAt.UTC().Format(time.RFC3339Nano), e.Wrapped)
}

// CopyFile copies a store's file as it is at one moment, also while another
// process writes it. The copy is made of rows, not of pages: nothing that was
// deleted comes along. What is at to already is lost.
func CopyFile(ctx context.Context, from, to string) (err error) {
	conn, err := sq.OpenConn(from, sq.OpenReadOnly)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	conn.SetBusyTimeout(10 * time.Second)
	conn.SetInterrupt(ctx.Done())
	if err := checkFormat(conn); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if err := removeFile(to); err != nil {
		return err
	}
	if err := os.WriteFile(to, nil, 0o600); err != nil { // SQLite would let others read it
		return err
	}
	if err := sqlitex.ExecuteTransient(conn, "VACUUM INTO ?", &sqlitex.ExecOptions{Args: []any{to}}); err != nil {
		return err
	}
	return sqlite.Settle(to)
}

func removeFile(path string) error {
	for _, name := range []string{path, path + "-wal", path + "-shm", path + "-journal"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
