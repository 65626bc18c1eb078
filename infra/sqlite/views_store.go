package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"hoso/domain/eventlog"
	"hoso/projections"
)

var _ projections.Store = (*projection)(nil)

// Name implements projections.Store.
func (p *projection) Name() string { return p.name }

// Partition implements projections.Store: all dossiers.
func (p *projection) Partition() projections.Partition { return projections.Partition{} }

// Turn implements projections.Store: who has the folder open for writing is alone there.
func (p *projection) Turn(bool) context.Context {
	if p.views.readOnly {
		return nil
	}
	return context.Background()
}

// Serving implements projections.Store.
func (p *projection) Serving(context.Context) (projections.Generation, string, error) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.serving == nil {
		return nil, p.why, nil
	}
	return p.serving, "", nil
}

// Serve implements projections.Store.
func (p *projection) Serve(ctx context.Context, next projections.Generation, erased eventlog.Position) error {
	g, ok := next.(*generation)
	if !ok || g.of != p {
		return fmt.Errorf("view %s: the generation belongs elsewhere", p.name)
	}
	cp, err := g.Checkpoint(ctx)
	if err != nil {
		return err
	}
	p.state.Lock()
	again := p.revived == g
	p.state.Unlock()
	if again {
		if g, err = p.renumbered(g.number); err != nil {
			return err
		}
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
	if err := p.putAway(ctx, before, g.number, erased); err != nil {
		p.views.logger.Warn("an old generation of a view could not be put away", "projection", p.name, "error", err)
	}
	return nil
}

// Previous implements projections.Store.
func (p *projection) Previous(context.Context) (projections.Generation, string, error) {
	numbers, err := p.generations()
	if err != nil {
		return nil, "", err
	}
	p.mu.RLock()
	serving := p.serving
	p.mu.RUnlock()
	numbers = slices.DeleteFunc(numbers, func(n int) bool { return serving == nil || n >= serving.number })
	if len(numbers) == 0 {
		return nil, "there was none before, or an erasure removed it", nil
	}
	before := slices.Max(numbers)
	why, err := inspectView(p.file(before), p.docs.format())
	if err == nil && why == "" {
		err = p.closeRevived()
	}
	if err == nil && why == "" {
		var g *generation
		if g, err = p.openGeneration(before); err == nil {
			p.state.Lock()
			p.revived = g
			p.state.Unlock()
			return g, "", nil
		}
	}
	return nil, why, err
}

// closeRevived closes the generation before, where somebody began to go back
// to it and did not come to the end.
func (p *projection) closeRevived() error {
	p.state.Lock()
	g := p.revived
	p.revived = nil
	p.state.Unlock()
	if g == nil {
		return nil
	}
	return g.close()
}

// renumbered gives the generation before, which is to serve again, the next
// number, as if it had just been built: of two the older one has the lower.
func (p *projection) renumbered(number int) (*generation, error) {
	if err := p.closeRevived(); err != nil {
		return nil, err
	}
	p.state.Lock()
	p.numbers++
	next := p.numbers
	p.state.Unlock()
	for _, tail := range []string{"-wal", "-shm", ""} { // the file last: without it the others mean nothing
		err := os.Rename(p.file(number)+tail, p.file(next)+tail)
		if errors.Is(err, os.ErrNotExist) && tail == "" {
			return nil, fmt.Errorf("view %s: %w: an erasure removed it meanwhile", p.name, projections.ErrNoPrevious)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	return p.openGeneration(next)
}

// putAway closes the generation before and clears up, under an erasure that it
// may not have seen.
func (p *projection) putAway(ctx context.Context, before *generation, serving int, erased eventlog.Position) error {
	seen := before != nil || erased == (eventlog.Position{}) // of files of other formats nobody knows
	var closed error
	if before != nil {
		cp, err := before.Checkpoint(ctx)
		seen = err == nil && !cp.Resume.Before(erased)
		closed = before.close()
	}
	if !seen {
		return errors.Join(closed, p.removeBefore(serving))
	}
	numbers, err := p.generations()
	if err == nil {
		err = p.clear(numbers, serving)
	}
	return errors.Join(closed, err)
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
	f, err := os.OpenFile(b.of.file(b.number), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	early := make(chan error, 1)
	go func() { early <- f.Sync() }() // most of the file, while its indexes are made
	err = b.index(ctx)
	err = errors.Join(err, b.conn.Close(), <-early)
	b.conn = nil
	if err == nil {
		err = f.Sync()
	}
	// Closed after the connection, whose locks that would drop.
	if err := errors.Join(err, f.Close(), syncDir(b.of.views.dir)); err != nil {
		return nil, err
	}
	g, err := b.of.openGeneration(b.number)
	if err != nil {
		return nil, err
	}
	b.done = true
	return g, nil
}

func (b *build) index(ctx context.Context) error {
	b.conn.SetInterrupt(ctx.Done())
	_, indexes := b.table.schema()
	if err := sqlitex.ExecuteScript(b.conn, indexes, nil); err != nil {
		return err
	}
	for _, statement := range []string{"COMMIT", "PRAGMA locking_mode = NORMAL", "PRAGMA journal_mode = WAL"} {
		if err := sqlitex.ExecuteTransient(b.conn, statement, nil); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
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
