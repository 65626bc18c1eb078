package cli

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"

	"hoso/domain/eventlog"
	"hoso/infra/keys"
	"hoso/infra/postgres"
)

// Engines say where things are kept, each on its own; what is left out is a
// SQLite file in the data folder.
type Engines struct {
	Keys string `help:"Key store: postgres://USER:PASSWORD@HOST/DATABASE, shared by all instances (default: DIR/keys.db)." placeholder:"URL"`
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
		file := filepath.Join(a.dataDir(), keys.File)
		if info, err := os.Stat(file); known && (err != nil || info.Size() == 0) {
			return nil, failed("the log has events, but their keys are missing: bring back %s from the backup taken with it", file)
		}
		master, err := a.master(a.dataDir())
		if err != nil {
			return nil, err
		}
		return keys.Open(a.dataDir(), master)
	}
	if err := checkKeysURL(a.Engines.Keys); err != nil {
		return nil, err
	}
	master, err := a.existingMaster(a.dataDir())
	if err != nil {
		return nil, err
	}
	if known {
		var fault *postgres.Fault
		looked, err := postgres.OpenReadOnly(ctx, a.Engines.Keys, master)
		if errors.As(err, &fault) && fault.Code == "keys_none" {
			return nil, failed("the log has events, but their keys are missing in the database that --keys names: bring back the backup taken with the log, or name the right database")
		}
		if err != nil {
			return nil, err
		}
		if err := looked.Close(); err != nil {
			return nil, err
		}
	}
	return postgres.Open(ctx, a.Engines.Keys, master)
}

// readKeys opens the key store for reading.
func (a *app) readKeys(ctx context.Context) (*keys.Store, error) {
	master, err := a.existingMaster(a.dataDir())
	if err != nil {
		return nil, err
	}
	if a.Engines.Keys == "" {
		if file := filepath.Join(a.dataDir(), keys.File); !exists(file) {
			return nil, failed("the key store is missing: bring back %s, or name another with --keys", file)
		}
		return keys.OpenReadOnly(a.dataDir(), master)
	}
	if err := checkKeysURL(a.Engines.Keys); err != nil {
		return nil, err
	}
	return postgres.OpenReadOnly(ctx, a.Engines.Keys, master)
}

// checkKeysURL never shows what it was given: a password may stand in it.
func checkKeysURL(text string) error {
	if u, err := url.Parse(text); err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Host == "" {
		return badInput("--keys: write it as postgres://USER:PASSWORD@HOST/DATABASE, or leave it out for a file in the data folder")
	}
	return nil
}
