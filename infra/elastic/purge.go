package elastic

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"hoso/projections"
)

// removeOthers deletes every other generation of the projection, of any format:
// they hold what shall leave no trace. One that is being built stays as it is.
func (g *generation) removeOthers(ctx context.Context) error {
	if g.part == whole { // it is being built, or brought up to serve again
		return nil
	}
	s, err := g.of.look(ctx)
	if err != nil {
		return err
	}
	if s.serving != g.index {
		return fmt.Errorf("index %s: %w", g.index, projections.ErrRetired)
	}
	others, err := g.of.unused(ctx, s.others)
	if err != nil {
		return err
	}
	older := append(others, slices.DeleteFunc(s.mine, func(index string) bool {
		return index == g.index || index != s.previous && g.of.numberOf(index) > g.of.numberOf(g.index)
	})...)
	return g.of.remove(ctx, older...)
}

// unused are those of other formats' indexes that no living process writes: a
// program of another version, beside this one for an upgrade, sees to its own.
func (p *projection) unused(ctx context.Context, others []string) ([]string, error) {
	doc, _, _, err := p.views.turns.read(ctx)
	if err != nil {
		return nil, err
	}
	written := map[string]bool{} // by alias
	for _, m := range doc.Members {
		for _, name := range m.Lanes {
			alias, _, _ := strings.Cut(name, "/")
			written[alias] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(others), func(index string) bool {
		at := strings.LastIndexByte(index, '-')
		return at > 0 && written[index[:at]]
	}), nil
}

// expunge takes replaced documents out of the index's files, in the background
// because a large index takes long, and until it is done: what is left of it
// stands in the state, and the next opening goes on.
func (g *generation) expunge() {
	v := g.of.views
	if g.expunging.Swap(true) {
		return // which sees to what came since, or the next opening does
	}
	v.work.Go(func() {
		for wait := firstWait; ; wait = min(2*wait, longest) {
			err := g.expungeOnce(v.ctx)
			if v.ctx.Err() != nil || isKind(err, missingIndex) {
				return
			}
			if err == nil {
				g.expunging.Store(false)
				if now, err := v.readState(v.ctx, g.index); err != nil || now.Unpurged == 0 || g.expunging.Swap(true) {
					return
				}
				continue // somebody was erased meanwhile
			}
			v.logger.Warn("the files of a view still hold erased values; trying again", "projection", g.of.name, "error", err)
			if sleep(v.ctx, wait) != nil {
				return
			}
		}
	})
}

func (g *generation) expungeOnce(ctx context.Context) error {
	v, index := g.of.views, []string{g.index}
	before, err := v.readState(ctx, g.index)
	if err != nil {
		return err
	}
	if _, err := v.es.do(ctx, v.es.writes, esapi.IndicesFlushRequest{Index: index, Force: ptr(true), WaitIfOngoing: ptr(true)}, nil); err != nil {
		return err
	}
	if err := g.letGo(ctx); err != nil {
		return err
	}
	merge := esapi.IndicesForcemergeRequest{Index: index, OnlyExpungeDeletes: ptr(true), Flush: ptr(true)}
	if _, err := v.es.do(ctx, v.es.writes, merge, nil); err != nil { // without a deadline: it takes as long as it takes
		return err
	}
	if err := g.mu.Acquire(ctx, 1); err != nil {
		return err
	}
	defer g.mu.Release(1)
	g.last = nil
	return v.changeState(ctx, g.index, func(s *state) { s.Unpurged -= min(s.Unpurged, before.Unpurged) })
}

// letGo waits until no copy of a shard wants the replaced documents any more to
// catch up from: until then a merge keeps them. The cluster looks at it every
// 30 seconds.
func (g *generation) letGo(ctx context.Context) error {
	written := map[string]int{} // by shard, the newest operation
	for {
		var stats struct {
			Indices map[string]struct {
				Shards map[string][]struct {
					Seq struct {
						Max int `json:"max_seq_no"`
					} `json:"seq_no"`
					Leases struct {
						Leases []struct {
							From int `json:"retaining_seq_no"`
						} `json:"leases"`
					} `json:"retention_leases"`
				} `json:"shards"`
			} `json:"indices"`
		}
		if err := g.of.views.es.read(ctx, esapi.IndicesStatsRequest{Index: []string{g.index}, Level: "shards"}, &stats); err != nil {
			return err
		}
		kept := false
		for shard, copies := range stats.Indices[g.index].Shards {
			for _, one := range copies {
				if _, ok := written[shard]; !ok {
					written[shard] = one.Seq.Max
				}
				for _, lease := range one.Leases.Leases {
					kept = kept || lease.From <= written[shard]
				}
			}
		}
		if !kept {
			return nil
		}
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

// resume goes on with what the last process left unfinished.
func (p *projection) resume(ctx context.Context) {
	s, err := p.look(ctx)
	if err != nil || s.serving == "" {
		return // queries and Start will say
	}
	if now, err := p.views.readState(ctx, s.serving); err == nil && now.Unpurged > 0 {
		p.lanes[0].known(s.serving).expunge()
	}
}
