package keys

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	sq "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/domain"
)

// Forget implements Engine. It notes the bytes that Clean must not find any more.
func (f *file) Forget(ctx context.Context, subject domain.SubjectID) error {
	var traces [][]byte
	who := subject.String()
	err := f.write(ctx, func(conn *sq.Conn) error {
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
	f.traces = append(f.traces, traces...)
	return err
}

// erasingMark stands in table about until no old bytes are left in the files.
const erasingMark = "erasing"

func markErasing(conn *sq.Conn) error {
	return execute(conn, `INSERT OR REPLACE INTO about (name, value) VALUES (?, 'deleted rows may still lie in the file: opening it for writing cleans up')`, erasingMark)
}

// Clean implements Engine. It frees the raw files of deleted bytes: it cuts
// the WAL to nothing and looks for the traces in the file. secure_delete has
// overwritten the deleted rows; whether a copy stayed in the unused part of a
// page whose rows once moved to another, SQLite does not promise. Where one is
// found, and where not all traces are known, the file is written anew (VACUUM).
func (f *file) Clean(ctx context.Context) error {
	if f.writer == nil {
		return nil
	}
	due := false
	err := f.readers.Read(ctx, func(conn *sq.Conn) (err error) {
		due, err = queryRow(conn, `SELECT 1 FROM about WHERE name = ?`, nil, erasingMark)
		return err
	})
	if err == nil && due {
		err = f.cleanFiles(ctx)
	}
	if err == nil {
		f.traces, f.doubtful = nil, false
	}
	return err
}

func (f *file) cleanFiles(ctx context.Context) error {
	err := f.writer.Truncate(ctx)
	left := f.doubtful
	if err == nil && !left {
		left, err = f.anyInFile(f.traces)
	}
	if err == nil && left {
		err = errors.Join(f.vacuum(ctx), f.writer.Truncate(ctx))
	}
	if err == nil {
		err = f.write(ctx, func(conn *sq.Conn) error { return execute(conn, `DELETE FROM about WHERE name = ?`, erasingMark) })
	}
	return err
}

// anyInFile reports whether one of the traces, each under 4 KB, lies in the raw file.
func (f *file) anyInFile(traces [][]byte) (bool, error) {
	const overlap = 4096
	chunk := make([]byte, overlap+1<<20)
	for at := int64(0); ; at += int64(len(chunk) - overlap) {
		n, err := f.raw.ReadAt(chunk, at)
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
func (f *file) vacuum(ctx context.Context) error {
	conn, err := sq.OpenConn(f.path, sq.OpenReadWrite)
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

// Rewrap implements Engine.
func (f *file) Rewrap(ctx context.Context, anew func(name string, wrapped []byte) ([]byte, error)) error {
	f.doubtful = true
	return f.write(ctx, func(conn *sq.Conn) error {
		return errors.Join(
			rewrapTable(conn, anew, `SELECT 'secret ' || name, wrapped FROM secret`, `UPDATE secret SET wrapped = ? WHERE name = ?`),
			rewrapTable(conn, anew, `SELECT 'person ' || subject, wrapped FROM person WHERE wrapped IS NOT NULL`, `UPDATE person SET wrapped = ? WHERE subject = ?`),
			markErasing(conn))
	})
}

func rewrapTable(conn *sq.Conn, anew func(string, []byte) ([]byte, error), query, update string) error {
	rewrapped := map[string][]byte{}
	err := queryRows(conn, query, func(stmt *sq.Stmt) (err error) {
		name := stmt.ColumnText(0)
		rewrapped[name], err = anew(name, blob(stmt, 1))
		return err
	})
	for name, wrapped := range rewrapped {
		if err != nil {
			return err
		}
		_, key, _ := strings.Cut(name, " ")
		err = execute(conn, update, wrapped, key)
	}
	return err
}
