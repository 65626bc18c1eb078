package elastic

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"hoso/domain"
	"hoso/projections"
)

// dossierDocs keeps the status look-up. Each key people look up by is the id of
// a document, so that one GET answers it as of this moment:
//
//	c:<folded code>    the dossier's document, once its code is drawn
//	<uuid>             before that the document, then a pointer to it
//	s:<folded source>  pointer of an imported dossier
type dossierDocs struct{ proofs projections.Proofs }

func (dossierDocs) format() int { return 3 }

func (dossierDocs) properties() obj {
	return obj{
		"id": keyword, "owner": keyword, "submitter": keyword, "submitted_at": number, "supplement_until": number,
		"view": kept,
	}
}

func (dossierDocs) event(lines []byte, _ *projections.Item) ([]byte, error) { return lines, nil }

func (t dossierDocs) put(b *bulk, it *projections.Item, h *held) error {
	v, doc, err := it.Document(t.proofs)
	if err != nil {
		return err
	}
	key, id, version := v.ID.String(), v.ID.String(), int64(v.Revision)+1
	if v.Code != "" {
		key = docID('c', domain.FoldCode(v.Code))
	}
	b.begin(it, key, version, h.anew)
	b.body = append(append(b.body, `{"id":"`...), id...)
	b.body = append(append(b.body, `","owner":"`...), v.OwnerSubject.String()...)
	b.body = append(append(b.body, `","submitter":"`...), v.SubmitterSubject.String()...)
	b.body = strconv.AppendInt(append(b.body, `","submitted_at":`...), v.SubmittedAt.UnixMicro(), 10)
	if !v.SupplementUntil.IsZero() {
		b.body = strconv.AppendInt(append(b.body, `,"supplement_until":`...), v.SupplementUntil.UnixMicro(), 10)
	}
	b.body = append(append(b.body, `,"view":`...), doc...)
	b.body = append(b.body, "}\n"...)
	if h.key == key {
		return nil
	}
	h.key = key
	if key != id { // after the document, so that a pointer never leads nowhere
		b.pointer(it, id, version, h.anew, key)
	}
	if v.SourceID != "" {
		b.pointer(it, docID('s', domain.FoldCode(v.SourceID)), lowestWins(v.ID), true, key)
	}
	return nil
}

func (b *bulk) pointer(it *projections.Item, id string, version int64, anew bool, to string) {
	b.begin(it, id, version, anew)
	b.body = append(append(append(b.body, `{"to":"`...), to...), "\"}\n"...)
}

// lowestWins is a version that is higher the lower the id: where several
// dossiers claim a source id, the lowest has it, in whatever order they come.
func lowestWins(id uuid.UUID) int64 {
	return math.MaxInt64 - int64(binary.BigEndian.Uint64(id[:8])>>1)
}

// docID makes a document's id of a look-up key: the key itself where it is
// plain and short, as codes are, else its hash.
func docID(kind byte, folded string) string {
	plain := len(folded) <= 100
	for i := 0; i < len(folded) && plain; i++ {
		c := folded[i]
		plain = c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' || c == '.' || c == '_'
	}
	if !plain {
		sum := sha256.Sum256([]byte(folded))
		folded = "~" + hex.EncodeToString(sum[:])
	}
	return string(kind) + ":" + folded
}

// find follows pointers from a key to the document.
func (p *projection) find(ctx context.Context, key string) (view projections.DossierView, found bool, err error) {
	if err := p.verify(ctx); err != nil {
		return view, false, err
	}
	for range 4 { // s: to the id, the id to c:
		raw, found, err := p.views.source(ctx, p.alias(), key)
		if err != nil || !found {
			return view, false, p.built(err)
		}
		var doc struct {
			To   string                  `json:"to"`
			View projections.DossierView `json:"view"`
		}
		if err := json.Unmarshal(raw, &doc); err != nil || doc.To == "" {
			return doc.View, err == nil, err
		}
		key = doc.To
	}
	return view, false, nil
}

// ByCode implements projections.Views. Where both match, the code wins over a source id.
func (v *Views) ByCode(ctx context.Context, folded string) (projections.DossierView, bool, error) {
	if folded == "" {
		return projections.DossierView{}, false, nil
	}
	view, found, err := v.all[0].find(ctx, docID('c', folded))
	if found || err != nil {
		return view, found, err
	}
	return v.all[0].find(ctx, docID('s', folded))
}

// ByID implements projections.Views.
func (v *Views) ByID(ctx context.Context, dossier uuid.UUID) (projections.DossierView, bool, error) {
	return v.all[0].find(ctx, dossier.String())
}

// BySubject implements projections.Views. Limit and cursor are as in Search. It
// knows what the look-ups know: what is not searchable yet is made so first.
func (v *Views) BySubject(ctx context.Context, subject domain.SubjectID, limit int, cursor string) (projections.Page, error) {
	limit, err := projections.PageLimit(limit)
	if err != nil {
		return projections.Page{}, err
	}
	after, err := projections.ParseCursor(cursor, "subject", subject.String())
	if err != nil {
		return projections.Page{}, err
	}
	if err := v.all[0].freshen(ctx); err != nil {
		return projections.Page{}, err
	}
	query := obj{"bool": obj{"minimum_should_match": 1, "should": []obj{
		{"term": obj{"owner": subject.String()}}, {"term": obj{"submitter": subject.String()}},
	}}}
	return v.all[0].page(ctx, obj{"query": query}, newestFirst, limit, after)
}

// LapsedSupplements implements projections.Views, the longest lapsed first; at
// most 10,000 of them.
func (v *Views) LapsedSupplements(ctx context.Context, now time.Time, limit int) (ids []uuid.UUID, err error) {
	p := v.all[0]
	if err := p.freshen(ctx); err != nil {
		return nil, err
	}
	var found answer
	_, err = p.ask(ctx, obj{
		"size": min(limit, 10_000), "track_total_hits": false, "_source": []string{"id"},
		"query": obj{"bool": obj{"filter": obj{"range": obj{"supplement_until": obj{"lt": now.UnixMicro()}}}}},
		"sort":  []obj{{"supplement_until": "asc"}, {"id": "asc"}},
	}, &found)
	for _, h := range found.Hits.Hits {
		var doc struct {
			ID uuid.UUID `json:"id"`
		}
		if err := json.Unmarshal(h.Source, &doc); err != nil {
			return nil, err
		}
		ids = append(ids, doc.ID)
	}
	return ids, err
}
