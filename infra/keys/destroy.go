package keys

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	sq "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/domain"
)

// Destroy erases a person: key and ID numbers are gone, from the raw files
// too, when it returns without error. The opaque id stays and bars its return.
// Doing it again changes nothing; what a crash left over, Open finishes.
func (s *Store) Destroy(ctx context.Context, subject domain.SubjectID) error {
	s.erasing.Lock()
	defer s.erasing.Unlock()
	traces, err := s.forget(ctx, subject)
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	if len(traces) == 0 { // done before, if only in part
		return s.finishErasure(ctx)
	}
	return s.cleanFiles(ctx, traces)
}

// forget deletes the person's rows and gives the bytes that must not be found any more.
func (s *Store) forget(ctx context.Context, subject domain.SubjectID) (traces [][]byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.cache.Remove(subject)
	who := subject.String()
	err = s.write(ctx, func(conn *sq.Conn) error {
		destroyed := false
		_, err := queryRow(conn, `SELECT wrapped FROM person WHERE subject = ?`, func(stmt *sq.Stmt) {
			if destroyed = stmt.ColumnIsNull(0); !destroyed {
				traces = append(traces, blob(stmt, 0))
			}
		}, who)
		if destroyed || err != nil {
			return err
		}
		return errors.Join(
			queryRows(conn, `DELETE FROM id_number WHERE subject = ? RETURNING hash`, func(stmt *sq.Stmt) error {
				traces = append(traces, []byte(stmt.ColumnText(0)))
				return nil
			}, who),
			execute(conn, `INSERT INTO person (subject) VALUES (?) ON CONFLICT DO UPDATE SET wrapped = NULL, created_at = NULL`, who),
			markErasing(conn))
	})
	return traces, err
}

// erasingMark stands in table about until no old bytes are left in the files.
const erasingMark = "erasing"

func markErasing(conn *sq.Conn) error {
	return execute(conn, `INSERT OR REPLACE INTO about (name, value) VALUES (?, 'deleted rows may still lie in the file: opening it for writing cleans up')`, erasingMark)
}

// finishErasure does what a crash or an error kept Destroy from doing.
func (s *Store) finishErasure(ctx context.Context) error {
	due := false
	err := s.readers.Read(ctx, func(conn *sq.Conn) (err error) {
		due, err = queryRow(conn, `SELECT 1 FROM about WHERE name = ?`, nil, erasingMark)
		return err
	})
	if err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	if !due {
		return nil
	}
	return s.cleanFiles(ctx, nil)
}

// cleanFiles frees the raw files of deleted bytes: it cuts the WAL to nothing
// and looks for the traces in the file. secure_delete has overwritten the
// deleted rows; whether a copy stayed in the unused part of a page whose rows
// once moved to another, SQLite does not promise. Where one is found, and
// where the traces are not known, the file is written anew (VACUUM).
func (s *Store) cleanFiles(ctx context.Context, traces [][]byte) error {
	err := s.writer.Truncate(ctx)
	left := traces == nil
	if err == nil && !left {
		left, err = s.anyInFile(traces)
	}
	if err == nil && left {
		err = errors.Join(s.vacuum(ctx), s.writer.Truncate(ctx))
	}
	if err == nil {
		err = s.write(ctx, func(conn *sq.Conn) error { return execute(conn, `DELETE FROM about WHERE name = ?`, erasingMark) })
	}
	if err != nil {
		return fmt.Errorf("keys: cleaning the files after an erasure: %w", err)
	}
	return nil
}

// anyInFile reports whether one of the traces, each under 4 KB, lies in the raw file.
func (s *Store) anyInFile(traces [][]byte) (bool, error) {
	const overlap = 4096
	chunk := make([]byte, overlap+1<<20)
	for at := int64(0); ; at += int64(len(chunk) - overlap) {
		n, err := s.raw.ReadAt(chunk, at)
		for _, trace := range traces {
			if bytes.Contains(chunk[:n], trace) {
				return true, nil
			}
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		} else if err != nil {
			return false, err
		}
	}
}

// vacuum needs a connection of its own: the writer's is always in a transaction.
func (s *Store) vacuum(ctx context.Context) error {
	conn, err := sq.OpenConn(s.path, sq.OpenReadWrite)
	if err != nil {
		return err
	}
	conn.SetInterrupt(ctx.Done())
	err = errors.Join(
		sqlitex.ExecuteTransient(conn, "PRAGMA temp_store = MEMORY", nil),
		sqlitex.ExecuteTransient(conn, "PRAGMA secure_delete = ON", nil),
		sqlitex.ExecuteTransient(conn, "VACUUM", nil))
	return errors.Join(err, conn.Close())
}
