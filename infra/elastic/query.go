package elastic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"hoso/domain/eventlog"
	"hoso/projections"
)

// answer is what a search answers.
type answer struct {
	Hits struct {
		Total struct {
			Value int `json:"value"`
		} `json:"total"`
		Hits []struct {
			Source jsontext.Value `json:"_source"`
			Sort   jsontext.Value `json:"sort"`
		} `json:"hits"`
	} `json:"hits"`
	Aggregations jsontext.Value `json:"aggregations"`
}

// source reads a document as it is at this moment.
func (v *Views) source(ctx context.Context, index, id string) (raw jsontext.Value, found bool, err error) {
	err = v.es.read(ctx, esapi.GetSourceRequest{Index: index, DocumentID: id}, &raw)
	var said *fault
	if errors.As(err, &said) && said.status == http.StatusNotFound && said.kind != missingIndex {
		return nil, false, nil
	}
	return raw, err == nil, err
}

// built turns "there is no such index" into what it means.
func (p *projection) built(err error) error {
	if isKind(err, missingIndex) {
		return fmt.Errorf("%w (%s: %s serves nothing)", projections.ErrNotBuilt, p.name, p.alias())
	}
	return err
}

// ask searches the serving documents. The position is one that they have seen:
// it is searched for before them, in the same request, in the same index.
func (p *projection) ask(ctx context.Context, query obj, into *answer) (seen eventlog.Position, err error) {
	var lines bytes.Buffer
	head := obj{"index": p.alias(), "allow_partial_search_results": false} // without a shard there is no answer
	for _, one := range []obj{
		head, {"size": 1, "query": obj{"ids": obj{"values": []string{stateID}}}, "_source": []string{"state.checkpoints.Resume", "state.checkpoints.Log"}},
		head, query,
	} {
		if err := json.MarshalWrite(&lines, one); err != nil {
			return seen, err
		}
		lines.WriteByte('\n')
	}
	var both struct {
		Responses []jsontext.Value `json:"responses"`
	}
	req := esapi.MsearchRequest{Body: &lines, MaxConcurrentSearches: ptr(1), FilterPath: []string{
		"responses.status", "responses.error.type", "responses.error.reason", "responses.hits.total",
		"responses.hits.hits._source", "responses.hits.hits.sort", "responses.aggregations",
	}}
	if err := p.views.es.read(ctx, req, &both); err != nil {
		return seen, p.built(err)
	}
	var first answer
	for i, to := range []*answer{&first, into} {
		if len(both.Responses) != 2 {
			return seen, errors.New("elasticsearch answers for another number of searches")
		}
		if err := decode(both.Responses[i], to); err != nil {
			return seen, p.built(err)
		}
	}
	var doc stateDoc
	if len(first.Hits.Hits) > 0 {
		err = json.Unmarshal(first.Hits.Hits[0].Source, &doc)
	}
	if err != nil {
		return seen, err
	}
	cp := doc.State.checkpoint(whole)
	return cp.Resume, projections.CheckLog(p.name, cp.Log, p.views.opt.Log)
}

// verifyEvery is how often look-ups, which read one document and nothing else,
// make sure of which log it is.
const verifyEvery = time.Second

// verify looks whether the serving documents are of the right log, unless that
// was so a moment ago.
func (p *projection) verify(ctx context.Context) error {
	if p.views.opt.Log == uuid.Nil || time.Now().UnixNano()-p.verified.Load() < int64(verifyEvery) {
		return nil
	}
	now, err := p.views.readState(ctx, p.alias())
	if err != nil {
		return p.built(err)
	}
	if err := projections.CheckLog(p.name, now.checkpoint(whole).Log, p.views.opt.Log); err != nil {
		return err
	}
	p.verified.Store(time.Now().UnixNano())
	return nil
}

func decode(raw jsontext.Value, to *answer) error {
	var status struct {
		Status int `json:"status"`
	}
	if err := json.Unmarshal(raw, &status); err != nil {
		return err
	}
	if status.Status >= 300 {
		return faultOf(status.Status, raw)
	}
	return json.Unmarshal(raw, to)
}

// order is how hits are sorted; the id makes it total.
type order struct{ key, direction string }

var newestFirst = order{"submitted_at", "desc"}

// page gives a run of a search's hits and where the next one goes on.
func (p *projection) page(ctx context.Context, search obj, by order, limit int, after projections.Cursor) (projections.Page, error) {
	page, _, err := p.pageAnd(ctx, search, by, limit, after)
	return page, err
}

// pageAnd is page, with what the search's aggregations answer.
func (p *projection) pageAnd(ctx context.Context, search obj, by order, limit int, after projections.Cursor) (page projections.Page, aggregations jsontext.Value, err error) {
	search["size"], search["track_total_hits"], search["_source"] = limit+1, false, "view"
	search["sort"] = []obj{{by.key: by.direction}, {"id": by.direction}}
	if after.Set {
		search["search_after"] = []any{after.Key, after.ID.String()}
	}
	var found answer
	at, err := p.ask(ctx, search, &found)
	if err != nil {
		return page, nil, err
	}
	page.Position, page.Hits = at.String(), []projections.DossierView{}
	for i, h := range found.Hits.Hits {
		if i == limit {
			page.Next = after.String()
			break
		}
		var doc struct {
			View projections.DossierView `json:"view"`
		}
		if err := json.Unmarshal(h.Source, &doc); err != nil {
			return page, nil, err
		}
		page.Hits = append(page.Hits, doc.View)
		var sorted []jsontext.Value // by the key, then the id
		if err := json.Unmarshal(h.Sort, &sorted); err != nil {
			return page, nil, err
		}
		var key int64
		if err := json.Unmarshal(sorted[0], &key); err != nil {
			return page, nil, err
		}
		after = after.At(key, doc.View.ID)
	}
	return page, found.Aggregations, nil
}
