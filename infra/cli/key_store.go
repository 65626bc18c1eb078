package cli

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"os"
	"path/filepath"

	"hoso/domain/eventlog"
	"hoso/infra/keys"
	"hoso/infra/postgres"
	"hoso/infra/sqlite"
)

// keysElsewhere is a file that only folders have whose keys are in a database, so that a
// forgotten --keys is told as that, and no older key store left there is taken for it.
func keysElsewhere(dir string) string { return filepath.Join(dir, "keys-elsewhere.txt") }

func markKeysElsewhere(dir string) error {
	if exists(keysElsewhere(dir)) {
		return nil
	}
	return sqlite.WriteFile(keysElsewhere(dir), []byte("The keys of this folder are in a database: name it with --keys.\n"))
}

// ownKeys names the folder's key store, which must be there.
func (a *app) ownKeys() (file string, err error) {
	if err := a.notElsewhere(); err != nil {
		return "", err
	}
	file = filepath.Join(a.dataDir(), keys.File)
	if info, err := os.Stat(file); err != nil || info.Size() == 0 {
		return "", failed("the keys are missing: bring back %s from the backup taken with the log, or name the key database with --keys", file)
	}
	return file, nil
}

func (a *app) notElsewhere() error {
	if exists(keysElsewhere(a.dataDir())) {
		return failed("the keys of %s are in a database: name it with --keys", a.dataDir())
	}
	return nil
}

// openKeys opens the key store for writing. One that begins anew beside a log
// with events is refused: everybody in it would read as erased.
func (a *app) openKeys(ctx context.Context, log eventlog.Log) (*keys.Store, error) {
	head, err := log.Head(ctx)
	if err != nil {
		return nil, err
	}
	known := head != (eventlog.Position{})
	if a.Engines.Keys == "" {
		err := a.notElsewhere()
		if known && err == nil {
			_, err = a.ownKeys()
		}
		if err != nil {
			return nil, err
		}
		master, err := a.master(a.dataDir())
		if err != nil {
			return nil, err
		}
		return keys.Open(a.dataDir(), master)
	}
	if known {
		master, err := a.existingMaster(a.dataDir())
		if err != nil {
			return nil, err
		}
		return a.noted(a.openExistingKeys(master))
	}
	if err := checkKeysURL(a.Engines.Keys); err != nil {
		return nil, err
	}
	master, err := a.masterOr(a.dataDir(), "; openssl rand -hex 32 makes one for a new key store")
	if err != nil {
		return nil, err
	}
	return a.noted(postgres.Open(ctx, a.Engines.Keys, master))
}

// noted notes in the folder that its keys are in the database that was opened.
func (a *app) noted(store *keys.Store, err error) (*keys.Store, error) {
	if err != nil {
		return nil, err
	}
	if err := markKeysElsewhere(a.dataDir()); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
}

// openExistingKeys opens a key store for writing that must be there.
func (a *app) openExistingKeys(master keys.Master) (*keys.Store, error) {
	if a.Engines.Keys == "" {
		if _, err := a.ownKeys(); err != nil {
			return nil, err
		}
		return keys.Open(a.dataDir(), master)
	}
	looked, err := a.lookAtDatabase(a.ctx, master) // where there are none, none are made
	if err != nil {
		return nil, err
	}
	if err := looked.Close(); err != nil {
		return nil, err
	}
	return postgres.Open(a.ctx, a.Engines.Keys, master)
}

// readKeys opens the key store for reading.
func (a *app) readKeys(ctx context.Context) (*keys.Store, error) {
	master, err := a.existingMaster(a.dataDir())
	if err != nil {
		return nil, err
	}
	if a.Engines.Keys == "" {
		if _, err := a.ownKeys(); err != nil {
			return nil, err
		}
		return keys.OpenReadOnly(a.dataDir(), master)
	}
	return a.lookAtDatabase(ctx, master)
}

func (a *app) lookAtDatabase(ctx context.Context, master keys.Master) (*keys.Store, error) {
	if err := checkKeysURL(a.Engines.Keys); err != nil {
		return nil, err
	}
	store, err := postgres.OpenReadOnly(ctx, a.Engines.Keys, master)
	if noKeysThere(err) {
		err = failed("there are no keys in the database that --keys names: bring back the backup taken with the log, or name the right database")
	}
	return store, err
}

// noKeysThere reports whether a database answered that it holds no keys.
func noKeysThere(err error) bool {
	var fault *postgres.Fault
	return errors.As(err, &fault) && fault.Code == "keys_none"
}

// keyEntries is what the chosen key store holds, wrapped.
func (a *app) keyEntries() iter.Seq2[keys.Entry, error] {
	if a.Engines.Keys != "" {
		return postgres.Dump(a.ctx, a.Engines.Keys)
	}
	path := filepath.Join(a.dataDir(), keys.File)
	if !exists(path) {
		return func(func(keys.Entry, error) bool) {}
	}
	return keys.ReadFile(a.ctx, path)
}

// checkKeysURL never shows what it was given: a password may stand in it.
func checkKeysURL(text string) error {
	if u, err := url.Parse(text); err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Host == "" {
		return badInput("--keys: write it as postgres://USER:PASSWORD@HOST/DATABASE, or leave it out for a file in the data folder")
	}
	return nil
}

// keysPlace names where the keys are, without user and password.
func (a *app) keysPlace() string {
	if a.Engines.Keys == "" {
		return place{dir: a.absDir()}.String()
	}
	return databaseName(a.Engines.Keys)
}

// databaseName names a database by server and name alone.
func databaseName(text string) string {
	u, err := url.Parse(text)
	if err != nil { // several hosts with ports
		return place{url: text}.String()
	}
	return u.Scheme + "://" + u.Host + u.Path
}
