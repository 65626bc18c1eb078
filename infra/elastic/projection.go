package elastic

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"hoso/domain/eventlog"
	"hoso/projections"
)

// projection is one projection's generations.
type projection struct {
	views   *Views
	name    string
	docs    kind
	hotSize int     // dossiers kept at hand
	lanes   []*lane // one a partition

	state   sync.Mutex
	serving string            // the index, as far as this process knows
	seen    eventlog.Position // what this process wrote into it
	moved   chan struct{}     // closed at the next change of seen
	builds  int               // running

	refresh   sync.Mutex
	visible   eventlog.Position // queries answer at least this
	visibleIn string            // in this index

	verified atomic.Int64 // when the documents were last seen to be of the right log, ns since 1970
}

// lane is where the documents of one partition are written.
type lane struct {
	*projection
	part int
	gen  *generation // the serving one, with what is at hand of it; guarded by projection.state
}

var _ projections.Store = (*lane)(nil)

// Name implements projections.Store.
func (p *projection) Name() string { return p.name }

// Partition implements projections.Store.
func (l *lane) Partition() projections.Partition {
	return projections.Partition{Index: l.part, Of: len(l.lanes)}
}

// Serving implements projections.Store.
func (l *lane) Serving(ctx context.Context) (projections.Generation, string, error) {
	p := l.projection
	var s shelf
	err := p.views.patiently(ctx, func() (err error) { s, err = p.look(ctx); return err }) // else a pause would look like a missing view
	switch {
	case err != nil:
		return nil, "", err
	case len(s.twice) > 0 && !p.views.opt.ReadOnly:
		if err := p.exchange(ctx, s, s.serving, s.twice); err != nil {
			return nil, "", err
		}
		return l.Serving(ctx)
	case s.serving != "":
		var now at
		err := p.views.patiently(ctx, func() (err error) { now, err = p.views.readState(ctx, s.serving); return err })
		if errors.Is(err, errNoCheckpoint) || isKind(err, missingIndex) {
			return nil, err.Error(), nil
		}
		if err != nil {
			return nil, "", err
		}
		if n := len(now.Checkpoints); n != len(p.lanes) {
			return nil, fmt.Sprintf("it was built in %d partitions, not in %d", n, len(p.lanes)), nil
		}
		g := l.known(s.serving)
		if now.Unpurged > 0 && !p.views.opt.ReadOnly { // whoever began it may have died
			g.expunge()
		}
		return g, "", nil
	case len(s.others) > 0:
		return nil, fmt.Sprintf("there is none of format %d, only of others", p.docs.format()), nil
	}
	return nil, "there is none yet", nil
}

// known gives the generation that serves, with what is at hand of it.
func (l *lane) known(index string) *generation {
	l.state.Lock()
	defer l.state.Unlock()
	if l.gen == nil || l.gen.index != index {
		l.gen = l.generation(index, l.part, nil)
	}
	l.serving = index
	return l.gen
}

// Serve implements projections.Store: one exchange of aliases, refused when
// another process exchanged them meanwhile.
func (p *projection) Serve(ctx context.Context, next projections.Generation, erased eventlog.Position) error {
	g, ok := next.(*generation)
	if !ok || g.of != p {
		return fmt.Errorf("view %s: the generation belongs elsewhere", p.name)
	}
	// Once the exchange is sent it may be done: nobody's impatience shall make
	// the serving generation look like one that failed.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), exchanging)
	defer cancel()
	return p.views.patiently(ctx, func() error {
		before, err := p.serve(ctx, g)
		if err == nil {
			err = p.took(ctx, g, before)
		}
		if err != nil || erased == (eventlog.Position{}) {
			return err
		}
		return p.removeUnseen(ctx, g, before, erased)
	})
}

// exchanging is how long an exchange may take.
const exchanging = 2 * time.Minute

// serve makes a generation serve and names the one before.
func (p *projection) serve(ctx context.Context, g *generation) (before string, err error) {
	s, err := p.look(ctx)
	if err != nil {
		return "", err
	}
	if s.serving == g.index { // the answer to its exchange was lost
		return s.previous, nil
	}
	older := slices.DeleteFunc(slices.Clone(s.mine), func(index string) bool {
		return index == s.serving || p.numberOf(index) >= p.numberOf(g.index)
	})
	if s.serving != "" {
		others, err := p.unused(ctx, s.others)
		if err != nil {
			return "", err
		}
		older = append(older, others...)
	}
	if g.revived {
		if err := p.views.changeState(ctx, g.index, func(s *state) { s.Retired = false }); err != nil {
			return "", err
		}
	}
	// Searches must not fall back behind what they found before.
	if err := p.views.es.write(ctx, esapi.IndicesRefreshRequest{Index: []string{g.index}}, nil); err != nil {
		return "", err
	}
	return s.serving, p.exchange(ctx, s, g.index, older)
}

