package cli

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"hoso/infra/keys"
	"hoso/infra/postgres"
	"hoso/infra/sqlite"
)

// A change of the master key lays the next one beside the one of now, in a file
// of its own name, wraps all keys with it, and gives it the place of the one of
// now. As long as that lasts it holds a lock on the folder's master key (not
// the folder's lock, which a server may hold) and one in PostgreSQL, for those
// who change it from another folder. A file that was laid there may hold the
// only key that opens: it goes when another change has wrapped all keys since,
// and not before: PostgreSQL may carry out what a program asked for that has died.

// stagedMaster is how the names of next master keys begin.
func stagedMaster(dir string) string { return filepath.Join(dir, masterFile+".new") }

// stagedName is a name for a next master key, never given before.
func stagedName(dir string, now time.Time) string {
	unlike := make([]byte, 4)
	rand.Read(unlike)
	return stagedMaster(dir) + "-" + now.UTC().Format("20060102T150405.000Z") + "-" + hex.EncodeToString(unlike)
}

// staged are the files of next master keys.
func staged(dir string) (files []string, err error) {
	all, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	for _, e := range all {
		if strings.HasPrefix(e.Name(), filepath.Base(stagedMaster(dir))) {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	return files, err
}

// masterLock is held by who may put another master key into its place.
func masterLock(dir string) *flock.Flock {
	return flock.New(filepath.Join(dir, masterFile+".lock"), flock.SetPermissions(0o600))
}

// holdRotation keeps everybody else from changing the master key, and gives
// what ends that.
func (a *app) holdRotation(dir string, fromFile bool) (release func() error, err error) {
	release = func() error { return nil }
	busy := failed("the master key is being changed by somebody else at this moment: wait until that has ended")
	if fromFile && exists(dir) {
		lock := masterLock(dir)
		switch got, err := lock.TryLock(); {
		case err != nil:
			return nil, err
		case !got:
			return nil, busy
		}
		release = lock.Close
	}
	if a.Engines.Keys == "" {
		return release, nil
	}
	letGo := release
	err = checkKeysURL(a.Engines.Keys)
	if err == nil {
		var free func() error
		if free, err = postgres.HoldRotation(a.ctx, a.Engines.Keys); err == nil {
			return func() error { return errors.Join(free(), letGo()) }, nil
		}
	}
	if errors.Is(err, postgres.ErrRotating) {
		err = busy
	}
	return nil, errors.Join(err, letGo())
}

// settleRotation ends a change of the master key that was interrupted after
// all keys had been wrapped anew: the new one gets its place. Of a change that
// is under way it gives the key by which all are wrapped already, where it is so far.
func (a *app) settleRotation(dir string) (next keys.Master, underWay bool, err error) {
	if a.env(keys.EnvMaster) != "" {
		return next, false, nil
	}
	if files, err := staged(dir); err != nil || len(files) == 0 {
		return next, false, err
	}
	lock := masterLock(dir)
	if got, err := lock.TryLock(); err != nil || !got { // it cannot be written, or somebody changes it
		return a.wrapping(dir, "")
	}
	_, _, err = a.wrapping(dir, filepath.Join(dir, masterFile))
	return keys.Master{}, false, errors.Join(err, lock.Close())
}

// wrapping finds the next master key that wraps all keys already. Where it has a
// place to take, which needs the lock, it takes it.
func (a *app) wrapping(dir, place string) (next keys.Master, found bool, err error) {
	files, err := staged(dir)
	for _, file := range files {
		next, bad := keys.ReadMaster(file)
		if bad != nil { // it is being written, and wraps nothing; or it has got its place
			continue
		}
		opens, err := next.Opens(a.keyEntries())
		if err == nil && !opens {
			continue
		}
		if err == nil && place != "" {
			err = sqlite.Rename(file, place)
		}
		return next, err == nil, err
	}
	return next, false, err
}

// placeMaster gives a master key its place, by which all keys are wrapped now.
// The others that were laid there wrap nothing any more, and never will.
func placeMaster(dir, file string, next keys.Master) error {
	place := filepath.Join(dir, masterFile)
	err := sqlite.Rename(file, place)
	if errors.Is(err, os.ErrNotExist) { // a server of another version that was started meanwhile has done it
		if now, bad := keys.ReadMaster(place); bad == nil && now == next {
			err = nil
		}
	}
	if err != nil {
		return err
	}
	left, err := staged(dir)
	for _, file := range left {
		err = errors.Join(err, removeIfThere(file))
	}
	return err
}
