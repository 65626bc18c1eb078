package postgres

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/infra/keys"
)

// Wrapped implements keys.Engine. One statement tells too whether the key is
// wrapped by the master key that this instance has: keys.ErrWrongMaster.
func (e *engine) Wrapped(ctx context.Context, subject domain.SubjectID) (wrapped []byte, err error) {
	const query = `SELECT wrapped, EXISTS (SELECT 1 FROM secret WHERE name = 'hash seed' AND wrapped = $2) FROM person WHERE subject = $1`
	err = e.try(ctx, func(ctx context.Context) error {
		var ours bool
		err := e.pool.QueryRow(ctx, query, subject, *e.seed.Load()).Scan(&wrapped, &ours)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err == nil && len(wrapped) > 0 && !ours {
			return newFault("keys_wrong_master", e.where, nil)
		}
		return err
	})
	return wrapped, err
}

// Find implements keys.Engine.
func (e *engine) Find(ctx context.Context, candidate domain.SubjectID, hashes []string) (f keys.Found, err error) {
	const query = `SELECT '', subject, wrapped IS NULL FROM person WHERE subject = $1
		UNION ALL SELECT hash, subject, false FROM id_number WHERE hash = ANY($2)`
	err = e.try(ctx, func(ctx context.Context) error {
		f = keys.Found{}
		rows, err := e.pool.Query(ctx, query, candidate, hashes)
		if err != nil {
			return err
		}
		owners := map[string]domain.SubjectID{}
		var hash string
		var subject domain.SubjectID
		var destroyed bool
		_, err = pgx.ForEachRow(rows, []any{&hash, &subject, &destroyed}, func() error {
			owners[hash] = subject
			f.Destroyed = f.Destroyed || destroyed
			return nil
		})
		for _, h := range hashes {
			if owner, known := owners[h]; !known {
				f.Free = append(f.Free, h)
			} else if f.Owner == uuid.Nil {
				f.Owner = owner
			}
		}
		if f.Owner == uuid.Nil {
			f.Owner = owners[""] // the candidate, where it is there
		}
		return err
	})
	return f, err
}

// Settle implements keys.Engine. What was found may have changed since: a
// statement then does nothing, and all are undone. Persons are locked before
// numbers, and those in their order, so that nobody waits in a circle.
func (e *engine) Settle(ctx context.Context, candidate domain.SubjectID, f keys.Found, wrapped []byte) (settled bool, err error) {
	if e.readOnly {
		return false, eventlog.ErrReadOnly
	}
	owner := f.Owner
	if owner == uuid.Nil {
		owner = candidate
	}
	err = e.try(ctx, func(ctx context.Context) error {
		settled, err = e.inTx(ctx, func(tx pgx.Tx) (bool, error) {
			if f.Owner == uuid.Nil {
				if done, err := e.insertPerson(ctx, tx, candidate, wrapped); err != nil || !done {
					return false, err
				}
			} else if tag, err := tx.Exec(ctx, `SELECT 1 FROM person WHERE subject = $1 AND wrapped IS NOT NULL FOR SHARE`, owner); err != nil || tag.RowsAffected() == 0 {
				return false, err
			}
			const insert = `INSERT INTO id_number (hash, subject) SELECT hash, $2 FROM unnest($1::text[]) AS hash ORDER BY hash ON CONFLICT DO NOTHING`
			tag, err := tx.Exec(ctx, insert, f.Free, owner)
			return tag.RowsAffected() == int64(len(f.Free)), err
		})
		return err
	})
	return settled && err == nil, err
}

// insertPerson answers false where the candidate is there already. The seed is
// looked at when the row is there: a change of the master key, which locks the
// table, is then either seen or waits, and wraps this key too. (One batch would
// save its way there and back, but pgx 5.7 leaves a goroutine behind when a
// connection is lost in a batch.)
func (e *engine) insertPerson(ctx context.Context, tx pgx.Tx, candidate domain.SubjectID, wrapped []byte) (bool, error) {
	tag, err := tx.Exec(ctx, `INSERT INTO person (subject, wrapped) VALUES ($1, $2) ON CONFLICT DO NOTHING`, candidate, wrapped)
	if err != nil || tag.RowsAffected() == 0 {
		return false, err
	}
	tag, err = tx.Exec(ctx, `SELECT 1 FROM secret WHERE name = 'hash seed' AND wrapped = $1`, *e.seed.Load())
	if err == nil && tag.RowsAffected() == 0 {
		err = newFault("keys_wrong_master", e.where, nil)
	}
	return err == nil, err
}

// Page implements keys.Engine.
func (e *engine) Page(ctx context.Context, after domain.SubjectID, limit int) (page []keys.Live, err error) {
	err = e.try(ctx, func(ctx context.Context) error {
		rows, err := e.pool.Query(ctx, `SELECT subject, created_at FROM person WHERE subject > $1 AND wrapped IS NOT NULL ORDER BY subject LIMIT $2`, after, limit)
		if err == nil {
			page, err = pgx.CollectRows(rows, pgx.RowToStructByPos[keys.Live])
		}
		return err
	})
	return page, err
}
