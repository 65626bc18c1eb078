package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"hoso/infra/keys"
	"hoso/infra/move"
	"hoso/infra/proof"
	"hoso/infra/sqlite"
)

type restoreCmd struct {
	Backup       string `arg:"" help:"Folder that hoso backup made." placeholder:"BACKUP" type:"path"`
	ErasuresFrom string `help:"Who was erased since: the old installation as sqlite:DIR, esdb://… or postgres://… (keys), or a file with one person's id a line." placeholder:"WHERE"`
	Key          string `help:"File with the public key that must have signed every root (PEM or 64 hex digits)." placeholder:"FILE"`
	Against      string `help:"An earlier root, as hoso root printed it, or a file that holds it." placeholder:"ROOT"`
	JSON         bool   `help:"Answer as JSON." name:"json"`
}

// Help tells the order of things, and what becomes of erasures.
func (restoreCmd) Help() string {
	return `It restores into the engines that --data, --log and --keys choose, which must be empty: a folder without log, keys and views; a server without events; a database without keys, or one that still has all of this backup's and is then kept. Put the master key there first (DIR/master.key or HOSO_MASTER_KEY), and the signing key for the time after. Stop every hoso on those engines.

First everything is checked: the files against the manifest, the whole log with its hashes and roots, the keys against the master key, a database that --keys names for what it holds. A root for --against must not be newer than the backup. If anything is wrong, it says what, and nothing is touched. Then keys and log are copied, the copy is verified, and the log gets its name last: until then every other command refuses the folder and the server. Killed anywhere, the same command goes on or begins again.

Erasures: no key of a person of whom the log says that they were erased is restored. Of who was erased after the backup the log knows nothing: name the old installation with --erasures-from, whatever of it can still be read (its log, and its key store, which keeps the ids of the destroyed), or a list of the ids that hoso erase told. A key store that knows nobody of the backup is another installation's, and refused. Their keys are not restored either; the log itself gets no event about them.

Views build themselves anew at the next start. What was written after the backup is lost; roots signed since then, kept outside, show it (hoso verify --against).

--json gives {log_id, taken_at, events, roots, tree, persons (with a key), erased (whose keys were left out or destroyed), keys_kept, named (by --erasures-from), named_known (of them, to the backup), seconds}. Exit code 1: the backup is spoiled.`
}

type restored struct {
	LogID    uuid.UUID `json:"log_id"`
	TakenAt  time.Time `json:"taken_at"`
	Events   uint64    `json:"events"`
	Roots    uint64    `json:"roots"`
	Tree     string    `json:"tree"`
	Persons  int       `json:"persons"`
	Erased   int       `json:"erased"`
	KeysKept bool      `json:"keys_kept"`

	Named      int `json:"named"` // by --erasures-from
	NamedKnown int `json:"named_known"`

	Seconds float64 `json:"seconds"`
}

// Run restores a backup.
func (c *restoreCmd) Run(a *app) (err error) {
	options, err := (&verifyCmd{Key: c.Key, Against: c.Against}).options()
	if err != nil {
		return err
	}
	begun := time.Now()
	m, err := readManifest(c.Backup)
	if err != nil {
		return err
	}
	if err := a.mayRestore(m); err != nil {
		return err
	}
	if root := options.Against; root != nil && root.LogID == m.LogID.String() && root.Size > m.Events {
		return badInput("--against: the root covers %s events, the backup %s: the root is newer than the backup. Restore without it; check with hoso verify --against afterwards, which tells what is lost", thousands(root.Size), thousands(m.Events))
	}
	log, err := sqlite.OpenLogReadOnly(c.Backup)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	want, err := a.sound("checking the backup", log, options, m.Events)
	if err != nil {
		return err
	}
	if !m.fits(log.ID(), want) {
		return spoiled(c.Backup, "its log is not the one of its manifest: log %s with %d events, the manifest has log %s with %d", log.ID(), want.Events, m.LogID, m.Events)
	}
	erased, since, err := c.erased(a, log)
	if err != nil {
		return err
	}
	if err := a.opensKeys(c.Backup); err != nil {
		return err
	}
	if err := a.takesKeys(filepath.Join(c.Backup, keys.File)); err != nil {
		return err
	}
	doc := restored{LogID: m.LogID, TakenAt: m.TakenAt, Events: want.Events, Roots: want.Roots, Tree: want.Tree, Named: since.named, NamedKnown: since.known}
	if err := c.bring(a, m, log, want, erased, &doc); err != nil {
		return err
	}
	doc.Seconds = time.Since(begun).Seconds()
	if c.JSON {
		return a.document(doc)
	}
	a.printf("restored log %s as of %s: %s events, %s signed roots, keys of %s persons, in %.0f s\n", doc.LogID, localTime(doc.TakenAt),
		thousands(doc.Events), thousands(doc.Roots), thousands(uint64(doc.Persons)), doc.Seconds)
	a.printf("erasures: %d persons are erased here; of anybody erased after the backup it knows only what --erasures-from told.\n", doc.Erased)
	if c.ErasuresFrom != "" {
		a.printf("--erasures-from named %d persons; the backup knows %d of them.\n", doc.Named, doc.NamedKnown)
	}
	return nil
}

// namedPersons counts whom --erasures-from named, and those of them whom the backup's key store knows.
type namedPersons struct{ named, known int }

