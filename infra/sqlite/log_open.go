package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"
)

// OpenLog opens the log of a folder for writing and creates both when missing
// (0700, 0600). Errors: *LockedError when another process writes there; one that
// tells what is wrong when the file is no log, of a newer format or
// damaged (*WALDamagedError).
func OpenLog(dir string, opt LogOptions) (*Log, error) {
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	lock, err := LockDir(dir)
	if err != nil {
		return nil, err
	}
	l, err := openLocked(LogFile(dir), opt)
	if err != nil {
		return nil, errors.Join(err, lock.Release())
	}
	l.lock = lock
	return l, nil
}

// OpenLogReadOnly opens the existing log of a folder for reading, also beside
// the process that writes it; Append then returns eventlog.ErrReadOnly and a
// live subscription looks for news every 50 ms. Damage in the WAL is no
// reason to refuse here: CheckFile reports it.
func OpenLogReadOnly(dir string) (*Log, error) {
	path := LogFile(dir)
	exists, err := inspectLog(path)
	if err != nil {
		return nil, err
	}
	if !exists {
		return nil, fmt.Errorf("there is no event log in %s (no %s): name the data folder with --data", dir, path)
	}
	l := &Log{path: path, closing: make(chan struct{})}
	if err := l.startReading(context.Background()); err != nil {
		return nil, err
	}
	return l, nil
}

func makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncDir(filepath.Dir(filepath.Clean(dir)))
}

func openLocked(path string, opt LogOptions) (*Log, error) {
	wal, err := CheckWAL(path)
	if err != nil {
		return nil, err
	}
	if wal.Damaged && !wal.Torn {
		return nil, &WALDamagedError{Path: walPath(path), State: wal}
	}
	if err := TakeBack(path); err != nil {
		return nil, err
	}
	exists, err := inspectLog(path)
	if err != nil {
		return nil, err
	}
	l := &Log{path: path, closing: make(chan struct{}), news: newNews()}
	l.writer, err = OpenWriter(path, WriterOptions{Relaxed: opt.Relaxed, committed: l.announce})
	if err != nil {
		return nil, err
	}
	if err := l.start(exists, opt.ID); err != nil {
		return nil, errors.Join(err, l.writer.Close())
	}
	if wal.Damaged {
		if err := l.acceptTorn(wal); err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	return l, nil
}

// start creates the tables of a new file and reads the log's id.
func (l *Log) start(exists bool, id uuid.UUID) error {
	ctx := context.Background()
	if !exists {
		create := func(conn *sqlite.Conn) error { return createLog(conn, id) }
		if err := l.writer.Do(ctx, create); err != nil {
			return err
		}
	}
	if err := l.startReading(ctx); err != nil {
		return err
	}
	if id != uuid.Nil && l.id != id {
		return errors.Join(fmt.Errorf("%s is event log %s, not %s", l.path, l.id, id), l.readers.Close())
	}
	return nil
}

// acceptTorn goes on without a last transaction that a power cut tore. Changed
// bytes look alike, but then newer pages may already stand in the file: that is refused.
func (l *Log) acceptTorn(wal WALState) error {
	ctx := context.Background()
	var damage *Damage
	err := l.readers.Read(ctx, func(conn *sqlite.Conn) (err error) {
		damage, err = checkAll(conn)
		return err
	})
	if err != nil {
		return err
	}
	if damage != nil {
		return errors.Join(&WALDamagedError{Path: walPath(l.path), State: wal}, errors.New(damage.String()))
	}
	l.warnings = append(l.warnings, fmt.Sprintf(
		"the last transaction in %s was torn at frame %d (a power cut?) and is dropped; if it had been acknowledged, the disk or somebody changed it: hoso verify --against an earlier root tells",
		walPath(l.path), wal.DamagedAt))
	// Fails while somebody reads; then the next append overwrites the torn frames.
	_ = l.writer.Truncate(ctx)
	return nil
}

func (l *Log) startReading(ctx context.Context) error {
	readers, err := OpenReaders(l.path, 0)
	if err != nil {
		return err
	}
	err = readers.Read(ctx, func(conn *sqlite.Conn) (err error) {
		l.id, err = identify(conn, l.path)
		return err
	})
	if err != nil {
		return errors.Join(err, readers.Close())
	}
	l.readers = readers
	return nil
}
