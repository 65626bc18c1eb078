package sqlite

import (
	"context"
	"errors"
	"fmt"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/projections"
)

var _ projections.Store = (*projection)(nil)

// Name implements projections.Store.
func (p *projection) Name() string { return p.name }

// Serving implements projections.Store.
func (p *projection) Serving(context.Context) (projections.Generation, string) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.serving == nil {
		return nil, p.why
	}
	return p.serving, ""
}

// Serve implements projections.Store.
func (p *projection) Serve(ctx context.Context, next projections.Generation) error {
	g, ok := next.(*generation)
	if !ok || g.of != p {
		return fmt.Errorf("view %s: the generation belongs elsewhere", p.name)
	}
	cp, err := g.Checkpoint(ctx)
	if err != nil {
		return err
	}
	if err := p.setCurrent(g.number); err != nil {
		return err
	}
	p.mu.Lock() // waits for the queries that run
	before := p.serving
	p.serving, p.why = g, ""
	p.mu.Unlock()
	p.hot.forgetAll()
	p.tell(cp.Resume)
	var closed error
	if before != nil {
		closed = before.close()
	}
	numbers, err := p.generations()
	switch {
	case err != nil:
	case g.mustPurge():
		err = p.removeBefore(g.number)
	default:
		err = p.clear(numbers, g.number)
	}
	if err = errors.Join(closed, err); err != nil {
		p.views.logger.Warn("an old generation of a view could not be put away", "projection", p.name, "error", err)
	}
	return nil
}

// mustPurge reports whether somebody was erased from this generation while it
// did not serve: the one before may not have seen that.
func (g *generation) mustPurge() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.purges
}

// build fills a file that nothing reads: no journal, no syncs, no indexes but
// those that writing needs, one transaction. At the end it is made whole.
type build struct {
	documents
	of     *projection
	number int
	done   bool
}

var _ projections.Build = (*build)(nil)

// Put implements projections.Documents. Nobody looks anything up in a build, so
// it keeps no keys.
func (b *build) Put(it *projections.Item) error { return b.write(it) }

// Build implements projections.Store.
func (p *projection) Build(context.Context) (projections.Build, error) {
	if p.views.readOnly {
		return nil, fmt.Errorf("view %s is open for reading only", p.name)
	}
	p.state.Lock()
	p.builds++
	p.numbers++
	number := p.numbers
	p.state.Unlock()
	b := &build{of: p, number: number, documents: newDocuments(nil, p.docs)}
	if err := b.start(); err != nil {
		return nil, errors.Join(err, b.Discard())
	}
	return b, nil
}

func (b *build) start() error {
	path := b.of.file(b.number)
	if err := createFile(path); err != nil {
		return err
	}
	var err error
	if b.conn, err = sqlite.OpenConn(path, sqlite.OpenReadWrite); err != nil {
		return err
	}
	tables, _ := b.table.schema()
	for _, statement := range []string{
		"PRAGMA locking_mode = EXCLUSIVE", "PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF",
		"PRAGMA cache_size = -16384", "PRAGMA secure_delete = ON",
		fmt.Sprintf("PRAGMA application_id = %d", viewsApplication), fmt.Sprintf("PRAGMA user_version = %d", b.table.format()),
		"BEGIN",
	} {
		if err := sqlitex.ExecuteTransient(b.conn, statement, nil); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return sqlitex.ExecuteScript(b.conn, viewsTables+tables, nil)
}

// Finish implements projections.Build.
func (b *build) Finish(ctx context.Context) (projections.Generation, error) {
	b.conn.SetInterrupt(ctx.Done())
	_, indexes := b.table.schema()
	if err := sqlitex.ExecuteScript(b.conn, indexes, nil); err != nil {
		return nil, err
	}
	for _, statement := range []string{"COMMIT", "PRAGMA locking_mode = NORMAL", "PRAGMA journal_mode = WAL"} {
		if err := sqlitex.ExecuteTransient(b.conn, statement, nil); err != nil {
			return nil, fmt.Errorf("%s: %w", statement, err)
		}
	}
	err := b.conn.Close()
	b.conn = nil
	if err != nil {
		return nil, err
	}
	// Nobody else has the file open in this process yet, so syncing it by hand drops no lock.
	if err := errors.Join(syncFile(b.of.file(b.number)), syncDir(b.of.views.dir)); err != nil {
		return nil, err
	}
	g, err := b.of.openGeneration(b.number)
	if err != nil {
		return nil, err
	}
	b.done = true
	return g, nil
}

// Discard implements projections.Build.
func (b *build) Discard() error {
	b.of.state.Lock()
	if b.number != 0 {
		b.of.builds--
	}
	b.of.state.Unlock()
	number := b.number
	b.number = 0 // harmless from here on
	var err error
	if b.conn != nil {
		err = b.conn.Close()
		b.conn = nil
	}
	if !b.done && number != 0 {
		err = errors.Join(err, b.of.remove(number))
	}
	return err
}
