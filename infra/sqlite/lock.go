package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"
)

// LockedError says that another process writes in the folder.
type LockedError struct {
	Dir string
	PID int // of the process that holds the lock; 0 when unknown
}

func (e *LockedError) Error() string {
	who := "another process"
	if e.PID != 0 {
		who = fmt.Sprintf("the process with pid %d", e.PID)
	}
	return fmt.Sprintf("folder %s is in use by %s; stop it first, or use another folder (commands that only read run beside it)", e.Dir, who)
}

// DirLock is the right to write in a data folder. The operating system
// releases it when the process ends, however it ends.
type DirLock struct {
	flock *flock.Flock
	pid   string
}

// LockDir takes the lock file dir/lock at once or returns a *LockedError. The
// folder must exist. dir/lock.pid tells a person who holds it; it decides nothing.
func LockDir(dir string) (*DirLock, error) {
	path := filepath.Join(dir, "lock")
	l := &DirLock{flock: flock.New(path, flock.SetPermissions(0o600)), pid: path + ".pid"}
	got, err := l.flock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock folder %s: %w", dir, err)
	}
	if !got {
		return nil, &LockedError{Dir: dir, PID: readPID(l.pid)}
	}
	if err := os.WriteFile(l.pid, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("lock folder %s: %w", dir, err), l.flock.Close())
	}
	return l, nil
}

func readPID(path string) int {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return pid
}

// Release gives the lock up. The file dir/lock stays: removing it would let two processes lock two files.
func (l *DirLock) Release() error {
	err := os.Remove(l.pid)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, l.flock.Close())
}
