package postgres

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hoso/infra/keys"
)

// ErrNotEmpty says that a database holds keys already.
var ErrNotEmpty = errors.New("the key database holds keys already")

// loadAtOnce is how many rows are sent in one statement.
const loadAtOnce = 5000

// Dump yields everything in the keys' database as it is at one moment, in the
// order of keys.ReadFile; others work on meanwhile. It needs no master key. An
// error, a *Fault mostly, is yielded last; of a database without keys its code is "keys_none".
func Dump(ctx context.Context, url string) iter.Seq2[keys.Entry, error] {
	return func(yield func(keys.Entry, error) bool) {
		e, err := connect(ctx, url, true)
		if err == nil {
			err = errors.Join(e.explain(e.dump(ctx, yield)), e.Close())
		}
		if err != nil && !errors.Is(err, errLeft) {
			yield(keys.Entry{}, err)
		}
	}
}

var errLeft = errors.New("postgres: the caller left")

func (e *engine) dump(ctx context.Context, yield func(keys.Entry, error) bool) error {
	tx, err := e.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	for _, query := range []string{
		`SELECT name, NULL::uuid, '', wrapped, NULL::timestamptz FROM secret`,
		`SELECT '', subject, '', wrapped, created_at FROM person ORDER BY subject`,
		`SELECT '', subject, hash, NULL::bytea, NULL::timestamptz FROM id_number ORDER BY hash`,
	} {
		rows, err := tx.Query(ctx, query)
		if err != nil {
			return err
		}
		var secret, hash string
		var subject *uuid.UUID
		var wrapped []byte
		var at *time.Time
		_, err = pgx.ForEachRow(rows, []any{&secret, &subject, &hash, &wrapped, &at}, func() error {
			entry := keys.Entry{Secret: secret, Hash: hash, Wrapped: append([]byte(nil), wrapped...)}
			if subject != nil {
				entry.Subject = *subject
			}
			if at != nil {
				entry.CreatedAt = *at
			}
			if !yield(entry, nil) {
				return errLeft
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Load puts entries, secrets before persons before numbers, into a database
// without keys; schema and tables are made where they are missing. All or none:
// ErrNotEmpty where there are any already. No instance may be running there.
func Load(ctx context.Context, url string, entries iter.Seq2[keys.Entry, error]) error {
	e, err := connect(ctx, url, false)
	if err != nil {
		return err
	}
	_, err = e.inTx(ctx, func(tx pgx.Tx) (bool, error) {
		var empty bool
		err := tx.QueryRow(ctx, `SELECT NOT EXISTS (SELECT 1 FROM secret) AND NOT EXISTS (SELECT 1 FROM person)`).Scan(&empty)
		if err == nil && !empty {
			err = ErrNotEmpty
		}
		if err == nil {
			_, err = tx.Exec(ctx, `LOCK TABLE person, secret, id_number, erasure IN SHARE ROW EXCLUSIVE MODE`)
		}
		if err == nil {
			err = load(ctx, tx, entries)
		}
		return err == nil, err
	})
	return errors.Join(e.explain(err), e.Close())
}

// load sends the entries in turns; destroyed persons get the numbers 1, 2, 3 …,
// of which nothing is left to be cleaned here.
func load(ctx context.Context, tx pgx.Tx, entries iter.Seq2[keys.Entry, error]) error {
	var rows [][]any
	var into string
	destroyed := int64(0)
	send := func() error {
		if len(rows) == 0 {
			return nil
		}
		table, columns := into, map[string][]string{
			"secret": {"name", "wrapped"}, "person": {"subject", "created_at", "wrapped", "destroyed_no"}, "id_number": {"hash", "subject"},
		}[into]
		n, err := tx.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromRows(rows))
		if err == nil && n != int64(len(rows)) {
			err = fmt.Errorf("%d rows for table %s, %d written", len(rows), table, n)
		}
		rows = rows[:0]
		return err
	}
	for entry, err := range entries {
		if err != nil {
			return err
		}
		table, row := "secret", []any{entry.Secret, entry.Wrapped}
		switch {
		case entry.Secret != "":
		case entry.Hash != "":
			table, row = "id_number", []any{entry.Hash, entry.Subject}
		case entry.Destroyed():
			destroyed++
			table, row = "person", []any{entry.Subject, nil, nil, destroyed}
		default:
			table, row = "person", []any{entry.Subject, entry.CreatedAt, entry.Wrapped, nil}
		}
		if table != into || len(rows) == loadAtOnce {
			if err := send(); err != nil {
				return err
			}
		}
		into, rows = table, append(rows, row)
	}
	if err := send(); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE erasure SET total = $1, cleaned = $1`, destroyed)
	return err
}
