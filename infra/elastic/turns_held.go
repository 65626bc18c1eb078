package elastic

import (
	"context"
)

// keep makes the document's word true in this process.
func (t *turns) keep(doc turnsDoc) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, name := range t.me.Lanes {
		held, have := t.held[name]
		switch mine := doc.Holders[name] == t.id; {
		case mine && !have:
			t.begin(name)
		case !mine && have:
			held.end()
			delete(t.held, name)
		}
	}
}

// begin begins a turn; t.mu is held.
func (t *turns) begin(name string) {
	during, end := context.WithCancel(t.v.ctx)
	t.held[name] = turn{during, end}
}

// renew ends a turn and begins the next, so that its runner looks at the view anew.
func (t *turns) renew(p *projection, part int) {
	if part == whole {
		return
	}
	name := p.lanes[part].name()
	t.mu.Lock()
	defer t.mu.Unlock()
	if held, ok := t.held[name]; ok {
		held.end()
		t.begin(name)
	}
}

// renewStale renews the turns of views that another process has exchanged:
// whoever did it may have died before it could mark the one before.
func (t *turns) renewStale(ctx context.Context) error {
	found, err := t.v.indexes(ctx, t.v.opt.Prefix+"-*-v*")
	if err != nil {
		return err
	}
	serving := map[string]string{} // the index that each alias leads to
	for index, is := range found {
		for alias := range is.Aliases {
			serving[alias] = max(serving[alias], index)
		}
	}
	for _, l := range t.lanes {
		l.state.Lock()
		stale := l.gen != nil && serving[l.alias()] != "" && serving[l.alias()] != l.gen.index && l.serving == l.gen.index
		l.state.Unlock()
		if stale {
			t.renew(l.projection, l.part)
		}
	}
	return nil
}