// erased is whom the backup's log says to be erased, and whom --erasures-from does.
func (c *restoreCmd) erased(a *app, log anyLog) (erased persons, n namedPersons, err error) {
	erased, err = erasedIn(a.ctx, log)
	if err != nil || c.ErasuresFrom == "" {
		return erased, n, err
	}
	known, err := personsIn(keys.ReadFile(a.ctx, filepath.Join(c.Backup, keys.File)))
	if err != nil {
		return nil, n, err
	}
	since, err := a.erasuresFrom(c.ErasuresFrom, log.ID(), known)
	if err != nil {
		return nil, n, err
	}
	for who := range since {
		if n.named++; known[who] {
			n.known++
		}
	}
	maps.Copy(erased, since)
	return erased, n, nil
}

// opensKeys refuses keys that the master key at hand does not open.
func (a *app) opensKeys(backup string) error {
	master, err := a.existingMaster(a.dataDir())
	if err != nil {
		return err
	}
	store, err := keys.OpenReadOnly(backup, master)
	if errors.Is(err, keys.ErrWrongMaster) {
		return failed("the master key here does not open the keys of the backup: bring the one they were made with (%s or %s)", filepath.Join(a.dataDir(), masterFile), keys.EnvMaster)
	}
	if err != nil {
		return err
	}
	return store.Close()
}

// bring copies keys and log; the log is named last.
func (c *restoreCmd) bring(a *app, m manifest, log anyLog, want proof.Report, erased persons, doc *restored) (err error) {
	dir := a.dataDir()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	target, err := a.openRestoreTarget(m)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.close()) }()
	if doc.Persons, doc.KeysKept, err = a.restoreKeys(filepath.Join(c.Backup, keys.File), erased); err != nil {
		return err
	}
	doc.Erased = len(erased)
	head, err := log.Head(a.ctx)
	if err != nil {
		return err
	}
	bar := a.paced("restoring the log", want.Events)
	_, err = move.Copy(a.ctx, log, target.anyLog, move.Options{Until: head, Copied: bar.at})
	bar.end()
	if err != nil {
		return err
	}
	got, err := a.sound("checking what was restored", target.anyLog, proof.VerifyOptions{}, want.Events)
	if err != nil {
		return err
	}
	want.KeyFromLog = got.KeyFromLog
	if err := sameLogs(want, got); err != nil {
		return err
	}
	if err := target.finish(a.ctx); err != nil {
		return err
	}
	if err := a.markServers(); err != nil {
		return err
	}
	return os.Remove(unfinishedRestore(dir))
}

// markServers notes in the folder what of it is on servers, so that a flag forgotten later
// begins nothing anew.
func (a *app) markServers() error {
	var log, keys error
	if a.Engines.Log != "" {
		log = markElsewhere(a.dataDir())
	}
	if a.Engines.Keys != "" {
		keys = markKeysElsewhere(a.dataDir())
	}
	return errors.Join(log, keys)
}

// restoreMark says which backup is being restored.
func restoreMark(m manifest) string {
	return fmt.Sprintf("A backup is being restored here: log %s as of %s, log.db %s. hoso restore of it goes on if it was interrupted.\n", m.LogID, m.TakenAt.Format(time.RFC3339), m.Files["log.db"].SHA256)
}

// mayRestore refuses a folder that holds anything, unless this backup's restore was interrupted there.
func (a *app) mayRestore(m manifest) error {
	dir := a.dataDir()
	if mark, err := os.ReadFile(unfinishedRestore(dir)); err == nil && string(mark) != restoreMark(m) {
		return failed("the restore of another backup was interrupted in %s: finish that, or choose another folder", dir)
	} else if err == nil {
		return nil
	}
	names := []string{"log.db", "views", "reactions.db", "manifest.json", filepath.Base(movedMark(dir)), filepath.Base(unfinishedMove(dir)), filepath.Base(elsewhere(dir))}
	if a.Engines.Keys == "" {
		names = append(names, keys.File, filepath.Base(keysElsewhere(dir)))
	}
	for _, name := range names {
		if exists(filepath.Join(dir, name)) {
			return badInput("%s has a %s already: restore into a folder that holds nothing but master.key and signing.key (--data)", dir, name)
		}
	}
	return nil
}

// openRestoreTarget locks the folder, marks it, and opens the log to be filled.
func (a *app) openRestoreTarget(m manifest) (*moveTarget, error) {
	dir := a.dataDir()
	lock, err := sqlite.LockDir(dir)
	if err != nil {
		return nil, err
	}
	resumed := exists(unfinishedRestore(dir))
	var target *moveTarget
	if err = sqlite.WriteFile(unfinishedRestore(dir), []byte(restoreMark(m))); err == nil {
		target, err = a.fillRestored(m, resumed)
	}
	if err == nil {
		return target.holding(lock), nil
	}
	if !resumed { // nothing was begun
		err = errors.Join(err, removeIfThere(unfinishedRestore(dir)))
	}
	return nil, errors.Join(err, lock.Release())
}

func (a *app) fillRestored(m manifest, resumed bool) (*moveTarget, error) {
	dir := a.dataDir()
	switch {
	case a.Engines.Log != "":
		return a.openTarget(a.logPlace(), m.LogID, resumed)
	case !exists(sqlite.LogFile(dir)):
		return fillFolder(dir, m.LogID)
	}
	// It was killed between the log's last step and the end.
	log, err := sqlite.OpenLogReadOnly(dir)
	if err != nil {
		return nil, err
	}
	return &moveTarget{anyLog: log, close: log.Close, finish: func(context.Context) error { return nil }}, nil
}
