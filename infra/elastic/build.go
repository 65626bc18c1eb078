package elastic

import (
	"context"
	"fmt"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/google/uuid"

	"hoso/projections"
)

const bulkDocs = 1000 // of a build's bulk

// build fills an index that nothing reads. While a bulk is on its way the next
// one is made.
type build struct {
	*documents
	of      *projection
	index   string
	ctx     context.Context
	sent    chan error // of the bulk on its way; nil: there is none
	refused map[uuid.UUID]bool
	told    []refusal // of the bulk on its way
	open    bool      // counted among the builds
	done    bool
}

var _ projections.Build = (*build)(nil)

// Build implements projections.Store. The index takes the next free number.
func (p *projection) Build(ctx context.Context) (projections.Build, error) {
	v := p.views
	if v.opt.ReadOnly {
		return nil, fmt.Errorf("view %s is open for reading only", p.name)
	}
	s, err := p.look(ctx)
	if err != nil {
		return nil, err
	}
	number := 1
	for _, index := range s.mine {
		number = max(number, p.numberOf(index)+1)
	}
	bulky := body(obj{"settings": obj{"index": obj{"refresh_interval": "-1", "auto_expand_replicas": false, "number_of_replicas": 0}}})
	for err = fmt.Errorf("start"); err != nil; number++ {
		err = v.es.write(ctx, esapi.IndicesCreateRequest{Index: p.index(number), Body: bulky}, nil)
		if err != nil && !isKind(err, "resource_already_exists_exception") {
			return nil, err
		}
	}
	p.state.Lock()
	p.builds++
	p.state.Unlock()
	return &build{
		documents: newDocuments(p.docs, whole, state{Checkpoints: make([]projections.Checkpoint, len(p.lanes))}, newHot(p.hotSize)), of: p, index: p.index(number - 1), ctx: ctx,
		refused: map[uuid.UUID]bool{}, open: true,
	}, nil
}

// Append implements projections.Documents. What the earlier events left is at
// hand, or is fetched back from the index.
func (b *build) Append(it *projections.Item) error {
	if h := b.at(it.Dossier); !h.found && h.lines == nil && it.Revision > 0 {
		if err := b.fetch(it.Dossier, h); err != nil {
			return err
		}
	}
	return b.documents.Append(it)
}

func (b *build) fetch(dossier uuid.UUID, h *held) error {
	reader, ok := b.docs.(interface {
		lines(raw []byte) ([]byte, error)
	})
	if !ok {
		return nil // events leave nothing
	}
	if err := b.flush(true); err != nil {
		return err
	}
	b.touched[dossier] = h
	return b.of.views.patiently(b.ctx, func() error {
		raw, found, err := b.of.views.source(b.ctx, b.index, dossier.String())
		if err != nil || !found {
			return err
		}
		h.lines, err = reader.lines(raw)
		return err
	})
}

// Put implements projections.Documents.
func (b *build) Put(it *projections.Item) error {
	if b.refused[it.Dossier] {
		return nil
	}
	if err := b.documents.Put(it); err != nil {
		return err
	}
	if len(b.bulk.ops) >= bulkDocs || len(b.bulk.body) >= maxBody {
		return b.flush(false)
	}
	return nil
}

// flush hands over what was put so far, and waits for the bulk before it; asked
// to wait, for this one too.
func (b *build) flush(wait bool) error {
	if err := b.arrived(); err != nil {
		return err
	}
	full := b.bulk
	b.bulk = bulk{ops: make([]op, 0, len(full.ops))}
	b.bulk.reserve(len(full.body))
	for dossier, h := range b.touched {
		if !h.due { // what was not put yet is nowhere else
			b.hot.Add(dossier, *h)
			delete(b.touched, dossier)
		}
	}
	b.sent = make(chan error, 1)
	go func() {
		var err error
		b.told, err = b.of.views.insist(b.ctx, b.index, &full)
		b.sent <- err
	}()
	if wait {
		return b.arrived()
	}
	return nil
}

// arrived waits for the bulk on its way and sets the refused dossiers aside.
func (b *build) arrived() error {
	if b.sent == nil {
		return nil
	}
	err := <-b.sent
	b.sent = nil
	parked := b.settle(b.told)
	for _, p := range parked {
		b.refused[p.Dossier] = true
	}
	b.of.tellParked(parked)
	b.told = nil
	return err
}

// Finish implements projections.Build.
func (b *build) Finish(ctx context.Context) (projections.Generation, error) {
	if err := b.flush(true); err != nil {
		return nil, err
	}
	v := b.of.views
	usual := body(obj{"index": obj{"refresh_interval": "1s", "auto_expand_replicas": "0-1"}})
	var first at
	err := v.patiently(ctx, func() (err error) {
		if err = v.es.write(ctx, esapi.IndicesPutSettingsRequest{Index: []string{b.index}, Body: usual}, nil); err != nil {
			return err
		}
		first, err = v.createState(ctx, b.index, b.state)
		if isKind(err, "version_conflict_engine_exception") { // its answer was lost before
			first, err = v.readState(ctx, b.index)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	b.done = true
	g := b.of.generation(b.index, whole, b.hot)
	g.last = &first
	return g, nil
}

// Discard implements projections.Build.
func (b *build) Discard() error {
	if !b.open {
		return nil
	}
	b.open = false
	b.of.state.Lock()
	b.of.builds--
	b.of.state.Unlock()
	if b.done {
		return nil
	}
	_ = b.arrived() // the reason is known
	return b.of.remove(b.of.views.ctx, b.index)
}
