package cli

import (
	"bytes"
	"errors"
	"iter"
	"path/filepath"

	"hoso/domain"
	"hoso/infra/keys"
	"hoso/infra/postgres"
	"hoso/infra/sqlite"
)

// restoreKeys brings a backup's keys, but those of the erased, to where --keys
// says, and tells how many persons have one there. A database that still has
// all of them is kept: it knows more than the backup.
func (a *app) restoreKeys(from string, erased persons) (living int, kept bool, err error) {
	entries := counting(keys.Without(keys.ReadFile(a.ctx, from), erased), &living)
	if a.Engines.Keys == "" {
		to := filepath.Join(a.dataDir(), keys.File)
		if err := keys.WriteFile(a.ctx, to+".restoring", entries); err != nil {
			return 0, false, err
		}
		return living, false, sqlite.Rename(to+".restoring", to)
	}
	if err := checkKeysURL(a.Engines.Keys); err != nil {
		return 0, false, err
	}
	err = postgres.Load(a.ctx, a.Engines.Keys, entries)
	if !errors.Is(err, postgres.ErrNotEmpty) {
		return living, false, err
	}
	living, err = a.keepKeys(from, erased)
	return living, true, err
}

// counting counts the persons who have a key.
func counting(entries iter.Seq2[keys.Entry, error], n *int) iter.Seq2[keys.Entry, error] {
	return func(yield func(keys.Entry, error) bool) {
		*n = 0
		for e, err := range entries {
			if e.Person() && !e.Destroyed() {
				*n++
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// takesKeys sees whether the database that --keys names can be reached, and is empty or
// keeps the backup's keys, before anything is touched.
func (a *app) takesKeys(from string) error {
	if a.Engines.Keys == "" {
		return nil
	}
	if err := checkKeysURL(a.Engines.Keys); err != nil {
		return err
	}
	_, err := a.kept(from)
	return err
}

// kept are the persons in the key database, and whether each has a key still; none where it
// is empty. It is refused unless it has the backup's keys, or later ones of the same store.
func (a *app) kept(from string) (alive map[domain.SubjectID]bool, err error) {
	alive = map[domain.SubjectID]bool{}
	var seed []byte
	for e, err := range postgres.Dump(a.ctx, a.Engines.Keys) {
		switch {
		case noKeysThere(err):
			return nil, nil
		case err != nil:
			return nil, err
		case e.Secret != "":
			seed = e.Wrapped
		case e.Person():
			alive[e.Subject] = !e.Destroyed()
		}
	}
	if seed == nil && len(alive) == 0 {
		return nil, nil
	}
	for e, err := range keys.ReadFile(a.ctx, from) {
		_, there := alive[e.Subject]
		switch {
		case err != nil:
			return nil, err
		case e.Secret != "" && !bytes.Equal(e.Wrapped, seed):
			return nil, failed("the key database holds other keys already, or the same under another master key: name an empty one with --keys")
		case e.Person() && !e.Destroyed() && !there:
			return nil, failed("the key database holds older keys than the backup: name an empty one with --keys")
		}
	}
	return alive, nil
}

// keepKeys leaves the keys of a database where they are and destroys those of the erased.
func (a *app) keepKeys(from string, erased persons) (living int, err error) {
	alive, err := a.kept(from)
	if err != nil {
		return 0, err
	}
	master, err := a.existingMaster(a.dataDir())
	if err != nil {
		return 0, err
	}
	store, err := postgres.Open(a.ctx, a.Engines.Keys, master)
	if err != nil {
		return 0, err
	}
	for who := range erased {
		if alive[who] && err == nil {
			err = store.Destroy(a.ctx, who)
			alive[who] = false
		}
	}
	for _, has := range alive {
		if has {
			living++
		}
	}
	return living, errors.Join(err, store.Close())
}
