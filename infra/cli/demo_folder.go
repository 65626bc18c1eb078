package cli

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"hoso/infra/sqlite"
)

// unfinishedFolder is where, inside its data folder, the demo's first
// simulation lives until it is whole. A process killed on the way leaves it
// behind, and never a half-made log where others would take it for a whole one.
const unfinishedFolder = "unfinished-demo"

// unfinishedMark is the first file that the demo writes there, and the last it
// takes away. While it is there no command but the demo's simulation writes in
// that folder (openStack), so nobody's dossiers can be in it.
func unfinishedMark(dir string) string { return filepath.Join(dir, "unfinished-demo.txt") }

// demoFiles are the names a simulation makes, in the order they move up: the
// log last, since a folder counts as prepared once it has one. lock and
// lock.pid belong to the folder they lie in.
var demoFiles = []string{
	"keys.db", "keys.db-wal", "keys.db-shm", "keys.db-journal", masterFile, "signing.key", "signing.pub", "views",
	"simulated.txt", "log.db-wal", "log.db-shm", "log.db-journal", "log.db",
}

var lockFiles = []string{"lock", "lock.pid"}

// prepare simulates into a folder without a log. It begins in a folder of its
// own and moves the whole up when it is done; one that a killed demo left
// there is moved up if it was done, and begun anew if it was not.
func (c *demoCmd) prepare(a *app) (err error) {
	dir := a.dataDir()
	building := filepath.Join(dir, unfinishedFolder)
	if exists(sqlite.LogFile(dir)) && !exists(building) {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	lock, err := sqlite.LockDir(dir) // two demos in one folder
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	if err := notInUse(building); err != nil {
		return err
	}
	switch {
	case exists(unfinishedMark(building)):
		err = discardUnfinished(building)
	case exists(sqlite.LogFile(building)):
		return moveUp(building, dir)
	default:
		err = removeUnfinished(building)
	}
	if err != nil || exists(sqlite.LogFile(dir)) {
		return err
	}
	if err := nothingInTheWay(dir, demoFiles); err != nil {
		return err
	}
	if err := os.Mkdir(building, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(unfinishedMark(building), []byte("A demo is being made here; hoso demo begins it anew if it was interrupted.\n"), 0o600); err != nil {
		return err
	}
	if err := c.live(a, building); err != nil {
		return err
	}
	if err := os.Remove(unfinishedMark(building)); err != nil {
		return err
	}
	return moveUp(building, dir)
}

// live simulates into the unfinished folder.
func (c *demoCmd) live(a *app, building string) error {
	begun, within := time.Now(), *a
	within.Data = building
	doc, err := within.simulate(simulateCmd{Dossiers: c.Dossiers, Seed: c.Seed, Days: demoDays, demo: true}, time.Now())
	if err != nil {
		return err
	}
	a.tellf("simulated %d dossiers over %d days, %s events, in %.1f s", doc.Dossiers, demoDays, thousands(doc.Events), time.Since(begun).Seconds())
	return nil
}

// notInUse refuses to touch a folder that a process writes in.
func notInUse(building string) error {
	if !exists(building) {
		return nil
	}
	lock, err := sqlite.LockDir(building)
	if err != nil {
		return err
	}
	return lock.Release()
}

// discardUnfinished deletes what a killed demo left: the names a simulation
// makes and nothing else, the mark last, so that a deletion cut short is gone
// on with. Anything else in there is somebody's, and stops it.
func discardUnfinished(building string) error {
	entries, err := os.ReadDir(building)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		if !slices.Contains(demoFiles, name) && !slices.Contains(lockFiles, name) && name != filepath.Base(unfinishedMark(building)) {
			return failed("%s is a demo's unfinished folder, but %s in it is not the demo's: move it elsewhere, or choose another folder", building, name)
		}
	}
	for _, name := range demoFiles {
		if err := os.RemoveAll(filepath.Join(building, name)); err != nil {
			return err
		}
	}
	return removeUnfinished(building)
}

// removeUnfinished removes an unfinished folder that holds nothing any more
// but its locks and its mark; whatever else is in it keeps it there.
func removeUnfinished(building string) error {
	for _, name := range append(slices.Clone(lockFiles), filepath.Base(unfinishedMark(building)), "") {
		if err := os.Remove(filepath.Join(building, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// moveUp brings a whole simulation, or what is left of one on the way, to its place.
func moveUp(building, dir string) error {
	var left []string
	for _, name := range demoFiles {
		if exists(filepath.Join(building, name)) {
			left = append(left, name)
		}
	}
	if err := nothingInTheWay(dir, left); err != nil {
		return err
	}
	for _, name := range left {
		if err := os.Rename(filepath.Join(building, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return removeUnfinished(building)
}

// nothingInTheWay refuses to write over files that the demo did not make.
func nothingInTheWay(dir string, names []string) error {
	for _, name := range names {
		if exists(filepath.Join(dir, name)) {
			return badInput("%s has a %s but no whole log of a demo: give the demo an empty folder", dir, name)
		}
	}
	return nil
}
