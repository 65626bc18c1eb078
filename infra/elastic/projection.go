package elastic

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"hoso/domain/eventlog"
	"hoso/projections"
)

// projection is one projection's generations.
type projection struct {
	views   *Views
	name    string
	docs    kind
	hotSize int // dossiers kept at hand

	state   sync.Mutex
	serving *generation       // as far as this process knows
	seen    eventlog.Position // what this process wrote into it
	moved   chan struct{}     // closed at the next change of seen
	builds  int               // running

	refresh sync.Mutex
	visible eventlog.Position // queries answer at least this
}

var _ projections.Store = (*projection)(nil)

// Name implements projections.Store.
func (p *projection) Name() string { return p.name }

// Serving implements projections.Store.
func (p *projection) Serving(ctx context.Context) (projections.Generation, string) {
	s, err := p.look(ctx)
	switch {
	case err != nil:
		return nil, err.Error()
	case s.serving != "":
		return p.known(s.serving), ""
	case len(s.others) > 0:
		return nil, fmt.Sprintf("there is none of format %d, only of others", p.docs.format())
	}
	return nil, "there is none yet"
}

// known gives the generation that serves, with what is at hand of it.
func (p *projection) known(index string) *generation {
	p.state.Lock()
	defer p.state.Unlock()
	if p.serving == nil || p.serving.index != index {
		p.serving = p.generation(index, nil)
	}
	return p.serving
}

// Serve implements projections.Store: one exchange of aliases, refused when
// another process exchanged them meanwhile.
func (p *projection) Serve(ctx context.Context, next projections.Generation) error {
	g, ok := next.(*generation)
	if !ok || g.of != p {
		return fmt.Errorf("view %s: the generation belongs elsewhere", p.name)
	}
	s, err := p.look(ctx)
	if err != nil {
		return err
	}
	older := slices.DeleteFunc(slices.Clone(s.mine), func(index string) bool {
		return index == s.serving || p.numberOf(index) >= p.numberOf(g.index)
	})
	if s.serving != "" {
		older = append(older, s.others...)
	}
	if err := p.exchange(ctx, s, g.index, older); err != nil {
		return err
	}
	return p.took(ctx, g, s.serving)
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
	p.serving = g
	p.state.Unlock()
	p.refresh.Lock()
	p.visible = eventlog.Position{}
	p.refresh.Unlock()
	cp, err := g.Checkpoint(ctx)
	if err == nil {
		p.tell(cp.Resume)
	}
	return err
}

// RollBack makes the generation before the serving one again, and keeps the
// serving one as the one to go back to. Stop the projection's runners first:
// they must start anew from its checkpoint.
func (v *Views) RollBack(ctx context.Context, name string) error {
	p, err := v.projection(name)
	if err != nil {
		return err
	}
	s, err := p.look(ctx)
	if err != nil {
		return err
	}
	if s.previous == "" || s.serving == "" {
		return fmt.Errorf("view %s: there is no generation to go back to", name)
	}
	if err := v.changeState(ctx, s.previous, func(s *state) { s.Retired = false }); err != nil {
		return err
	}
	if err := p.exchange(ctx, s, s.previous, nil); err != nil {
		return err
	}
	return p.took(ctx, p.generation(s.previous, nil), s.serving)
}

// tell lets waiters know how far the serving documents have come.
func (p *projection) tell(at eventlog.Position) {
	p.state.Lock()
	defer p.state.Unlock()
	p.seen = at
	close(p.moved)
	p.moved = make(chan struct{})
}
