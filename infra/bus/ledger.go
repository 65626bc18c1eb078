package bus

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	zsqlite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/domain/eventlog"
	"hoso/infra/sqlite"
	"hoso/projections"
)

// Ledger keeps the reactions' checkpoints and poison queue, in
// DIR/reactions.db: not among the views, whose deletion would make every
// reaction begin at the first event again.
type Ledger struct {
	writer  *sqlite.Writer
	readers *sqlite.Readers
}

// Poison is an event that a reaction gave up.
type Poison struct {
	Reaction string            `json:"reaction"`
	Position eventlog.Position `json:"position"`
	Stream   string            `json:"stream"`
	Revision uint64            `json:"revision"`
	Type     string            `json:"type"`
	Reason   string            `json:"reason"`
	At       time.Time         `json:"at"`
}

const ledgerSchema = `
CREATE TABLE IF NOT EXISTS checkpoints ( -- how far each reaction has come
  reaction       TEXT    PRIMARY KEY,
  log            TEXT    NOT NULL,       -- the log's id
  resume_commit  INTEGER NOT NULL,       -- everything up to this position is done
  resume_prepare INTEGER NOT NULL,
  last_stream    TEXT    NOT NULL,       -- the newest event seen; '' before the first
  last_revision  INTEGER NOT NULL,
  last_commit    INTEGER NOT NULL,
  last_prepare   INTEGER NOT NULL,
  last_hash      BLOB    NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS poison (      -- events that a reaction gave up
  reaction TEXT    NOT NULL,
  commit_  INTEGER NOT NULL,             -- position of the event
  prepare  INTEGER NOT NULL,
  stream   TEXT    NOT NULL,
  revision INTEGER NOT NULL,
  type     TEXT    NOT NULL,
  reason   TEXT    NOT NULL,
  at       TEXT    NOT NULL,
  PRIMARY KEY (reaction, commit_, prepare)
) WITHOUT ROWID;`

// OpenLedger opens the ledger of a data folder for writing.
func OpenLedger(dir string) (*Ledger, error) {
	path := filepath.Join(dir, "reactions.db")
	// A checkpoint lost in a power cut makes events be seen twice, which reactions bear.
	w, err := sqlite.OpenWriter(path, sqlite.WriterOptions{Schema: ledgerSchema, Relaxed: true})
	if err != nil {
		return nil, err
	}
	readers, err := sqlite.OpenReaders(path, 1)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return &Ledger{w, readers}, nil
}

// Close closes the ledger.
func (l *Ledger) Close() error { return errors.Join(l.readers.Close(), l.writer.Close()) }

// Healthy tells why no checkpoint is kept any more, e.g. since the disk was
// full, as eventlog.ErrStopped: reactions then stand still until the ledger is
// opened again. Nil while nothing is wrong.
func (l *Ledger) Healthy() error {
	if err := l.writer.Healthy(); err != nil {
		return fmt.Errorf("bus: the ledger of reactions: %w", err)
	}
	return nil
}

// Poisoned lists what reactions gave up, in the log's order.
func (l *Ledger) Poisoned(ctx context.Context) (out []Poison, err error) {
	err = l.query(ctx, `SELECT reaction, commit_, prepare, stream, revision, type, reason, at FROM poison ORDER BY commit_, prepare, reaction`, func(stmt *zsqlite.Stmt) error {
		at, err := time.Parse(time.RFC3339Nano, stmt.ColumnText(7))
		out = append(out, Poison{
			Reaction: stmt.ColumnText(0), Position: position(stmt, 1), Stream: stmt.ColumnText(3), Revision: uint64(stmt.ColumnInt64(4)),
			Type: stmt.ColumnText(5), Reason: stmt.ColumnText(6), At: at,
		})
		return err
	})
	return out, err
}

func (l *Ledger) poison(ctx context.Context, p Poison) error {
	return l.exec(ctx, `INSERT OR REPLACE INTO poison VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		p.Reaction, int64(p.Position.Commit), int64(p.Position.Prepare), p.Stream, int64(p.Revision), p.Type, p.Reason, p.At.Format(time.RFC3339Nano))
}

func (l *Ledger) checkpoint(ctx context.Context, reaction string) (cp projections.Checkpoint, found bool, err error) {
	err = l.query(ctx, `SELECT log, resume_commit, resume_prepare, last_stream, last_revision, last_commit, last_prepare, last_hash FROM checkpoints WHERE reaction = ?`, func(stmt *zsqlite.Stmt) (err error) {
		found = true
		cp.Log, err = uuid.Parse(stmt.ColumnText(0))
		cp.Resume, cp.Last.Position = position(stmt, 1), position(stmt, 5)
		cp.Last.Stream, cp.Last.Revision = stmt.ColumnText(3), uint64(stmt.ColumnInt64(4))
		stmt.ColumnBytes(7, cp.Last.Hash[:])
		return err
	}, reaction)
	return cp, found, err
}

// done keeps a checkpoint, also while the program is being stopped: what was
// handled shall not come again for that.
func (l *Ledger) done(ctx context.Context, reaction string, cp projections.Checkpoint) error {
	return l.exec(context.WithoutCancel(ctx), `INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		reaction, cp.Log.String(), int64(cp.Resume.Commit), int64(cp.Resume.Prepare),
		cp.Last.Stream, int64(cp.Last.Revision), int64(cp.Last.Position.Commit), int64(cp.Last.Position.Prepare), cp.Last.Hash[:])
}

func (l *Ledger) exec(ctx context.Context, statement string, args ...any) error {
	return l.writer.DoChecked(ctx, func(conn *zsqlite.Conn) error {
		return sqlitex.Execute(conn, statement, &sqlitex.ExecOptions{Args: args})
	})
}

func (l *Ledger) query(ctx context.Context, query string, row func(*zsqlite.Stmt) error, args ...any) error {
	return l.readers.Read(ctx, func(conn *zsqlite.Conn) error {
		return sqlitex.Execute(conn, query, &sqlitex.ExecOptions{Args: args, ResultFunc: row})
	})
}

func position(stmt *zsqlite.Stmt, at int) eventlog.Position {
	return eventlog.Position{Commit: uint64(stmt.ColumnInt64(at)), Prepare: uint64(stmt.ColumnInt64(at + 1))}
}
