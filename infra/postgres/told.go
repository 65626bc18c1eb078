package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hoso/domain"
)

// row is an instance that has not said yet that it has seen a number, and its last renewal.
type row struct {
	ID   uuid.UUID
	Beat int64
}

// Told implements keys.Shared.
func (e *engine) Told(ctx context.Context, subject domain.SubjectID) error {
	var number int64
	err := e.try(ctx, func(ctx context.Context) error {
		return e.pool.QueryRow(ctx, `SELECT destroyed_no FROM person WHERE subject = $1`, subject).Scan(&number)
	})
	if err != nil {
		return err
	}
	return e.told(ctx, number, e.watch.id, false)
}

// told returns when no instance but one may still lack a number. It takes
// milliseconds, and lease at most where an instance does not answer: that one's
// row is taken away then. One that renews and still does not say that it has
// seen the number waits for its commands to end, and is not Current any more: it
// has dropped the keys all the same, but what it writes may still arrive. Where
// that matters (writers), it is waited for as long as it renews and the context lasts.
func (e *engine) told(ctx context.Context, number int64, but uuid.UUID, writers bool) error {
	silent, err := e.behind(ctx, number, but, nil)
	asked := time.Now() // their last renewals began before
	for pause := time.Millisecond; err == nil && len(silent) > 0; pause = min(2*pause, 50*time.Millisecond) {
		if time.Since(asked) > lease {
			if err := e.dismiss(ctx, silent); err != nil || !writers {
				return err
			}
			if silent, err = e.behind(ctx, number, but, ids(silent)); err != nil { // as they are now
				return err
			}
			asked = time.Now()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		var still []row
		still, err = e.behind(ctx, number, but, ids(silent))
		silent = only(silent, still)
	}
	return err
}

// behind are the instances, of these or all but one, that lack a number.
func (e *engine) behind(ctx context.Context, number int64, but uuid.UUID, of []uuid.UUID) (out []row, err error) {
	const query = `SELECT id, beat FROM instance WHERE seen < $1 AND id <> $2 AND ($3::uuid[] IS NULL OR id = ANY($3))`
	err = e.try(ctx, func(ctx context.Context) error {
		rows, err := e.pool.Query(ctx, query, number, but, of)
		if err == nil {
			out, err = pgx.CollectRows(rows, pgx.RowToStructByPos[row])
		}
		return err
	})
	return out, err
}

// only leaves of the rows those that are still there, as they were at first.
func only(rows, still []row) (out []row) {
	for _, r := range rows {
		for _, s := range still {
			if s.ID == r.ID {
				out = append(out, r)
			}
		}
	}
	return out
}

func ids(rows []row) (out []uuid.UUID) {
	for _, r := range rows {
		out = append(out, r.ID)
	}
	return out
}

// dismiss deletes the rows of instances that have not renewed since they were
// first asked. One that has renewed meanwhile has read the erasure in doing so,
// or has read the bar and made nothing of what it has at hand good for longer.
func (e *engine) dismiss(ctx context.Context, silent []row) error {
	return e.try(ctx, func(ctx context.Context) error {
		for _, r := range silent {
			if _, err := e.pool.Exec(ctx, `DELETE FROM instance WHERE id = $1 AND beat = $2`, r.ID, r.Beat); err != nil {
				return err
			}
		}
		return nil
	})
}
