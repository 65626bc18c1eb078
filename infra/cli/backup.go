package cli

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"hoso/infra/keys"
	"hoso/infra/move"
	"hoso/infra/postgres"
	"hoso/infra/proof"
	"hoso/infra/sqlite"
)

type backupCmd struct {
	To   string `arg:"" help:"Folder to make; it must not exist yet." placeholder:"DIR-TO" type:"path"`
	Rate int    `help:"Events copied a second at most, to leave a busy server its disk (default: as fast as it goes)." placeholder:"N"`
	Key  string `help:"File with the public key that must have signed every root (PEM or 64 hex digits)." placeholder:"FILE"`
	JSON bool   `help:"Answer as JSON." name:"json"`
}

// Help tells what is in a backup and what is not.
func (backupCmd) Help() string {
	return `It runs beside a server and holds nobody up: it reads in short pieces. First the log as it is at the beginning, from whichever engine, as an embedded log.db, which is then verified; after it the key store, as a keys.db. It is made under another name and renamed at its end: a folder of the name you gave is whole. Each backup is a whole one; there are no increments.

hoso --data DIR-TO verify checks its log. NOT in it are the master key (DIR/master.key or HOSO_MASTER_KEY) and the signing key: keep both elsewhere, never beside a backup. Without the master key nobody reads personal data again, from no backup; and whoever has it with a backup reads the data of persons erased since. Views and the reactions' ledger are not in it either: they build themselves anew.

--json gives the manifest: {what, format, taken_at, program, log, keys, log_id, events, streams, roots, tree, root, position, files}. Exit code 1: the log is not sound, and nothing was made.`
}

// unfinishedBackup ends the name of a folder in which a backup is being made.
const unfinishedBackup = ".unfinished"

// Run makes the backup.
func (c *backupCmd) Run(a *app) (err error) {
	if c.Rate < 0 {
		return badInput("--rate must not be negative")
	}
	options, err := (&verifyCmd{Key: c.Key}).options()
	if err != nil {
		return err
	}
	if exists(c.To) {
		return badInput("%s exists already: name a folder that does not", c.To)
	}
	log, err := a.readLog(a.ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	building := c.To + unfinishedBackup
	if err := clearUnfinished(building); err != nil {
		return err
	}
	begun := time.Now()
	m := manifest{
		What: manifestWhat, Format: manifestFormat, TakenAt: begun.UTC().Truncate(time.Second), Program: version(),
		Log: a.logPlace().String(), Keys: a.keysPlace(), LogID: log.ID(),
	}
	if err := a.backupLog(log, building, c.Rate, options, &m); err != nil {
		return errors.Join(err, clearUnfinished(building))
	}
	if err := a.backupKeys(filepath.Join(building, keys.File)); err != nil { // after the log: a key is there before its first event
		return errors.Join(err, clearUnfinished(building))
	}
	if err := finishBackup(building, c.To, m); err != nil {
		return err
	}
	if c.JSON {
		m, err := readManifest(c.To)
		return errors.Join(err, a.document(m))
	}
	a.printf("backed up log %s: %s events, %s signed roots, and the keys, in %.0f s, to %s\n", m.LogID, thousands(m.Events), thousands(m.Roots), time.Since(begun).Seconds(), c.To)
	a.printf("NOT in it: the master key, without which the persons' data stays closed for ever, and the signing key. Keep both, elsewhere.\n")
	return nil
}

// backupLog copies the log as it is now and verifies the copy.
func (a *app) backupLog(log anyLog, building string, rate int, options proof.VerifyOptions, m *manifest) (err error) {
	head, err := log.Head(a.ctx)
	if err != nil {
		return err
	}
	total := uint64(0)
	if _, file := log.(*sqlite.Log); file {
		total = head.Commit
	}
	target, err := sqlite.OpenLog(building, sqlite.LogOptions{ID: log.ID(), Relaxed: true}) // Settle puts it on disk
	if err != nil {
		return err
	}
	bar := a.paced("backing up the log", total)
	_, err = move.Copy(a.ctx, log, target, move.Options{Until: head, Rate: rate, Copied: bar.at})
	bar.end()
	var report proof.Report
	if err == nil {
		report, err = a.sound("checking the backup", target, options, total)
	}
	if err == nil {
		root, signed, bad := newestRoot(a.ctx, target)
		if err = bad; signed {
			m.Root = proof.Root(root).String()
		}
	}
	m.Events, m.Streams, m.Roots, m.Tree, m.At = report.Events, report.Streams, report.Roots, report.Tree, head.String()
	if err := errors.Join(err, target.Close()); err != nil {
		return err
	}
	return sqlite.Settle(sqlite.LogFile(building))
}

// backupKeys copies the key store, wrapped as it is.
func (a *app) backupKeys(to string) error {
	if a.Engines.Keys == "" {
		from, err := a.ownKeys()
		if err != nil {
			return err
		}
		return keys.CopyFile(a.ctx, from, to)
	}
	if err := checkKeysURL(a.Engines.Keys); err != nil {
		return err
	}
	return keys.WriteFile(a.ctx, to, postgres.Dump(a.ctx, a.Engines.Keys))
}

// finishBackup writes the manifest and gives the folder its name.
func finishBackup(building, to string, m manifest) error {
	for _, name := range lockFiles {
		if err := removeIfThere(filepath.Join(building, name)); err != nil {
			return err
		}
	}
	if err := m.write(building); err != nil {
		return err
	}
	if exists(to) {
		return failed("%s was made by somebody else meanwhile: the backup stays in %s", to, building)
	}
	return sqlite.Rename(building, to)
}

// clearUnfinished removes what an interrupted backup left, and nothing else.
func clearUnfinished(building string) error {
	if !exists(building) {
		return nil
	}
	lock, err := sqlite.LockDir(building)
	if err != nil {
		return err
	}
	defer lock.Release()
	// The manifest first: what has one is whole.
	if err := removeIfThere(manifestFile(building)); err != nil {
		return err
	}
	for name := range backupFiles {
		for _, tail := range []string{"", "-wal", "-shm", "-journal"} {
			if err := removeIfThere(filepath.Join(building, name+tail)); err != nil {
				return err
			}
		}
	}
	for _, name := range append([]string{"manifest.json.new"}, lockFiles...) {
		if err := removeIfThere(filepath.Join(building, name)); err != nil {
			return err
		}
	}
	if err := os.Remove(building); err != nil {
		return failed("%s holds what no backup made: move it elsewhere (%s)", building, reason(err))
	}
	return nil
}

// logPlace is where the chosen log is.
func (a *app) logPlace() place {
	if a.Engines.Log != "" {
		return place{url: a.Engines.Log}
	}
	return place{dir: a.absDir()}
}

func (a *app) absDir() string {
	if dir, err := filepath.Abs(a.dataDir()); err == nil {
		return dir
	}
	return a.dataDir()
}
