package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"hoso/infra/sqlite"
)

// What may stand in a data folder beside its files, and what it means. Each is one
// file or folder, made whole or not at all, so that a crash leaves the state before or after.
//
//	log-elsewhere.txt   the log is on a server
//	keys-elsewhere.txt  the keys are in a database
//	log-moved.txt       the log in this folder was moved elsewhere and stays as it was
//	unfinished-move     a log is being moved in
//	unfinished-restore  a backup is being restored
//	manifest.json       the folder is a backup

// movedMark is a file that says where the folder's log was moved to.
func movedMark(dir string) string { return filepath.Join(dir, "log-moved.txt") }

// unfinishedMove is where a log stands while it is moved into a folder.
func unfinishedMove(dir string) string { return filepath.Join(dir, "unfinished-move") }

// unfinishedRestore is a file that stands while a backup is restored into a folder.
func unfinishedRestore(dir string) string { return filepath.Join(dir, "unfinished-restore.txt") }

func movedText(from, to place) string {
	return fmt.Sprintf("The log of %s was moved to %s: go on there with %s. log.db stays as it was then; hoso move --thaw --from %s takes it back, without what was written elsewhere since.\n",
		from.dir, to, to.howTo(), from)
}

// errMoved gives the mark's sentence.
func errMoved(dir string) error {
	text, err := os.ReadFile(movedMark(dir))
	if err != nil {
		return err
	}
	return failed("%s", strings.TrimSpace(string(text)))
}

// unfinishedIn refuses a folder into which something was not brought to its end.
func unfinishedIn(dir string) error {
	switch {
	case exists(sqlite.LogFile(unfinishedMove(dir))) && !exists(unfinishedRestore(dir)):
		return failed("a log is being moved into %s, or that was interrupted: run the same hoso move again, or remove %s", dir, unfinishedMove(dir))
	case exists(unfinishedRestore(dir)):
		return failed("a backup is being restored into %s, or that was interrupted: run the same hoso restore again", dir)
	}
	return nil
}

// mayRead refuses a folder whose own log is not the one to be asked.
func (a *app) mayRead() error {
	dir := a.dataDir()
	if err := unfinishedIn(dir); err != nil {
		return err
	}
	if a.Engines.Log == "" && exists(movedMark(dir)) {
		return errMoved(dir)
	}
	return nil
}

// mayWrite refuses a folder in which nobody may go on.
func (a *app) mayWrite() error {
	if exists(manifestFile(a.dataDir())) {
		return failed("%s is a backup, which stays as it is: hoso restore %s --data ANOTHER brings it to life", a.dataDir(), a.dataDir())
	}
	return a.mayRead()
}

// ownLog reports whether a folder has a log that was not moved elsewhere.
func ownLog(dir string) bool { return exists(sqlite.LogFile(dir)) && !exists(movedMark(dir)) }

// moveLogUp brings a whole, closed log to its place. The log counts once it has its name.
func moveLogUp(building, dir string) error {
	if err := sqlite.Settle(sqlite.LogFile(building)); err != nil {
		return err
	}
	if err := removeIfThere(elsewhere(dir)); err != nil {
		return err
	}
	if err := sqlite.Rename(sqlite.LogFile(building), sqlite.LogFile(dir)); err != nil {
		return err
	}
	for _, name := range append(lockFiles, "") {
		if err := removeIfThere(filepath.Join(building, name)); err != nil {
			return err
		}
	}
	return nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
