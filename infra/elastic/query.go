package elastic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

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
	for _, one := range []obj{
		{"index": p.alias()}, {"size": 1, "query": obj{"ids": obj{"values": []string{stateID}}}, "_source": "state.checkpoint.Resume"},
		{"index": p.alias()}, query,
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
	return doc.State.Checkpoint.Resume, err
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

// page gives a run of hits and where the next one goes on.
func (p *projection) page(ctx context.Context, query obj, by order, limit int, after cursor) (page projections.Page, err error) {
	search := obj{
		"size": limit + 1, "track_total_hits": false, "_source": "view", "query": query,
		"sort": []obj{{by.key: by.direction}, {"id": by.direction}},
	}
	if after.set {
		search["search_after"] = []any{after.Key, after.ID.String()}
	}
	var found answer
	at, err := p.ask(ctx, search, &found)
	if err != nil {
		return page, err
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
			return page, err
		}
		page.Hits = append(page.Hits, doc.View)
		after.ID = doc.View.ID
		var sorted []jsontext.Value // by the key, then the id
		if err := json.Unmarshal(h.Sort, &sorted); err != nil {
			return page, err
		}
		if err := json.Unmarshal(sorted[0], &after.Key); err != nil {
			return page, err
		}
	}
	return page, nil
}
