package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"zombiezen.com/go/sqlite"

	"hoso/domain/eventlog"
	"hoso/projections"
)

// generation is one complete file of documents.
type generation struct {
	of      *projection
	number  int
	readers *Readers

	mu       sync.Mutex // guards the fields below; held by Update
	writer   *Writer    // nil when reading only, and after a failed commit until the next Update
	unpurged bool       // the WAL still holds what was to leave no trace
	closed   bool
}

func (p *projection) openGeneration(number int) (*generation, error) {
	g := &generation{of: p, number: number}
	if !p.views.readOnly {
		if err := g.openWriter(); err != nil {
			return nil, err
		}
	}
	var err error
	if g.readers, err = OpenReaders(p.file(number), 0); err != nil {
		return nil, errors.Join(err, g.close())
	}
	return g, nil
}

// openWriter opens the file for writing. A power cut may lose the last
// transactions, documents and checkpoint together: they are then written again
// from the log, so no commit needs to wait for the disk.
func (g *generation) openWriter() (err error) {
	g.writer, err = OpenWriter(g.of.file(g.number), WriterOptions{Relaxed: true, SecureDelete: true})
	if err == nil {
		g.truncate(context.Background(), true) // for a process that died before it could
	}
	return err
}

func (g *generation) close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	var err error
	if g.readers != nil {
		err = g.readers.Close()
	}
	if g.writer != nil {
		err = errors.Join(err, g.writer.Close())
		g.writer = nil
	}
	return err
}

// Checkpoint implements projections.Generation.
func (g *generation) Checkpoint(ctx context.Context) (c projections.Checkpoint, err error) {
	err = g.readers.Read(ctx, func(conn *sqlite.Conn) error {
		c, err = readCheckpoint(conn)
		return err
	})
	return c, err
}

// Parked implements projections.Generation.
func (g *generation) Parked(ctx context.Context) (parked []projections.Parked, err error) {
	err = g.readers.Read(ctx, func(conn *sqlite.Conn) error {
		parked, err = readParked(conn)
		return err
	})
	return parked, err
}

// Update implements projections.Generation. The transaction has the file's
// writer for itself, so apply may read the log meanwhile.
func (g *generation) Update(ctx context.Context, apply func(projections.Documents) error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || g.of.views.readOnly {
		return fmt.Errorf("view %s: %w: it is closed or open for reading only", g.of.name, eventlog.ErrStopped)
	}
	if g.writer == nil {
		if err := g.openWriter(); err != nil {
			return err
		}
	}
	var docs documents
	err := g.inTurn(ctx, func(conn *sqlite.Conn) error {
		docs = newDocuments(conn, g.of.docs)
		docs.hot = g.of.hot != nil
		if err := apply(&docs); err != nil || !docs.purge {
			return err
		}
		if !g.serves() { // the serving one sees to the older ones, which hold what shall leave no trace
			return nil
		}
		return g.of.removeBefore(g.number)
	})
	g.of.hot.forget(docs.keys) // also after an error: it may be committed all the same
	if g.writer.Healthy() != nil {
		err = errors.Join(err, g.writer.Close())
		g.writer = nil
	}
	if err != nil {
		return err
	}
	g.truncate(ctx, docs.purge) // before anybody is told: an erasure that was waited for is done
	if docs.set != nil {
		g.of.saw(g, docs.set.Resume)
	}
	return nil
}

// inTurn writes one view at a time: they are nobody's hurry, and together they
// would keep every processor from those who wait for an answer.
func (g *generation) inTurn(ctx context.Context, job func(*sqlite.Conn) error) error {
	g.of.views.turn.Lock()
	defer g.of.views.turn.Unlock()
	return g.writer.DoWhole(ctx, job)
}

// truncate cuts the WAL where it may hold what was replaced for ever. While a
// query reads, it cannot; the next Update tries again.
func (g *generation) truncate(ctx context.Context, purge bool) {
	g.unpurged = g.unpurged || purge
	if !g.unpurged {
		return
	}
	if err := g.writer.Truncate(ctx); err != nil {
		g.of.views.logger.Warn("the write-ahead log of a view still holds erased values; trying again with the next event",
			"projection", g.of.name, "error", err)
		return
	}
	g.unpurged = false
}

// Discard implements projections.Generation.
func (g *generation) Discard() error {
	return errors.Join(g.close(), g.of.remove(g.number))
}

// serves reports whether queries are answered from this generation; one that
// is being built beside it must leave the older files alone.
func (g *generation) serves() bool {
	g.of.mu.RLock()
	defer g.of.mu.RUnlock()
	return g.of.serving == g
}

// saw tells waiters how far the serving documents have come.
func (p *projection) saw(g *generation, at eventlog.Position) {
	if g.serves() {
		p.tell(at)
	}
}

func (p *projection) tell(at eventlog.Position) {
	p.state.Lock()
	p.seen = at
	p.state.Unlock()
	p.news.publish()
}
