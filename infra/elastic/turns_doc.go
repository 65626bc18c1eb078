package elastic

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"
)

// turnsDoc is the document.
type turnsDoc struct {
	Members map[string]member `json:"members"`
	Holders map[string]string `json:"holders"` // of partitions: members
}

// member is a process.
type member struct {
	Beat  uint64    `json:"beat"`
	Where string    `json:"where"` // host and process, for people
	Since time.Time `json:"since"`
	Lanes []string  `json:"lanes"` // what it can write
	Reads bool      `json:"reads"` // it follows the log; else it only builds or operates
}

// leave lets the others go on at once.
func (t *turns) leave() {
	t.keep(turnsDoc{})
	ctx, cancel := context.WithTimeout(context.Background(), leaving)
	defer cancel()
	for done := false; !done && ctx.Err() == nil; {
		doc, seq, term, err := t.read(ctx)
		if err != nil {
			return // they will see it
		}
		delete(doc.Members, t.id)
		maps.DeleteFunc(doc.Holders, func(_, holder string) bool { return holder == t.id })
		if done, err = t.write(ctx, doc, seq, term); err != nil {
			return
		}
	}
}

func (v *Views) turnsIndex() string { return v.opt.Prefix + "-turns" }

// read gives the document; its seq is -1 where there is none yet.
func (t *turns) read(ctx context.Context) (doc turnsDoc, seq, term int, err error) {
	var got struct {
		Seq    int      `json:"_seq_no"`
		Term   int      `json:"_primary_term"`
		Source turnsDoc `json:"_source"`
	}
	err = t.v.es.read(ctx, esapi.GetRequest{Index: t.v.turnsIndex(), DocumentID: "turns"}, &got)
	var said *fault
	switch {
	case isKind(err, missingIndex) && t.v.opt.ReadOnly:
		err, got.Seq = nil, -1
	case isKind(err, missingIndex):
		settings := body(obj{"settings": obj{"number_of_shards": 1, "auto_expand_replicas": "0-1"}, "mappings": obj{"enabled": false}})
		err = t.v.es.write(ctx, esapi.IndicesCreateRequest{Index: t.v.turnsIndex(), Body: settings}, nil)
		if isKind(err, "resource_already_exists_exception") {
			err = nil
		}
		got.Seq = -1
	case errors.As(err, &said) && said.status == http.StatusNotFound:
		err, got.Seq = nil, -1
	}
	doc = got.Source
	if doc.Members == nil {
		doc = turnsDoc{Members: map[string]member{}, Holders: map[string]string{}}
	}
	return doc, got.Seq, got.Term, err
}

// write reports false where somebody else was quicker.
func (t *turns) write(ctx context.Context, doc turnsDoc, seq, term int) (bool, error) {
	req := esapi.IndexRequest{Index: t.v.turnsIndex(), DocumentID: "turns", Body: body(doc), IfSeqNo: &seq, IfPrimaryTerm: &term}
	if seq < 0 {
		req.IfSeqNo, req.IfPrimaryTerm, req.OpType = nil, nil, "create"
	}
	err := t.v.es.write(ctx, req, nil)
	if isKind(err, "version_conflict_engine_exception") {
		return false, nil
	}
	return err == nil, err
}

// writers tells where a projection's partitions are written, for people.
func (doc turnsDoc) writers(p *projection) (where []string) {
	for _, l := range p.lanes {
		where = append(where, cmp.Or(doc.Members[doc.Holders[l.name()]].Where, "nobody"))
	}
	return where
}
