package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"hoso/domain"
)

// notice is an erasure or a bar.
type notice struct {
	Subject domain.SubjectID
	Number  int64
	By      *uuid.UUID // who has set the bar; nil: an erasure
}

// read writes the row and gives the erasures that are new here and all bars.
// The two are no one transaction: reading must begin after the row is there for
// everybody. That the erasures and bars come from one statement is needed too:
// else a bar's end could be seen without the erasure that ended it.
func (w *watch) read(ctx context.Context, conn *pgx.Conn) ([]notice, error) {
	ctx, cancel := context.WithTimeout(ctx, lease/2)
	defer cancel()
	const write = `INSERT INTO instance (id, seen) VALUES ($1, $2) ON CONFLICT (id)
		DO UPDATE SET seen = EXCLUDED.seen, beat = instance.beat + 1, renewed_at = now()`
	if _, err := conn.Exec(ctx, write, w.id, w.seen); err != nil {
		return nil, err
	}
	query := `SELECT subject, destroyed_no AS no, NULL::uuid AS by FROM person WHERE destroyed_no > $1`
	if w.e.withoutBars && !w.migrated { // a newer program has brought the tables to its format meanwhile?
		if err := conn.QueryRow(ctx, `SELECT to_regclass('bar') IS NOT NULL`).Scan(&w.migrated); err != nil {
			return nil, err
		}
	}
	if !w.e.withoutBars || w.migrated {
		query += ` UNION ALL SELECT subject, no, by FROM bar`
	}
	query += ` ORDER BY no`
	rows, err := conn.Query(ctx, query, w.seen)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[notice])
}

// heed does what notices ask for: keys are dropped before any bar ends here. It
// gives the last number, or the error of commands that write on.
func (w *watch) heed(ctx context.Context, notices []notice) (upTo int64, err error) {
	var all, fresh []domain.SubjectID
	upTo = w.seen
	for _, n := range notices {
		switch upTo = max(upTo, n.Number); {
		case n.By == nil:
			w.drop(n.Subject)
			continue
		case n.Number > w.seen:
			fresh = append(fresh, n.Subject)
		}
		all = append(all, n.Subject)
	}
	ctx, cancel := context.WithTimeout(ctx, drainFor)
	defer cancel()
	return upTo, w.bar(ctx, all, fresh)
}

// settled lifts bars that this instance has set and does not want any more, and
// looks whether its master key is still the right one.
func (w *watch) settled(ctx context.Context, conn *pgx.Conn, notices []notice) error {
	ctx, cancel := context.WithTimeout(ctx, lease/2)
	defer cancel()
	for _, n := range notices {
		if n.By == nil || *n.By != w.id {
			continue
		}
		if _, wanted := w.e.ours.get(n.Subject); wanted {
			continue
		}
		if _, err := conn.Exec(ctx, `DELETE FROM bar WHERE subject = $1 AND no = $2`, n.Subject, n.Number); err != nil {
			return err
		}
	}
	return w.checkSeed(ctx, conn)
}
