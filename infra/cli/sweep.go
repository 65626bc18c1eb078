package cli

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/infra/keys"
	"hoso/infra/sqlite"
)

type sweepCmd struct {
	Older time.Duration `help:"Only keys made so long ago (default ${default}): a submission that is being repeated still needs its own." default:"720h" placeholder:"DURATION"`
	Max   int           `help:"Destroy nothing where more are found (default ${default}): then log and keys do not belong together." default:"100" placeholder:"N"`
	Many  bool          `help:"Destroy also where more than half of the keys, and more than 10, are orphans, or the log names nobody who has one: only where you know that the log is the newest of this installation."`
	Dry   bool          `help:"Tell only." name:"dry-run"`
	JSON  bool          `help:"Answer as JSON." name:"json"`
}

// Help tells what an orphan is.
func (sweepCmd) Help() string {
	return `A key is on disk before the first event that needs it. Where that event was never written (a refusal, a crash), the key stays, with the keyed hash of an ID number. This looks for persons whom no event of the whole log names, and destroys their keys. Such a person who comes later is a new one. Be sure that the log is the newest, not a restored older one: where most keys would go, or the log names nobody who has one, it refuses without --many. Keys in the data folder: stop the server first. Keys in PostgreSQL: servers may run; each is kept from writing for an orphan until it is known whether it is still one.

--json gives {persons (with a key), orphans, destroyed}.`
}

// Run destroys orphans.
func (c *sweepCmd) Run(a *app) (err error) {
	if c.Older < time.Hour {
		return badInput("--older must be at least 1h")
	}
	if a.Engines.Keys == "" {
		lock, err := sqlite.LockDir(a.dataDir())
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, lock.Release()) }()
	}
	master, err := a.existingMaster(a.dataDir())
	if err != nil {
		return err
	}
	store, err := a.openExistingKeys(master)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	log, err := a.readLog(a.ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	if mayLag(log) {
		return failed("--log names nodes that may lag behind the newest events, which would make orphans of persons: leave nodePreference out, or set it to leader")
	}
	all, orphans, read, err := a.orphans(store, log, time.Now().Add(-c.Older))
	if err != nil {
		return err
	}
	if len(orphans) > c.Max {
		return failed("%d of %d keys seem to be orphans, which is more than --max %d: are log and keys of one installation, and the log the newest? Nothing was destroyed", len(orphans), all.keys, c.Max)
	}
	if n := len(orphans); n > 0 && !c.Many && (all.named == 0 || n > 10 && 2*n > all.keys) {
		return failed("%d of %d keys seem to be orphans, and this log names %d persons who have a key: is it another log, or an older copy? Nothing was destroyed; --many destroys them all the same", n, all.keys, all.named)
	}
	destroyed, found := 0, len(orphans)
	if !c.Dry {
		if destroyed, err = a.destroyOrphans(store, log, orphans, read); err != nil {
			return err
		}
	}
	if c.JSON {
		return a.document(struct {
			Persons   int `json:"persons"`
			Orphans   int `json:"orphans"`
			Destroyed int `json:"destroyed"`
		}{all.keys, found, destroyed})
	}
	a.printf("%s keys, %d of them older than %s and named by no event; %d destroyed\n", thousands(uint64(all.keys)), found, c.Older, destroyed)
	return nil
}

// counted are keys, and those of them whose persons a log names.
type counted struct{ keys, named int }

// orphans are persons with a key made before a time whom no event names up to a position.
func (a *app) orphans(store *keys.Store, log anyLog, before time.Time) (all counted, left persons, read eventlog.Position, err error) {
	left = persons{}
	for live, err := range store.Each(a.ctx) {
		if err != nil {
			return all, nil, read, err
		}
		left[live.Subject] = live.CreatedAt.Before(before)
	}
	all.keys = len(left)
	bar := a.progress("reading the log")
	defer bar.end()
	read, err = a.unnamed(left, log, read, func(events uint64) { bar.at(events, 0) })
	all.named = all.keys - len(left)
	maps.DeleteFunc(left, func(_ domain.SubjectID, old bool) bool { return !old })
	return all, left, read, err
}

// unnamed takes out of a set whom an event behind a position names, and tells how far it read.
func (a *app) unnamed(left persons, log anyLog, after eventlog.Position, tell func(events uint64)) (read eventlog.Position, err error) {
	events := uint64(0)
	for batch, err := range log.Subscribe(a.ctx, after, eventlog.Filter{}) {
		if err != nil {
			return read, err
		}
		for _, e := range batch.Events {
			// Whatever looks like the id counts, wherever it stands: better a key too many.
			named(left, []byte(e.Stream))
			named(left, e.Data)
			named(left, e.Meta)
		}
		read, events = batch.End, events+uint64(len(batch.Events))
		tell(events)
		if batch.Live {
			return read, nil
		}
	}
	return read, a.ctx.Err()
}

// destroyOrphans bars everybody from writing for them, looks once more at what
// was written since, and destroys the keys of those who are still orphans.
func (a *app) destroyOrphans(store *keys.Store, log anyLog, orphans persons, read eventlog.Position) (destroyed int, err error) {
	var barred []domain.SubjectID
	defer func() {
		for _, who := range barred { // after Destroy, too
			err = errors.Join(err, store.Unbar(context.WithoutCancel(a.ctx), who))
		}
	}()
	for who := range orphans {
		switch err := store.Bar(a.ctx, who); {
		case errors.Is(err, domain.ErrBeingErased):
			delete(orphans, who)
		case err != nil:
			return 0, err
		default:
			barred = append(barred, who)
		}
	}
	for who := range orphans {
		// Right before each: an append that nobody could wait for may have arrived.
		if read, err = a.unnamed(orphans, log, read, func(uint64) {}); err != nil {
			return destroyed, err
		}
		if !orphans[who] {
			continue
		}
		if err := store.Destroy(a.ctx, who); err != nil {
			return destroyed, err
		}
		destroyed++
	}
	return destroyed, nil
}

// named takes out of a set whose ids stand in a text.
func named(left map[domain.SubjectID]bool, text []byte) {
	const id, firstDash = 36, 8
	for at := 0; ; {
		dash := bytes.IndexByte(text[at:], '-')
		if dash < 0 {
			return
		}
		if from := at + dash - firstDash; from >= 0 && from+id <= len(text) {
			if who, err := uuid.ParseBytes(text[from : from+id]); err == nil {
				delete(left, who)
			}
		}
		at += dash + 1
	}
}
