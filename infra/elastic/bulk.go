package elastic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/elastic/go-elasticsearch/v8/esapi"
	"github.com/go-json-experiment/json/jsontext"

	"hoso/projections"
)

const (
	maxBody  = 32 << 20 // bytes of one bulk; the server takes 100 MB
	attempts = 8        // at a bulk, before the runner is told
)

// bulk gathers documents to be written in one request.
type bulk struct {
	body []byte
	base int // where body begins in the whole that this is a part of
	ops  []op
}

// op is one document of a bulk.
type op struct {
	it    *projections.Item
	start int // of its lines in the whole
}

// reserve makes room for a number of bytes and a little more.
func (b *bulk) reserve(bytes int) { b.body = make([]byte, 0, bytes+bytes/8) }

// begin writes a document's first line; its own line follows, and a line end.
// A version lower than the stored one loses, and an equal one too unless the
// document is written anew.
func (b *bulk) begin(it *projections.Item, id string, version int64, anew bool) {
	b.ops = append(b.ops, op{it, len(b.body)})
	b.body = append(b.body, `{"index":{"_id":`...)
	b.body, _ = jsontext.AppendQuote(b.body, id) // ids are plain
	b.body = append(b.body, `,"version":`...)
	b.body = strconv.AppendInt(b.body, version, 10)
	if anew {
		b.body = append(b.body, `,"version_type":"external_gte"}}`+"\n"...)
	} else {
		b.body = append(b.body, `,"version_type":"external"}}`+"\n"...)
	}
}

// refusal is a document that will never be taken.
type refusal struct {
	it     *projections.Item
	reason string // without any of its values
}

// part is a bulk of the operations from one to another.
func (b *bulk) part(from, to int) *bulk {
	start, end := b.ops[from].start, b.base+len(b.body)
	if to < len(b.ops) {
		end = b.ops[to].start
	}
	return &bulk{body: b.body[start-b.base : end-b.base], base: start, ops: b.ops[from:to]}
}

// send writes a bulk's documents, in one request unless it is huge. Documents
// the cluster has no room for at the moment are sent again, after a wait that
// adapts; an error then says that some may be written and some not.
func (v *Views) send(ctx context.Context, index string, b *bulk) (refused []refusal, err error) {
	for from := 0; from < len(b.ops); {
		to := from + 1
		for to < len(b.ops) && b.ops[to].start-b.ops[from].start < maxBody {
			to++
		}
		more, err := v.sendPart(ctx, index, b.part(from, to))
		refused = append(refused, more...)
		if err != nil {
			return refused, err
		}
		from = to
	}
	return refused, nil
}

// insist sends a bulk until it has arrived, over whatever may pass by itself: a
// document that was written before loses against itself. Errors: what will not
// pass, the context's.
func (v *Views) insist(ctx context.Context, index string, b *bulk) (refused []refusal, err error) {
	err = v.patiently(ctx, func() (err error) {
		refused, err = v.send(ctx, index, b)
		return err
	})
	return refused, err
}

func (v *Views) sendPart(ctx context.Context, index string, b *bulk) (refused []refusal, err error) {
	for range attempts {
		if err := v.pace.before(ctx); err != nil {
			return refused, err
		}
		var more []refusal
		b, more, err = v.try(ctx, index, b)
		refused = append(refused, more...)
		switch {
		case err == nil:
			v.pace.taken()
			return refused, nil
		case !crowded(err):
			return refused, err
		}
		v.pace.pushedBack()
	}
	return refused, err
}

// crowded reports whether the cluster has no room at the moment.
func crowded(err error) bool {
	var f *fault
	return errors.As(err, &f) && (f.status == http.StatusTooManyRequests || f.status == http.StatusServiceUnavailable)
}

// item is the answer for one document.
type item struct {
	Status int `json:"status"`
	Error  struct {
		Type string `json:"type"`
	} `json:"error"`
}

// try sends a bulk once and looks at every document's answer. What is left to
// be sent again comes back with the error.
func (v *Views) try(ctx context.Context, index string, b *bulk) (left *bulk, refused []refusal, err error) {
	var answer struct {
		Errors bool `json:"errors"`
		Items  []struct {
			Index item `json:"index"`
		} `json:"items"`
	}
	req := esapi.BulkRequest{Index: index, Body: bytes.NewReader(b.body), FilterPath: []string{"errors", "items.*.status", "items.*.error.type"}}
	if err := v.es.write(ctx, req, &answer); err != nil {
		return b, nil, err
	}
	if len(answer.Items) != len(b.ops) {
		return b, nil, fmt.Errorf("elasticsearch answers for %d of %d documents", len(answer.Items), len(b.ops))
	}
	left = &bulk{}
	for i, one := range answer.Items {
		switch status := one.Index.Status; {
		case status < 300, status == http.StatusConflict: // a newer one is there
		case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
			left.add(b.part(i, i+1))
			err = passing{&fault{status: status, kind: one.Index.Error.Type}}
		case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge, status == http.StatusUnprocessableEntity:
			refused = append(refused, refusal{b.ops[i].it, fmt.Sprintf("Elasticsearch refuses its document: %d %s", status, one.Index.Error.Type)})
		default: // of the index or the account, not of this document
			return b, refused, (&fault{status: status, kind: one.Index.Error.Type}).sorted()
		}
	}
	return left, refused, err
}

func (b *bulk) add(other *bulk) {
	for _, o := range other.ops {
		b.ops = append(b.ops, op{o.it, len(b.body)})
	}
	b.body = append(b.body, other.body...) // of one document
}
