package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"hoso/infra/esdb"
	"hoso/infra/sqlite"
)

// place is where a log is or shall be: a data folder, or a server.
type place struct{ dir, url string }

func parsePlace(flag, text string) (p place, err error) {
	dir, isDir := strings.CutPrefix(text, "sqlite:")
	switch {
	case isDir && dir != "":
		p.dir, err = filepath.Abs(dir)
		return p, err
	case strings.HasPrefix(text, "esdb://") || strings.HasPrefix(text, "esdb+discover://"):
		return place{url: text}, nil
	}
	return p, badInput("%s: name a log as sqlite:DIR, esdb://… or esdb+discover://…", flag)
}

// String names the place without a password.
func (p place) String() string {
	if p.dir != "" {
		return "sqlite:" + p.dir
	}
	scheme, rest, _ := strings.Cut(p.url, "://") // url.Parse refuses several hosts with ports
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		rest = rest[:end]
	}
	return scheme + "://" + rest[strings.LastIndex(rest, "@")+1:]
}

// howTo says which flags name the log there. A connection string may hold a password, and
// without its other settings it is another one: it is not repeated.
func (p place) howTo() string {
	if p.dir != "" {
		return "--data " + p.dir
	}
	return "--log and the whole connection string of " + p.String()
}

// moveSource is the log that is moved, frozen.
type moveSource struct {
	anyLog
	already bool                        // it was moved to the same target before
	moved   func(context.Context) error // says in the source that it stands elsewhere now
}

func (a *app) openSource(from, to place) (*moveSource, error) {
	if from.url != "" {
		return a.openServerSource(from, to)
	}
	if !exists(sqlite.LogFile(from.dir)) {
		return nil, failed("there is no log in %s", from.dir)
	}
	if exists(manifestFile(from.dir)) {
		return nil, failed("%s is a backup, which stays as it is: hoso restore brings it to life", from.dir)
	}
	if err := unfinishedIn(from.dir); err != nil {
		return nil, err
	}
	text := movedText(from, to)
	before, err := os.ReadFile(movedMark(from.dir))
	if err == nil && string(before) != text {
		return nil, errMoved(from.dir)
	}
	log, err := sqlite.OpenLog(from.dir, sqlite.LogOptions{})
	if err != nil {
		return nil, err
	}
	return &moveSource{anyLog: log, already: before != nil, moved: func(context.Context) error {
		return sqlite.WriteFile(movedMark(from.dir), []byte(text))
	}}, nil
}

func (a *app) openServerSource(from, to place) (*moveSource, error) {
	log, err := a.connectPlace(from, esdb.Options{Frozen: true})
	if err != nil {
		return nil, err
	}
	frozen, err := log.Frozen(a.ctx)
	if err == nil && frozen != nil && frozen.To != to.String() {
		err = frozen
	}
	already := frozen != nil && frozen.Moved
	if err == nil && !already {
		err = log.Freeze(a.ctx, to.String())
	}
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return &moveSource{anyLog: log, already: already, moved: func(ctx context.Context) error { return log.Moved(ctx, to.String()) }}, nil
}

func (a *app) connectPlace(p place, opt esdb.Options) (*esdb.Log, error) {
	ctx, cancel := context.WithTimeout(a.ctx, answersWithin)
	defer cancel()
	opt.Logger = a.logger(true)
	log, err := esdb.Open(ctx, p.url, opt)
	if errors.Is(err, context.DeadlineExceeded) {
		err = failed("the server %s has not answered within %s: %w", p, answersWithin, err)
	}
	return log, err
}

// thawPlace gives where the log had been moved, empty if nowhere.
func (a *app) thawPlace(p place) (was string, err error) {
	if p.url != "" {
		log, err := a.connectPlace(p, esdb.Options{Frozen: true})
		if err != nil {
			return "", err
		}
		frozen, err := log.Frozen(a.ctx)
		if err == nil && frozen != nil {
			was, err = frozen.To, log.Thaw(a.ctx)
		}
		return was, errors.Join(err, log.Close())
	}
	if !exists(movedMark(p.dir)) {
		return "", nil
	}
	lock, err := sqlite.LockDir(p.dir)
	if err != nil {
		return "", err
	}
	err = removeIfThere(elsewhere(p.dir))
	if err == nil {
		err = os.Remove(movedMark(p.dir))
	}
	return "the move", errors.Join(err, lock.Release())
}

// moveTarget is the log that is filled.
type moveTarget struct {
	anyLog
	complete bool // by an earlier move
	finish   func(context.Context) error
	close    func() error
}

// openTarget opens what is to be filled. A log of that id that is whole is refused, unless
// the source says that it was moved just there.
func (a *app) openTarget(to place, id uuid.UUID, already bool) (*moveTarget, error) {
	if to.dir != "" {
		return openFolderTarget(to.dir, id, already)
	}
	log, err := a.connectPlace(to, esdb.Options{Fill: id})
	if err != nil {
		return nil, err
	}
	complete, err := log.Complete(a.ctx)
	if err == nil && complete && !already {
		err = failed("%s holds this log already, from an earlier move: name a server that is empty", to)
	}
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return &moveTarget{anyLog: log, complete: complete, finish: log.Filled, close: log.Close}, nil
}

func openFolderTarget(dir string, id uuid.UUID, already bool) (_ *moveTarget, err error) {
	if exists(sqlite.LogFile(dir)) {
		if log, err := sqlite.OpenLogReadOnly(dir); err == nil && already && log.ID() == id {
			return &moveTarget{complete: true, close: log.Close}, nil
		} else if err == nil {
			err = log.Close()
			return nil, errors.Join(failed("%s holds a log already: name a folder without one", dir), err)
		}
		return nil, failed("%s holds a log already: name a folder without one", dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := sqlite.LockDir(dir)
	if err != nil {
		return nil, err
	}
	t, err := fillFolder(dir, id)
	if err != nil {
		return nil, errors.Join(err, lock.Release())
	}
	return t.holding(lock), nil
}

// fillFolder opens the log that is filled in a locked folder.
func fillFolder(dir string, id uuid.UUID) (*moveTarget, error) {
	building := unfinishedMove(dir)
	log, err := sqlite.OpenLog(building, sqlite.LogOptions{ID: id})
	if err != nil {
		return nil, err
	}
	return &moveTarget{anyLog: log, close: log.Close, finish: func(context.Context) error {
		if err := log.Close(); err != nil {
			return err
		}
		return moveLogUp(building, dir)
	}}, nil
}

// holding lets closing the target release a folder's lock.
func (t *moveTarget) holding(lock *sqlite.DirLock) *moveTarget {
	inner := t.close
	t.close = func() error { return errors.Join(inner(), lock.Release()) }
	return t
}
