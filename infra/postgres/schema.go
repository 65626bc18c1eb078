package postgres

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"

	"github.com/jackc/pgx/v5"
)

// format is the version of the tables. A program refuses those of another.
const format = "2"

// since2 came with format 2.
const since2 = `
CREATE TABLE bar (
  subject uuid PRIMARY KEY,
  no      bigint NOT NULL,
  by      uuid NOT NULL,
  since   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE bar IS 'who is being erased, and by which instance: nobody writes for them meanwhile; the time is for people and decides nothing';
`

const schema = `
CREATE TABLE about (
  name  text PRIMARY KEY,
  value text NOT NULL
);
INSERT INTO about VALUES ('what', 'Hồ Sơ: keys of persons, wrapped by the master key (AES-256-GCM: nonce 12 bytes, ciphertext 32, tag 16)'), ('format', '` + format + `');

CREATE TABLE secret (
  name    text PRIMARY KEY,
  wrapped bytea NOT NULL
);
COMMENT ON TABLE secret IS 'keys that belong to no person';

CREATE TABLE person (
  subject      uuid PRIMARY KEY,
  created_at   timestamptz DEFAULT now(),
  wrapped      bytea,
  destroyed_no bigint UNIQUE,
  CHECK ((wrapped IS NULL) = (destroyed_no IS NOT NULL))
);
COMMENT ON TABLE person IS 'with a number and without key and time: destroyed, the opaque id bars its return';

CREATE TABLE id_number (
  hash    text PRIMARY KEY,
  subject uuid NOT NULL REFERENCES person
);
CREATE INDEX id_number_subject ON id_number (subject);
COMMENT ON TABLE id_number IS 'keyed hash of an ID number, and whose it is';

CREATE TABLE erasure (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  total    bigint NOT NULL DEFAULT 0,
  cleaned  bigint NOT NULL DEFAULT 0
);
INSERT INTO erasure DEFAULT VALUES;
COMMENT ON TABLE erasure IS 'how many erasures, bars and changes of the master key there were; after how many of them the tables were cleaned';

CREATE TABLE instance (
  id         uuid PRIMARY KEY,
  seen       bigint NOT NULL,
  beat       bigint NOT NULL DEFAULT 0,
  since      timestamptz NOT NULL DEFAULT now(),
  renewed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE instance IS 'who keeps keys at hand, and up to which erasure it has dropped them, up to which bar it writes for nobody who is barred; the times are for people and decide nothing';
` + since2

// prepare looks at the server and makes the tables where they are missing.
func (e *engine) prepare(ctx context.Context) error {
	var fsync string
	var standby, there bool
	err := e.pool.QueryRow(ctx, `SELECT current_setting('fsync'), pg_is_in_recovery(), to_regclass('about') IS NOT NULL`).Scan(&fsync, &standby, &there)
	switch {
	case err != nil:
		return err
	case standby:
		return newFault("keys_standby", e.where, nil)
	case fsync == "off":
		return newFault("keys_not_durable", e.where, nil)
	case !there && e.readOnly:
		return newFault("keys_none", e.where, nil)
	case !there:
		if err := e.create(ctx); err != nil {
			return err
		}
	}
	var found string
	err = e.pool.QueryRow(ctx, `SELECT value FROM about WHERE name = 'format'`).Scan(&found)
	if err == nil && found == "1" {
		found, e.withoutBars = format, e.readOnly
		if !e.readOnly {
			err = e.migrate(ctx)
		}
	}
	if errors.Is(err, pgx.ErrNoRows) || err == nil && found != format {
		return newFault("keys_unknown_format", e.where+" "+e.schema, fmt.Errorf("it has format version %q, this program knows version %s", found, format))
	}
	return err
}

// migrate brings tables of format 1 to this one, unless another instance is
// quicker. Instances of a program that knows format 1 only must have stopped:
// they heed no bars.
func (e *engine) migrate(ctx context.Context) error {
	_, err := e.inTx(ctx, func(tx pgx.Tx) (bool, error) {
		if err := e.alone(ctx, tx); err != nil {
			return false, err
		}
		tag, err := tx.Exec(ctx, `UPDATE about SET value = '2' WHERE name = 'format' AND value = '1'`)
		if err != nil || tag.RowsAffected() == 0 {
			return false, err
		}
		_, err = tx.Exec(ctx, since2)
		return err == nil, err
	})
	return err
}

// alone keeps everybody else from making tables until the transaction ends.
func (e *engine) alone(ctx context.Context, tx pgx.Tx) error {
	name := fnv.New64a()
	name.Write([]byte("hoso keys " + e.schema))
	_, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(name.Sum64()))
	return err
}

// create makes schema and tables, unless another instance is quicker.
func (e *engine) create(ctx context.Context) error {
	_, err := e.inTx(ctx, func(tx pgx.Tx) (bool, error) {
		if err := e.alone(ctx, tx); err != nil {
			return false, err
		}
		var schemaThere, there bool
		if err := tx.QueryRow(ctx, `SELECT to_regnamespace($1) IS NOT NULL, to_regclass('about') IS NOT NULL`, e.schema).Scan(&schemaThere, &there); err != nil || there {
			return false, err
		}
		if !schemaThere { // asked first: IF NOT EXISTS needs the right all the same
			if _, err := tx.Exec(ctx, "CREATE SCHEMA "+e.schema); err != nil {
				return false, err
			}
		}
		_, err := tx.Exec(ctx, schema)
		return err == nil, err
	})
	return err
}

// Seed implements keys.Engine.
func (e *engine) Seed(ctx context.Context, fresh []byte) (wrapped []byte, err error) {
	err = e.try(ctx, func(ctx context.Context) error {
		if !e.readOnly {
			if _, err := e.pool.Exec(ctx, `INSERT INTO secret (name, wrapped) VALUES ('hash seed', $1) ON CONFLICT DO NOTHING`, fresh); err != nil {
				return err
			}
		}
		return e.pool.QueryRow(ctx, `SELECT wrapped FROM secret WHERE name = 'hash seed'`).Scan(&wrapped)
	})
	e.seed.Store(&wrapped)
	return wrapped, err
}
