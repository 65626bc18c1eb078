package postgres

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hoso/domain"
	"hoso/domain/eventlog"
)

// A bar is a row in table bar, with a number from the same count as erasures:
// who has seen n has seen all bars and all erasures before it. Instances say
// that they have seen it after nobody in them writes for the person any more.
// It names the instance that set it. When that one is gone, or silent for
// lease, the next who bars the person takes the row over under a new number,
// and what the first still wanted to do with it is refused (see Forget).

// drainFor is how long an instance waits, in one go, for its commands that
// write for somebody who is barred. It leaves time to renew within lease.
const drainFor = lease / 2

// ours are the bars of this instance, by number; 0 while one is being set.
type ours struct {
	mu   sync.Mutex
	bars map[domain.SubjectID]int64
}

func (o *ours) set(subject domain.SubjectID, number int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.bars == nil {
		o.bars = map[domain.SubjectID]int64{}
	}
	o.bars[subject] = number
}

func (o *ours) get(subject domain.SubjectID) (number int64, wanted bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	number, wanted = o.bars[subject]
	return number, wanted
}

func (o *ours) drop(subject domain.SubjectID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.bars, subject)
}

// Bar implements keys.Shared. It takes milliseconds where all are well, lease
// where one is silent, and as long as the context where one's commands hang.
func (e *engine) Bar(ctx context.Context, subject domain.SubjectID) error {
	if e.readOnly {
		return eventlog.ErrReadOnly
	}
	e.ours.set(subject, 0)
	number, err := e.bar(ctx, subject)
	if err == nil {
		e.ours.set(subject, number)
		err = e.told(ctx, number, uuid.Nil, true) // this instance's own commands too
	}
	switch {
	case errors.Is(err, domain.ErrBeingErased):
		e.ours.drop(subject)
	case err != nil:
		err = errors.Join(err, e.Unbar(context.WithoutCancel(ctx), subject))
	}
	return err
}

// bar writes the row and gives its number.
func (e *engine) bar(ctx context.Context, subject domain.SubjectID) (number int64, err error) {
	for {
		var done bool
		err = e.try(ctx, func(ctx context.Context) error {
			done, err = e.inTx(ctx, func(tx pgx.Tx) (bool, error) {
				// There is nothing to clean after a bar.
				const count = `UPDATE erasure SET total = total + 1, cleaned = cleaned + (cleaned = total)::int RETURNING total`
				if err := tx.QueryRow(ctx, count).Scan(&number); err != nil {
					return false, err
				}
				const take = `INSERT INTO bar (subject, no, by) VALUES ($1, $2, $3) ON CONFLICT (subject)
					DO UPDATE SET no = EXCLUDED.no, by = EXCLUDED.by, since = now()
					WHERE bar.by = EXCLUDED.by OR NOT EXISTS (SELECT FROM instance WHERE id = bar.by)`
				tag, err := tx.Exec(ctx, take, subject, number, e.watch.id)
				if err != nil || tag.RowsAffected() == 0 {
					return false, err
				}
				_, err = tx.Exec(ctx, `SELECT pg_notify($1, '')`, e.channel())
				return true, err
			})
			return err
		})
		if err != nil || done {
			return number, err
		}
		if err := e.outlive(ctx, subject); err != nil {
			return 0, err
		}
	}
}

// outlive returns when the instance that has barred a person has not renewed
// for lease, and takes its row away; domain.ErrBeingErased when it renews.
func (e *engine) outlive(ctx context.Context, subject domain.SubjectID) error {
	var first row
	for asked := time.Now(); ; {
		var now row
		err := e.try(ctx, func(ctx context.Context) error {
			const query = `SELECT id, beat FROM instance JOIN bar ON id = by WHERE subject = $1`
			err := e.pool.QueryRow(ctx, query, subject).Scan(&now.ID, &now.Beat)
			if errors.Is(err, pgx.ErrNoRows) {
				now, err = row{}, nil
			}
			return err
		})
		switch {
		case err != nil || now == row{}: // the bar or the instance is gone
			return err
		case first == row{}:
			first = now
		case now != first:
			return domain.ErrBeingErased
		case time.Since(asked) > lease:
			return e.dismiss(ctx, []row{first})
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Unbar implements keys.Shared.
func (e *engine) Unbar(ctx context.Context, subject domain.SubjectID) error {
	e.ours.drop(subject)
	return e.lift(ctx, subject)
}

// lift deletes this instance's row, if it still has one.
func (e *engine) lift(ctx context.Context, subject domain.SubjectID) error {
	const lift = `WITH lifted AS (DELETE FROM bar WHERE subject = $1 AND by = $2 RETURNING 1) SELECT pg_notify($3, '') FROM lifted`
	return e.try(ctx, func(ctx context.Context) error {
		_, err := e.pool.Exec(ctx, lift, subject, e.watch.id, e.channel())
		return err
	})
}

// endBar deletes the bar with the key. It answers false where another instance
// has taken over this one's.
func (e *engine) endBar(ctx context.Context, tx pgx.Tx, subject domain.SubjectID) (bool, error) {
	number, wanted := e.ours.get(subject)
	if !wanted {
		_, err := tx.Exec(ctx, `DELETE FROM bar WHERE subject = $1`, subject)
		return true, err
	}
	tag, err := tx.Exec(ctx, `DELETE FROM bar WHERE subject = $1 AND no = $2`, subject, number)
	return tag.RowsAffected() > 0, err
}
