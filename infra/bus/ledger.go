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
	"hoso/infra/logpubsub"
	"hoso/infra/sqlite"
)

// LedgerFile is the ledger's name in a data folder.
const LedgerFile = "reactions.db"

// Ledger keeps the reactions' checkpoints and poison queue, in a file of the
// data folder: not among the views, whose deletion would make every reaction
// begin at the first event again. A second process may have it open too, to
// look and to ask for retries.
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
	At       time.Time         `json:"at"`    // when it was given up, the last time
	Retry    bool              `json:"retry"` // somebody asked for it to be tried again
}

const ledgerSchema = `
DROP TABLE IF EXISTS checkpoints;         -- of earlier versions: they knew the newest event by its hash
CREATE TABLE IF NOT EXISTS followed (      -- how far each reaction has come
  reaction       TEXT    PRIMARY KEY,
  log            TEXT    NOT NULL,       -- the log's id
  resume_commit  INTEGER NOT NULL,       -- everything up to this position is done
  resume_prepare INTEGER NOT NULL,
  last_stream    TEXT    NOT NULL,       -- the newest event seen; '' before the first
  last_revision  INTEGER NOT NULL,
  last_commit    INTEGER NOT NULL,
  last_prepare   INTEGER NOT NULL,
  last_id        TEXT    NOT NULL
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
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS retries (     -- which of them somebody wants tried again
  reaction TEXT    NOT NULL,
  commit_  INTEGER NOT NULL,
  prepare  INTEGER NOT NULL,
  PRIMARY KEY (reaction, commit_, prepare)
) WITHOUT ROWID;`

// OpenLedger opens the ledger of a data folder for writing.
func OpenLedger(dir string) (*Ledger, error) {
	path := filepath.Join(dir, LedgerFile)
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

// checkpoints are those of one reaction, which follows one topic.
type checkpoints struct {
	ledger   *Ledger
	reaction string
}

// Load implements logpubsub.Checkpoints.
func (c checkpoints) Load(ctx context.Context, _ string) (cp logpubsub.Checkpoint, found bool, err error) {
	err = c.ledger.query(ctx, `SELECT log, resume_commit, resume_prepare, last_stream, last_revision, last_commit, last_prepare, last_id FROM followed WHERE reaction = ?`, func(stmt *zsqlite.Stmt) (err error) {
		found = true
		cp.Position = position(stmt, 1)
		cp.Last.Stream, cp.Last.Revision, cp.Last.Position = stmt.ColumnText(3), uint64(stmt.ColumnInt64(4)), position(stmt, 5)
		if cp.Log, err = uuid.Parse(stmt.ColumnText(0)); err != nil {
			return err
		}
		cp.Last.ID, err = uuid.Parse(stmt.ColumnText(7))
		return err
	}, c.reaction)
	return cp, found, err
}

// Save implements logpubsub.Checkpoints.
func (c checkpoints) Save(ctx context.Context, _ string, cp logpubsub.Checkpoint) error {
	return c.ledger.exec(ctx, `INSERT OR REPLACE INTO followed VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.reaction, cp.Log.String(), int64(cp.Position.Commit), int64(cp.Position.Prepare),
		cp.Last.Stream, int64(cp.Last.Revision), int64(cp.Last.Position.Commit), int64(cp.Last.Position.Prepare), cp.Last.ID.String())
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
