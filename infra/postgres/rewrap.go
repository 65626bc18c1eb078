package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/infra/keys"
)

// rewrapAtOnce is how many keys are held in memory while they are wrapped anew.
const rewrapAtOnce = 5000

// Rewrap implements keys.Engine. Reading goes on meanwhile; new persons wait.
func (e *engine) Rewrap(ctx context.Context, anew func(name string, wrapped []byte) ([]byte, error)) error {
	if e.readOnly {
		return eventlog.ErrReadOnly
	}
	seed, err := anew(keys.SeedName, *e.seed.Load())
	if err != nil {
		return err
	}
	_, err = e.inTx(ctx, func(tx pgx.Tx) (bool, error) {
		// First, as Forget does: the other way round the two would wait for each other.
		if _, err := tx.Exec(ctx, `UPDATE erasure SET total = total + 1`); err != nil {
			return false, err
		}
		if _, err := tx.Exec(ctx, `LOCK TABLE person, secret IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return false, err
		}
		tag, err := tx.Exec(ctx, `UPDATE secret SET wrapped = $2 WHERE name = 'hash seed' AND wrapped = $1`, *e.seed.Load(), seed)
		if err == nil && tag.RowsAffected() == 0 {
			err = newFault("keys_wrong_master", e.where, nil)
		}
		for after, more := uuid.Nil, true; more && err == nil; {
			after, more, err = rewrapSome(ctx, tx, anew, after)
		}
		return err == nil, err
	})
	if err != nil && !e.isSeed(ctx, seed) {
		return e.explain(err)
	}
	e.seed.Store(&seed)
	return nil
}

// isSeed tells after a commit without an answer whether it was done.
func (e *engine) isSeed(ctx context.Context, seed []byte) bool {
	var now []byte
	err := e.try(ctx, func(ctx context.Context) error {
		return e.pool.QueryRow(ctx, `SELECT wrapped FROM secret WHERE name = 'hash seed'`).Scan(&now)
	})
	return err == nil && bytes.Equal(now, seed)
}

// rewrapSome wraps the next keys by subject, and tells where it stopped and
// whether there may be more.
func rewrapSome(ctx context.Context, tx pgx.Tx, anew func(string, []byte) ([]byte, error), after domain.SubjectID) (domain.SubjectID, bool, error) {
	rows, err := tx.Query(ctx, `SELECT subject, wrapped FROM person WHERE subject > $1 AND wrapped IS NOT NULL ORDER BY subject LIMIT $2`, after, rewrapAtOnce)
	if err != nil {
		return after, false, err
	}
	var subjects []uuid.UUID
	var wrapped [][]byte
	var subject uuid.UUID
	var old []byte
	_, err = pgx.ForEachRow(rows, []any{&subject, &old}, func() error {
		w, err := anew("person "+subject.String(), old)
		subjects, wrapped = append(subjects, subject), append(wrapped, w)
		return err
	})
	if err != nil || len(subjects) == 0 {
		return after, false, err
	}
	const update = `UPDATE person SET wrapped = new.wrapped FROM unnest($1::uuid[], $2::bytea[]) AS new (subject, wrapped) WHERE person.subject = new.subject`
	tag, err := tx.Exec(ctx, update, subjects, wrapped)
	if err == nil && tag.RowsAffected() != int64(len(subjects)) {
		err = errors.New(fmt.Sprint(len(subjects), " keys to wrap anew, ", tag.RowsAffected(), " done"))
	}
	return subjects[len(subjects)-1], true, err
}
