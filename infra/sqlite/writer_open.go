package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// busyTimeout is how long a statement waits for a lock held by another program, e.g. a
// sqlite3 shell in a transaction.
const busyTimeout = 10 * time.Second

// OpenWriter opens path for writing and creates it (mode 0600, its folder must
// exist). It takes no lock between processes: see LockDir.
func OpenWriter(path string, opt WriterOptions) (*Writer, error) {
	if err := createFile(path); err != nil {
		return nil, err
	}
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	if err := prepareWriter(conn, opt); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s for writing: %w", path, err), conn.Close())
	}
	w := &Writer{
		path: path, conn: conn, relaxed: opt.Relaxed, told: opt.committed,
		jobs: make(chan *job), stop: make(chan struct{}), exited: make(chan struct{}),
	}
	go w.loop()
	return w, nil
}

// TakeBack undoes what a kill cut short while a file was not in WAL mode yet, as
// each new one is for a moment: its journal is left, and nobody who opens the file
// for reading may use that. Only for who holds the folder's lock.
func TakeBack(path string) error {
	for _, needed := range []string{path, path + "-journal"} {
		if _, err := os.Stat(needed); errors.Is(err, os.ErrNotExist) {
			return nil
		}
	}
	conn, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	_, err = queryInt(conn, "SELECT count(*) FROM sqlite_schema") // SQLite does it before it reads
	if err := errors.Join(err, conn.Close()); err != nil {
		return fmt.Errorf("take back an unfinished change of %s: %w", path, err)
	}
	return nil
}

// cutShort tells a reader of a file that needs TakeBack what to do.
func cutShort(path string, err error) error {
	return fmt.Errorf("the creation of %s was cut short: run what created it again, or start hoso serve on its folder (%w)", path, err)
}

// createFile makes an empty file with mode 0600 before SQLite would make one
// that others can read; -wal and -shm inherit the mode.
func createFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), syncDir(filepath.Dir(path)))
}

// syncDir makes a new name in dir survive a power cut.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" { // folders cannot be synced there
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func prepareWriter(conn *sqlite.Conn, opt WriterOptions) (err error) {
	defer func() {
		// sqlitex panics where even the roll-back of its savepoint fails.
		if p := recover(); p != nil {
			err = fmt.Errorf("the file is damaged: %v", p)
		}
	}()
	conn.SetBusyTimeout(busyTimeout)
	mode := "FULL"
	if opt.Relaxed {
		mode = "NORMAL"
	}
	pragmas := []string{
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = " + mode,
		"PRAGMA fullfsync = ON",            // macOS: a plain fsync leaves the bytes in the drive's cache
		"PRAGMA checkpoint_fullfsync = ON", // the same for the file itself
		"PRAGMA cache_size = -32768",       // 32 MiB
		"PRAGMA foreign_keys = ON",
		"PRAGMA wal_autocheckpoint = 4000",     // pages, 16 MiB: a page that changes often goes to the file once
		"PRAGMA journal_size_limit = 67108864", // a WAL that once grew shrinks again
	}
	if opt.SecureDelete {
		pragmas = append(pragmas, "PRAGMA secure_delete = ON")
	}
	for _, p := range pragmas {
		if err := sqlitex.ExecuteTransient(conn, p, nil); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	if opt.Schema == "" {
		return nil
	}
	return sqlitex.ExecuteScript(conn, opt.Schema, nil) // a savepoint around the whole script
}
