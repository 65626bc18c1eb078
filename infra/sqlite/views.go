package sqlite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"unsafe"

	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/domain/eventlog"
	"hoso/projections"
)

var _ projections.Views = (*Views)(nil)

// ViewsOptions say what the views need beside their folder.
type ViewsOptions struct {
	// Proofs make the keyed hashes that views hold of ID and phone numbers. Only for writing.
	Proofs projections.Proofs
	// Head is the log's newest position, from which lag is told; nil leaves lag out.
	Head func(context.Context) (eventlog.Position, error)
	// Log is the log that answers must be of; uuid.Nil takes any.
	Log    uuid.UUID
	Logger *slog.Logger // nil: slog.Default
}

// Views are the read side in SQLite files: for each projection dir/views holds
// <projection>.<generation>.db with documents and checkpoint, and
// <projection>.current, which names the generation that serves. The one before
// is kept, to go back to.
type Views struct {
	dir      string
	readOnly bool
	opt      ViewsOptions
	logger   *slog.Logger
	all      []*projection
	turn     sync.Mutex // held by the view that is being written
}

// projection is one projection's files.
type projection struct {
	views *Views
	docs  docTable
	name  string

	mu      sync.RWMutex // held for reading while a query runs, for writing while generations are exchanged
	serving *generation  // nil: none that this program can use
	why     string       // why there is none

	state   sync.Mutex
	seen    eventlog.Position // what serving holds
	news    *news             // of seen
	builds  int               // running
	numbers int               // highest generation number handed out
	revived *generation       // the one before, while it is brought up to serve again
	hot     *hotViews         // nil where another process writes, or nothing is looked up by code
}

// docTable is how one projection keeps its documents. The connection is the
// writer's, inside a transaction.
type docTable interface {
	format() int                      // a change of documents or tables needs a new one
	schema() (tables, indexes string) // indexes: those that only reading needs
	stored(conn *sqlite.Conn, dossier uuid.UUID) (revision uint64, found bool, err error)
	event(lines []byte, it *projections.Item) ([]byte, error)        // appends the line an event leaves for ever, if any
	put(conn *sqlite.Conn, it *projections.Item, lines []byte) error // lines: those of the events since the last put
	forget(conn *sqlite.Conn, dossier uuid.UUID) error
}

// OpenViews opens the views of a data folder, for reading only beside the
// process that writes them. Missing or unusable views are no error: queries
// then answer projections.ErrNotBuilt until projections.Start has built them.
func OpenViews(dir string, readOnly bool, opt ViewsOptions) (*Views, error) {
	v := &Views{dir: filepath.Join(dir, "views"), readOnly: readOnly, opt: opt, logger: opt.Logger}
	if v.logger == nil {
		v.logger = slog.Default()
	}
	if !readOnly {
		if err := os.MkdirAll(v.dir, 0o700); err != nil {
			return nil, err
		}
	}
	v.all = []*projection{
		{name: projections.DossierProjection, docs: dossierTable{opt.Proofs}},
		{name: projections.SearchProjection, docs: searchTable{opt.Proofs}},
		{name: projections.TimelineProjection, docs: timelineTable{}},
		{name: projections.TimesProjection, docs: timesTable{}},
	}
	if !readOnly {
		v.all[0].hot = newHotViews()
	}
	for _, p := range v.all {
		p.views, p.news = v, newNews()
		if err := p.open(); err != nil {
			return nil, errors.Join(fmt.Errorf("views in %s: %w", v.dir, err), v.Close())
		}
	}
	return v, nil
}

// Store is where the named projection's runner writes, of several partitions
// that of the first.
func (v *Views) Store(name string) projections.Store { return v.Stores(name)[0] }

// Stores is where the named projection's runner writes: one, for all dossiers.
func (v *Views) Stores(name string) []projections.Store {
	p, err := v.projection(name)
	if err != nil {
		panic(err) // names are constants of package projections
	}
	return []projections.Store{p}
}

// Close waits for running queries and closes the files. Stop the runners first.
func (v *Views) Close() error {
	var err error
	for _, p := range v.all {
		err = errors.Join(err, p.closeRevived())
		p.mu.Lock()
		g := p.serving
		p.serving, p.why = nil, "the views are closed"
		p.mu.Unlock()
		if g != nil { // not under p.mu, which one that is being written asks for
			err = errors.Join(err, g.close())
		}
	}
	return err
}

func (v *Views) projection(name string) (*projection, error) {
	for _, p := range v.all {
		if p.name == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("there is no projection %q", name)
}

// read runs a query on the serving generation, as of one moment; the position
// is how far its documents have come. Errors: ErrNotBuilt, ErrOtherLog.
func (v *Views) read(ctx context.Context, name string, query func(conn *sqlite.Conn, at eventlog.Position) error) error {
	return v.readAny(ctx, name, func(conn *sqlite.Conn, cp projections.Checkpoint) error {
		if err := projections.CheckLog(name, cp.Log, v.opt.Log); err != nil {
			return err
		}
		return query(conn, cp.Resume)
	})
}

// readAny is read of documents from whatever log.
func (v *Views) readAny(ctx context.Context, name string, query func(*sqlite.Conn, projections.Checkpoint) error) error {
	p, err := v.projection(name)
	if err != nil {
		return err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.serving == nil {
		return fmt.Errorf("%w (%s: %s)", projections.ErrNotBuilt, name, p.why)
	}
	return p.serving.readers.Read(ctx, func(conn *sqlite.Conn) (err error) {
		defer sqlitex.Transaction(conn)(&err)
		cp, err := readCheckpoint(conn)
		if err != nil {
			return err
		}
		return query(conn, cp)
	})
}

// each runs a query and calls row for every row of its result.
func each(conn *sqlite.Conn, query string, bind func(*sqlite.Stmt), row func(*sqlite.Stmt) error) (err error) {
	stmt, err := conn.Prepare(query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stmt.Reset()) }()
	if bind != nil {
		bind(stmt)
	}
	for {
		found, err := stmt.Step()
		if err != nil || !found {
			return err
		}
		if err := row(stmt); err != nil {
			return err
		}
	}
}

// run runs a statement without result.
func run(conn *sqlite.Conn, statement string, bind func(*sqlite.Stmt)) error {
	stmt, err := conn.Prepare(statement)
	if err != nil {
		return err
	}
	bind(stmt)
	if _, err := stmt.Step(); err != nil {
		return errors.Join(err, stmt.Reset())
	}
	return stmt.Reset()
}

// bindText binds bytes as a text without a copy of their own: they are copied
// to SQLite at once.
func bindText(stmt *sqlite.Stmt, param int, text []byte) {
	stmt.BindText(param, unsafe.String(unsafe.SliceData(text), len(text)))
}

func columnBytes(stmt *sqlite.Stmt, column int) []byte {
	b := make([]byte, stmt.ColumnLen(column))
	stmt.ColumnBytes(column, b)
	return b
}

func columnUUID(stmt *sqlite.Stmt, column int) (id uuid.UUID) {
	stmt.ColumnBytes(column, id[:])
	return id
}