// removeUnseen deletes the generation before where it has not seen an erasure;
// where none of this format served, those of formats that nobody writes any more.
func (p *projection) removeUnseen(ctx context.Context, g *generation, before string, erased eventlog.Position) error {
	if before == "" {
		s, err := p.look(ctx)
		if err == nil {
			s.others, err = p.unused(ctx, s.others)
		}
		if err != nil {
			return err
		}
		return p.remove(ctx, append(s.others, slices.DeleteFunc(s.mine, func(index string) bool {
			return p.numberOf(index) >= p.numberOf(g.index)
		})...)...)
	}
	s, err := p.views.readState(ctx, before)
	switch {
	case isKind(err, missingIndex):
		return nil
	case err == nil && s.checkpoint(whole).Resume.Before(erased):
		return p.remove(ctx, before)
	}
	return err
}

// exchange makes an index serve and the one that served the one before.
func (p *projection) exchange(ctx context.Context, s shelf, next string, remove []string) error {
	actions := []obj{{"add": obj{"index": next, "alias": p.alias()}}}
	if s.previous != "" && !slices.Contains(remove, s.previous) {
		actions = append(actions, obj{"remove": obj{"index": s.previous, "alias": p.previous()}})
	}
	if s.serving != "" && s.serving != next {
		actions = append(actions,
			obj{"remove": obj{"index": s.serving, "alias": p.alias(), "must_exist": true}},
			obj{"add": obj{"index": s.serving, "alias": p.previous()}})
	}
	for _, index := range remove {
		actions = append(actions, obj{"remove_index": obj{"index": index}})
	}
	err := p.views.es.write(ctx, esapi.IndicesUpdateAliasesRequest{Body: body(obj{"actions": actions})}, nil)
	if isKind(err, "aliases_not_found_exception") {
		return fmt.Errorf("view %s: another process exchanged the generations meanwhile: %w", p.name, err)
	}
	return err
}

// took makes this process know what serves now, and others that write into the
// one before stop.
func (p *projection) took(ctx context.Context, g *generation, before string) error {
	if before != "" && before != g.index {
		if err := p.views.changeState(ctx, before, func(s *state) { s.Retired = true }); err != nil {
			p.views.logger.Warn("the generation before could not be marked as retired", "projection", p.name, "error", err)
		}
	}
	p.state.Lock()
	p.serving = g.index
	p.state.Unlock()
	if err := g.mu.Acquire(ctx, 1); err != nil {
		return err
	}
	g.revived = false
	if len(p.lanes) == 1 { // what is at hand of it goes on
		g.part = 0
	}
	g.mu.Release(1)
	p.state.Lock()
	if len(p.lanes) == 1 {
		p.lanes[0].gen = g
	}
	p.state.Unlock()
	cp, err := g.Checkpoint(ctx)
	if err == nil {
		p.tell(cp.Resume)
	}
	return err
}

// Previous implements projections.Store.
func (p *projection) Previous(ctx context.Context) (projections.Generation, string, error) {
	s, err := p.look(ctx)
	if err != nil {
		return nil, "", err
	}
	if s.previous == "" || s.serving == "" {
		return nil, "there was none before, or an erasure removed it", nil
	}
	now, err := p.views.readState(ctx, s.previous)
	if err != nil {
		return nil, "", err
	}
	if n := len(now.Checkpoints); n != len(p.lanes) {
		return nil, fmt.Sprintf("it was built in %d partitions, not in %d", n, len(p.lanes)), nil
	}
	g := p.generation(s.previous, whole, nil)
	g.revived = true
	return g, "", nil
}

// tell lets waiters know how far the serving documents have come.
func (p *projection) tell(at eventlog.Position) {
	p.state.Lock()
	defer p.state.Unlock()
	p.seen = at
	close(p.moved)
	p.moved = make(chan struct{})
}
