// Package postgres keeps the keys of persons in PostgreSQL (13 or newer), so that several
// instances share them: every promise of keys.Store holds across processes.
//
// # What erasing reaches
//
// A destroyed key is gone for every query and every instance when Destroy
// returns. Its bytes, wrapped by the master key, which is never in the
// database, outlive it in places that PostgreSQL gives no program a hold on:
// the write-ahead log until its segments are recycled, archived segments,
// standbys, backups, and blocks that the file system has not reused. Up to
// rewriteBelow the tables are written anew after each erasure (VACUUM FULL,
// which makes others wait meanwhile), so that the old rows are not in the
// tables' files. Above it VACUUM frees the rows, and their bytes lie in unused
// parts of pages until something is written over them, or somebody runs VACUUM
// FULL in a quiet hour. A row that a transaction older than the erasure (a
// pg_dump that runs) may still read stays in the file until the next erasure,
// or until an instance starts. Who must be sure destroys the copies, or wraps
// the keys under another master key and destroys the old one.
//
// # What it asks of the server
//
// A user who owns the schema (the first name in search_path, hoso_keys where
// the URL names none; it is created where the user may), fsync on, the primary
// and no standby, connections that are not shared between transactions (no
// PgBouncer in transaction mode). Each instance takes the pool's connections
// (pool_max_conns in the URL) and one more. Commits wait for the disk whatever
// the server's default (synchronous_commit is set to on for every session). A
// fail-over to a standby that lagged loses keys that were acknowledged: use a
// synchronous one. When the database was restored from a backup, stop all
// instances first: they remember what was destroyed up to where.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"hoso/infra/keys"
)

// patience is how long a call waits for a database that is not there, and for its answer.
const patience = 5 * time.Second

// engine is the keys.Engine of several processes.
type engine struct {
	config   *pgxpool.Config
	pool     *pgxpool.Pool
	schema   string
	where    string // for people: host:port/database
	readOnly bool
	closed   atomic.Bool
	watch    *watch // nil until Follow
	ours     ours   // bars

	withoutBars bool                   // opened for reading, on tables of format 1
	seed        atomic.Pointer[[]byte] // as it lay wrapped when the master key opened it
}

var _ keys.Shared = (*engine)(nil)

// Open opens the keys in the database that url names, postgres://… with the
// parameters of libpq, and creates the schema and the tables where they are
// missing. Any number of instances may have it open. Errors: *Fault; a wrong
// master key is keys.ErrWrongMaster.
func Open(ctx context.Context, url string, master keys.Master) (*keys.Store, error) {
	return open(ctx, url, master, false)
}

// OpenReadOnly is Open for commands that only read: it creates nothing, and
// what would write answers eventlog.ErrReadOnly. It still says in table
// instance that it is there, so that erasures reach it.
func OpenReadOnly(ctx context.Context, url string, master keys.Master) (*keys.Store, error) {
	return open(ctx, url, master, true)
}

func open(ctx context.Context, url string, master keys.Master, readOnly bool) (*keys.Store, error) {
	e, err := connect(ctx, url, readOnly)
	if err != nil {
		return nil, err
	}
	s, err := keys.New(ctx, e, master)
	var fault *Fault
	if errors.Is(err, keys.ErrWrongMaster) && !errors.As(err, &fault) {
		err = newFault("keys_wrong_master", e.where, nil)
	}
	return s, err
}

var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,49}$`)

func connect(ctx context.Context, url string, readOnly bool) (*engine, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, newFault("keys_bad_url", "", err) // the driver leaves the password out
	}
	c := config.ConnConfig
	e := &engine{config: config, readOnly: readOnly, where: fmt.Sprintf("%s:%d/%s", c.Host, c.Port, c.Database)}
	first, _, _ := strings.Cut(c.RuntimeParams["search_path"], ",")
	if e.schema = strings.TrimSpace(first); e.schema == "" {
		e.schema = "hoso_keys"
	}
	if !plainName.MatchString(e.schema) {
		return nil, newFault("keys_bad_url", "", fmt.Errorf("search_path %q: a schema's name is up to 50 small letters, digits and _", e.schema))
	}
	c.RuntimeParams["search_path"] = e.schema
	c.RuntimeParams["synchronous_commit"] = "on" // stands above defaults of server, database and user
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = "hoso keys"
	}
	if c.ConnectTimeout == 0 || c.ConnectTimeout > patience {
		c.ConnectTimeout = patience
	}
	if e.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, e.explain(err)
	}
	starting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := e.prepare(starting); err != nil {
		return nil, errors.Join(e.explain(err), e.Close())
	}
	return e, nil
}

// try calls what, which must be harmless to do twice, and again while the
// error may pass: for patience at most, and only while the context lasts.
func (e *engine) try(ctx context.Context, what func(context.Context) error) error {
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var last error
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second/2) {
		err := what(within)
		if err == nil {
			return nil
		}
		if within.Err() == nil || last == nil {
			last = err // tells more than that the time is over
		}
		if !passing(err) || e.closed.Load() {
			return e.explain(err)
		}
		select {
		case <-within.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return e.explain(last)
		case <-time.After(pause):
		}
	}
}

// inTx runs a short transaction; what returns false to undo it without an error.
func (e *engine) inTx(ctx context.Context, what func(pgx.Tx) (bool, error)) (done bool, err error) {
	tx, err := e.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return false, err
	}
	defer tx.Rollback(ctx)
	if done, err = what(tx); err != nil || !done {
		return false, err
	}
	return true, tx.Commit(ctx)
}

// Healthy implements keys.Engine: a *Fault while the database has not answered
// for as long as keys at hand may be used, and when another instance has
// changed the master key.
func (e *engine) Healthy() error {
	if e.closed.Load() {
		return newFault("keys_closed", e.where, nil)
	}
	return e.watch.healthy()
}

// Close implements keys.Engine. It waits for running calls, patience at most.
func (e *engine) Close() error {
	if e.closed.Swap(true) {
		return nil
	}
	if e.watch != nil {
		e.watch.end()
	}
	e.pool.Close()
	return nil
}
