// Package elastic keeps the read side in Elasticsearch 8: one index a
// generation of a projection, found by aliases.
//
//	hoso-search-v1-000003          a generation: documents of format 1, and its checkpoint in the document "state"
//	hoso-search-v1                 alias of the one that serves
//	hoso-search-v1-previous        alias of the one before, to go back to
//	hoso-turns                     which process writes which partition of a projection
//
// Elasticsearch has no transactions. What stands in for them: a document is
// versioned by its dossier's revision, so that writing it again, or late, is
// harmless; the checkpoint is moved after the documents, and only by whom knows
// its last state (if_seq_no), so that of two runners one loses.
//
// It asks nothing of the cluster beyond Elasticsearch's core: no scripts, no
// by-query calls, no ingest.
package elastic

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/google/uuid"

	"hoso/domain/eventlog"
	"hoso/projections"
)

var _ projections.Views = (*Views)(nil)

// Options say what the views need beside their address.
type Options struct {
	// Proofs make the keyed hashes that views hold of ID and phone numbers. Only for writing.
	Proofs projections.Proofs
	// Head is the log's newest position, from which lag is told; nil leaves lag out.
	Head func(context.Context) (eventlog.Position, error)
	// Log is the log that answers must be of; uuid.Nil takes any.
	Log      uuid.UUID
	Logger   *slog.Logger // nil: slog.Default
	ReadOnly bool         // nothing is written, not even templates
	// Prefix begins the name of every index; "" means "hoso". Two installations
	// on one cluster need two.
	Prefix string
	// Shards of each index; 0 means 1. With more of them a page may for a second
	// show less than its Position says.
	Shards int
	// Partitions is in how many shares of all dossiers each projection is
	// written, each by one process at a time; 0 means as many as the views have
	// that are there, else 1. A view of another number is built anew.
	Partitions int

	// Transport, where set, comes between the views and the cluster, and Resent
	// hears of documents that are sent again for lack of room there: for metrics.
	Transport func(http.RoundTripper) http.RoundTripper
	Resent    func(documents int)

	wrap func(http.RoundTripper) http.RoundTripper // tests come between
	tact time.Duration                             // of turns; 0: a second
	// exactTimes is how many dossiers' percentiles are exact; 0 means maxExact.
	exactTimes int
	perShard   int // values of a facet; 0 means maxPerShard
}

// Views are the read side in Elasticsearch. Safe for concurrent use.
type Views struct {
	es     *client
	opt    Options
	logger *slog.Logger
	pace   pace
	turns  *turns
	all    []*projection

	ctx  context.Context // ends with Close
	stop context.CancelFunc
	work sync.WaitGroup // in the background
}

// Open reaches the cluster and brings its index templates up to this program's.
// The address is http:// or https://, user:password@, host:port, a path where a
// proxy wants one; several of one cluster with commas between them. Missing
// views are no error: queries answer projections.ErrNotBuilt until
// projections.Start has built them. Errors, each a *domain.Error or around one:
// views_bad_address, views_unreachable, views_denied, views_no_right, views_not_elasticsearch.
func Open(ctx context.Context, address string, opt Options) (*Views, error) {
	if opt.Prefix == "" {
		opt.Prefix = "hoso"
	}
	if opt.Logger == nil {
		opt.Logger = slog.Default()
	}
	if opt.exactTimes == 0 {
		opt.exactTimes = maxExact
	}
	if opt.perShard == 0 {
		opt.perShard = maxPerShard
	}
	opt.Shards = max(opt.Shards, 1)
	if opt.wrap == nil {
		opt.wrap = opt.Transport
	}
	es, err := newClient(address, opt.wrap)
	if err != nil {
		return nil, err
	}
	v := &Views{es: es, opt: opt, logger: opt.Logger}
	v.ctx, v.stop = context.WithCancel(context.WithoutCancel(ctx))
	for _, one := range []struct {
		name string
		docs kind
		hot  int
	}{
		{projections.DossierProjection, dossierDocs{opt.Proofs}, 65_536},
		{projections.SearchProjection, searchDocs{opt.Proofs}, 65_536},
		{projections.TimelineProjection, timelineDocs{}, 8_192}, // some 3 KB each
		{projections.TimesProjection, timesDocs{}, 32_768},
	} {
		p := &projection{views: v, name: one.name, docs: one.docs, hotSize: one.hot, moved: make(chan struct{})}
		v.all = append(v.all, p)
	}
	v.turns = newTurns(v)
	if err := v.reach(ctx); err != nil {
		v.stop()
		return nil, err
	}
	return v, nil
}

// divide makes the partitions: as many as are asked for, or as the views have.
func (v *Views) divide(ctx context.Context) error {
	n := v.opt.Partitions
	for _, p := range v.all {
		if n > 0 {
			break
		}
		now, err := v.readState(ctx, p.alias())
		if err != nil && !isKind(err, missingIndex) {
			return err
		}
		n = len(now.Checkpoints)
	}
	for _, p := range v.all {
		for part := range max(n, 1) {
			p.lanes = append(p.lanes, &lane{projection: p, part: part})
		}
	}
	return nil
}

// reach sees whether an Elasticsearch answers that lets us in, and prepares it.
func (v *Views) reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	header, err := v.es.do(ctx, v.es.reads, esapi.ClusterHealthRequest{}, nil)
	var said *fault
	switch {
	case errors.As(err, &said) && said.status == http.StatusUnauthorized:
		return fmt.Errorf("%w (%s)", ErrDenied, v.es.where)
	case errors.As(err, &said) && said.status == http.StatusForbidden:
		return fmt.Errorf("%w (%w)", ErrNoRight, err)
	case header != nil && header.Get("X-Elastic-Product") != "Elasticsearch":
		return fmt.Errorf("%w (%s)", ErrNotElasticsearch, v.es.where)
	case err != nil:
		return fmt.Errorf("%w (%w)", ErrUnreachable, err)
	}
	if err := v.divide(ctx); err != nil {
		return fmt.Errorf("%w (%w)", ErrUnreachable, err)
	}
	if v.opt.ReadOnly {
		return nil
	}
	for _, p := range v.all {
		err := p.putTemplate(ctx)
		if errors.As(err, &said) && said.status == http.StatusForbidden {
			return fmt.Errorf("%w (%w)", ErrNoRight, err)
		}
		if err != nil {
			return fmt.Errorf("index template of %s: %w", p.name, err)
		}
		p.resume(ctx)
	}
	return nil
}

// Store is where the named projection's runner writes, of several partitions
// that of the first.
func (v *Views) Store(name string) projections.Store { return v.Stores(name)[0] }

// Stores is where the named projection's runners write, one a partition.
func (v *Views) Stores(name string) (stores []projections.Store) {
	p, err := v.projection(name)
	if err != nil {
		panic(err) // names are constants of package projections
	}
	for _, l := range p.lanes {
		stores = append(stores, l)
	}
	return stores
}

// Close ends what goes on in the background. Stop the runners first.
func (v *Views) Close() error {
	v.stop()
	v.work.Wait()
	return nil
}

func (v *Views) projection(name string) (*projection, error) {
	for _, p := range v.all {
		if p.name == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("there is no projection %q", name)
}
