package bus

import (
	"context"
	"time"

	zsqlite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// Poisoned lists what reactions gave up, in the log's order.
func (l *Ledger) Poisoned(ctx context.Context) (out []Poison, err error) {
	err = l.query(ctx, `SELECT reaction, commit_, prepare, stream, revision, type, reason, at,
		EXISTS (SELECT 1 FROM retries r WHERE (r.reaction, r.commit_, r.prepare) = (p.reaction, p.commit_, p.prepare))
		FROM poison p ORDER BY commit_, prepare, reaction`, func(stmt *zsqlite.Stmt) error {
		at, err := time.Parse(time.RFC3339Nano, stmt.ColumnText(7))
		out = append(out, Poison{
			Reaction: stmt.ColumnText(0), Position: position(stmt, 1), Stream: stmt.ColumnText(3), Revision: uint64(stmt.ColumnInt64(4)),
			Type: stmt.ColumnText(5), Reason: stmt.ColumnText(6), At: at, Retry: stmt.ColumnBool(8),
		})
		return err
	})
	return out, err
}

// Retry asks for events to be tried again: by Redrive, which a running program
// calls every few seconds.
func (l *Ledger) Retry(ctx context.Context, list ...Poison) error {
	return l.writer.Do(ctx, func(conn *zsqlite.Conn) error {
		for _, p := range list {
			if err := sqlitex.Execute(conn, `INSERT OR IGNORE INTO retries VALUES (?, ?, ?)`, &sqlitex.ExecOptions{Args: p.key()}); err != nil {
				return err
			}
		}
		return nil
	})
}

// poison notes an event given up, which nobody has asked for yet.
func (l *Ledger) poison(ctx context.Context, p Poison) error {
	return l.writer.Do(ctx, func(conn *zsqlite.Conn) error {
		args := append(p.key(), p.Stream, int64(p.Revision), p.Type, p.Reason, p.At.Format(time.RFC3339Nano))
		if err := sqlitex.Execute(conn, `INSERT OR REPLACE INTO poison VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, &sqlitex.ExecOptions{Args: args}); err != nil {
			return err
		}
		return sqlitex.Execute(conn, forgetRetry, &sqlitex.ExecOptions{Args: p.key()})
	})
}

const forgetRetry = `DELETE FROM retries WHERE reaction = ? AND commit_ = ? AND prepare = ?`

// forget drops what is settled.
func (l *Ledger) forget(ctx context.Context, p Poison) error {
	return l.writer.Do(ctx, func(conn *zsqlite.Conn) error {
		if err := sqlitex.Execute(conn, `DELETE FROM poison WHERE reaction = ? AND commit_ = ? AND prepare = ?`, &sqlitex.ExecOptions{Args: p.key()}); err != nil {
			return err
		}
		return sqlitex.Execute(conn, forgetRetry, &sqlitex.ExecOptions{Args: p.key()})
	})
}

func (p Poison) key() []any {
	return []any{p.Reaction, int64(p.Position.Commit), int64(p.Position.Prepare)}
}
