package keys

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	sq "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/domain/eventlog"
	"hoso/infra/sqlite"
)

// FileFormat is the version of the tables in a store's file. A program refuses those of another.
const FileFormat = "1"

const sqliteSchema = `
CREATE TABLE IF NOT EXISTS about (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
INSERT OR IGNORE INTO about VALUES ('what', 'Hồ Sơ: keys of persons, wrapped by the master key (AES-256-GCM: nonce 12 bytes, ciphertext 32, tag 16)'), ('format', '` + FileFormat + `');

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

// file is the Engine of one process: a SQLite file.
type file struct {
	path    string
	readers *sqlite.Readers
	writer  *sqlite.Writer // nil when opened for reading only

	// raw is the file itself, to look for traces of what was deleted. It stays
	// open as long as the engine: closing it would drop SQLite's locks on the file.
	raw *os.File

	// traces are bytes that must not be found in the file any more; doubtful
	// says that there may be others, which nobody knows.
	traces   [][]byte
	doubtful bool
}

var _ Engine = (*file)(nil)

// Open opens dir/keys.db for writing and creates it where it is missing; dir
// must exist. One process writes: the caller holds the folder's lock. Errors:
// ErrWrongMaster.
func Open(dir string, master Master) (*Store, error) {
	f := &file{path: filepath.Join(dir, File), doubtful: true}
	if err := sqlite.TakeBack(f.path); err != nil {
		return nil, err
	}
	if err := inspect(f.path); err != nil {
		return nil, err
	}
	var err error
	if f.writer, err = sqlite.OpenWriter(f.path, sqlite.WriterOptions{Schema: sqliteSchema, SecureDelete: true}); err != nil {
		return nil, err
	}
	if f.raw, err = os.Open(f.path); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f.store(master)
}

// OpenReadOnly opens an existing store beside a process that writes it. What
// would write answers eventlog.ErrReadOnly. A key once read is remembered until
// Close, also when the other process destroys it: meant for short commands.
// Errors: ErrWrongMaster.
func OpenReadOnly(dir string, master Master) (*Store, error) {
	return (&file{path: filepath.Join(dir, File)}).store(master)
}

// store does what reading and writing share. On error it closes f.
func (f *file) store(master Master) (*Store, error) {
	var err error
	if f.readers, err = sqlite.OpenReaders(f.path, 0); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s, err := New(context.Background(), f, master)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	return s, nil
}

// Seed implements Engine. It also refuses a file of another format.
func (f *file) Seed(ctx context.Context, fresh []byte) (wrapped []byte, err error) {
	if f.writer != nil {
		err = f.write(ctx, func(conn *sq.Conn) error {
			return execute(conn, `INSERT OR IGNORE INTO secret (name, wrapped) VALUES ('hash seed', ?)`, fresh)
		})
	}
	if err != nil {
		return nil, err
	}
	err = f.readers.Read(ctx, func(conn *sq.Conn) error {
		err := checkFormat(conn)
		if err == nil {
			_, err = queryRow(conn, `SELECT wrapped FROM secret WHERE name = 'hash seed'`, func(stmt *sq.Stmt) { wrapped = blob(stmt, 0) })
		}
		return err
	})
	return wrapped, err
}

// inspect refuses a file of another format before anything is written to it.
// What is missing, or was never finished, is none.
func inspect(path string) error {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return nil
	}
	readers, err := sqlite.OpenReaders(path, 1)
	if err != nil {
		return err
	}
	err = readers.Read(context.Background(), func(conn *sq.Conn) error {
		if begun, err := queryRow(conn, `SELECT 1 FROM sqlite_schema LIMIT 1`, nil); err != nil || !begun {
			return err
		}
		return checkFormat(conn)
	})
	if err = errors.Join(err, readers.Close()); err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return err
}

// checkFormat refuses a file that another program's version wrote.
func checkFormat(conn *sq.Conn) error {
	var found string
	there, err := queryRow(conn, `SELECT value FROM about WHERE name = 'format'`, func(stmt *sq.Stmt) { found = stmt.ColumnText(0) })
	switch {
	case err != nil:
		return err
	case !there:
		return errors.New("it is not a store of keys")
	case found != FileFormat:
		return fmt.Errorf("the store of keys has format version %s, this program knows version %s: use a newer hoso", found, FileFormat)
	}
	return nil
}

// Healthy implements Engine: eventlog.ErrStopped once a write has failed.
func (f *file) Healthy() error {
	if f.writer == nil {
		return nil
	}
	return f.writer.Healthy()
}

// Close implements Engine.
func (f *file) Close() error {
	var errs []error
	if f.readers != nil {
		errs = append(errs, f.readers.Close())
	}
	if f.writer != nil {
		errs = append(errs, f.writer.Close())
	}
	if f.raw != nil {
		errs = append(errs, f.raw.Close())
	}
	return errors.Join(errs...)
}

func (f *file) write(ctx context.Context, job func(*sq.Conn) error) error {
	if f.writer == nil {
		return eventlog.ErrReadOnly
	}
	return f.writer.Do(ctx, job)
}

// queryRow runs a query of at most one row and reports whether there was one.
func queryRow(conn *sq.Conn, query string, row func(*sq.Stmt), args ...any) (found bool, err error) {
	err = queryRows(conn, query, func(stmt *sq.Stmt) error {
		found = true
		if row != nil {
			row(stmt)
		}
		return nil
	}, args...)
	return found, err
}

func queryRows(conn *sq.Conn, query string, row func(*sq.Stmt) error, args ...any) error {
	return sqlitex.Execute(conn, query, &sqlitex.ExecOptions{Args: args, ResultFunc: row})
}

func execute(conn *sq.Conn, query string, args ...any) error {
	return sqlitex.Execute(conn, query, &sqlitex.ExecOptions{Args: args})
}

func blob(stmt *sq.Stmt, column int) []byte {
	b := make([]byte, stmt.ColumnLen(column))
	stmt.ColumnBytes(column, b)
	return b
}
