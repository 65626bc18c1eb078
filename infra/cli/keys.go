package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"time"

	"hoso/infra/keys"
	"hoso/infra/sqlite"
)

type keysCmd struct {
	Rotate rotateCmd `cmd:"" help:"Change the master key."`
	Sweep  sweepCmd  `cmd:"" help:"Destroy keys that no event was ever sealed with."`
}

type rotateCmd struct {
	New  string `help:"File with the new master key (64 hex digits); made where it is missing. Without it one is made up." placeholder:"FILE" type:"path"`
	JSON bool   `help:"Answer as JSON." name:"json"`
}

// Help tells what changes, and what old backups need.
func (rotateCmd) Help() string {
	return `Every person's key is wrapped anew, in one transaction; the log, the views and every hash stay as they are. Killed at any moment, one of the two master keys opens everything, and the next start finds out which.

Where the master key lies in DIR/master.key, the new one takes its place and the old one is kept beside it, as master.key.before-TIME: backups made until now open with that one only. Keep it with them, elsewhere, and destroy it with the last of them. Where HOSO_MASTER_KEY brings it, --new is needed, and from then on that key.

Keys in the data folder: stop the server first. Keys in PostgreSQL: other instances are told at once, go on answering with the keys they have at hand, make no new persons and say so in /readyz, and the views whose turn they have stand still, until they are started again (hoso serve ends by itself after 10 seconds of that, for whatever watches over it) with the new master key: bring it to each of them, into its own DIR/master.key or its HOSO_MASTER_KEY. A backup made before can only be restored into an empty key database: beside the living keys it is refused.

--json gives {persons (whose keys are wrapped anew), old_key (file; missing where the environment brings it), seconds}.`
}

// Run changes the master key.
func (c *rotateCmd) Run(a *app) (err error) {
	dir, begun := a.dataDir(), time.Now()
	fromFile := a.env(keys.EnvMaster) == ""
	if !fromFile && c.New == "" {
		return badInput("%s brings the master key, so --new FILE must say where the new one is, or shall be", keys.EnvMaster)
	}
	if a.Engines.Keys == "" {
		lock, err := sqlite.LockDir(dir)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, lock.Release()) }()
	}
	release, err := a.holdRotation(dir, fromFile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	if fromFile {
		if _, _, err := a.wrapping(dir, filepath.Join(dir, masterFile)); err != nil { // one that was interrupted
			return err
		}
	}
	before, err := a.existingMaster(dir)
	if err != nil {
		return err
	}
	store, err := a.openExistingKeys(before)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if now, bad := keys.ReadMaster(c.New); c.New != "" && bad == nil && now == before {
		return badInput("--new: %s holds the master key of now: name another file, or one that is not there yet", c.New)
	}
	file := stagedName(dir, begun)
	next, old, err := c.stage(dir, file, fromFile, begun)
	if err != nil {
		return err
	}
	if err := store.Rewrap(a.ctx, next); err != nil {
		return err
	}
	if fromFile {
		if err := placeMaster(dir, file, next); err != nil {
			return err
		}
	}
	persons := 0
	for _, err := range store.Each(a.ctx) {
		if err != nil {
			return err
		}
		persons++
	}
	return c.tell(a, persons, old, time.Since(begun))
}

func (c *rotateCmd) tell(a *app, persons int, old string, took time.Duration) error {
	if c.JSON {
		return a.document(struct {
			Persons int     `json:"persons"`
			OldKey  string  `json:"old_key,omitempty"`
			Seconds float64 `json:"seconds"`
		}{persons, old, took.Seconds()})
	}
	a.printf("the keys of %s persons are wrapped by the new master key\n", thousands(uint64(persons)))
	if old == "" {
		a.printf("set %s to the key in %s from now on. Backups made until now open with the one before only.\n", keys.EnvMaster, c.New)
	} else {
		a.printf("the old one is in %s: backups made until now open with it only. Keep it with them, elsewhere, or destroy it with them.\n", old)
	}
	return nil
}

// stage puts the next master key on disk, in a file of that name, and keeps the one of now where a file holds it.
func (c *rotateCmd) stage(dir, file string, fromFile bool, now time.Time) (next keys.Master, old string, err error) {
	if c.New != "" {
		if !exists(c.New) {
			if err := keys.NewMaster().Save(c.New); err != nil {
				return next, "", err
			}
		}
		if next, err = keys.ReadMaster(c.New); err != nil {
			return next, "", badInput("--new: %s", err)
		}
	} else {
		next = keys.NewMaster()
	}
	if !fromFile {
		return next, "", nil
	}
	text, err := os.ReadFile(filepath.Join(dir, masterFile))
	if err != nil {
		return next, "", err
	}
	if err := removeCopies(dir, text); err != nil {
		return next, "", err
	}
	old = filepath.Join(dir, masterFile+".before-"+now.UTC().Format("20060102T150405.000Z"))
	return next, old, errors.Join(sqlite.WriteFile(old, text), next.Save(file))
}

// removeCopies removes what changes that came to nothing kept of the master key of now.
func removeCopies(dir string, text []byte) error {
	kept, err := filepath.Glob(filepath.Join(dir, masterFile+".before-*"))
	for _, file := range kept {
		same, bad := os.ReadFile(file)
		if bad == nil && (bytes.Equal(same, text) || filepath.Ext(file) == ".new") { // or was never finished
			bad = os.Remove(file)
		}
		err = errors.Join(err, bad)
	}
	return err
}
