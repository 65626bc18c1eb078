package elastic

import (
	"bytes"
	"context"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"hoso/projections"
)

// timelineDocs keeps one document a dossier with all its entries.
type timelineDocs struct{}

func (timelineDocs) format() int { return 4 }

func (timelineDocs) properties() obj { return obj{"entries": kept} }

// event appends an entry without its titles, which are the program's.
func (timelineDocs) event(lines []byte, it *projections.Item) ([]byte, error) {
	return projections.AppendEntry(comma(lines), projections.EntryOf(it))
}

// comma parts what the next event leaves from what is there.
func comma(lines []byte) []byte {
	if len(lines) > 0 {
		lines = append(lines, ',')
	}
	return lines
}

func (timelineDocs) put(b *bulk, it *projections.Item, h *held) error {
	b.begin(it, it.Dossier.String(), int64(it.Revision)+1, h.anew)
	b.body = append(b.body, `{"entries":[`...)
	b.body = append(append(b.body, h.lines...), "]}\n"...)
	return nil
}

func (timelineDocs) lines(raw []byte) ([]byte, error) {
	var doc struct {
		Entries jsontext.Value `json:"entries"`
	}
	err := json.Unmarshal(raw, &doc)
	return list(doc.Entries), err
}

// list is what stands between a list's brackets.
func list(v jsontext.Value) []byte {
	return bytes.TrimSuffix(bytes.TrimPrefix(v, []byte("[")), []byte("]"))
}

// Timeline implements projections.Views.
func (v *Views) Timeline(ctx context.Context, dossier uuid.UUID) ([]projections.TimelineEntry, error) {
	p, err := v.projection(projections.TimelineProjection)
	if err != nil {
		return nil, err
	}
	if err := p.verify(ctx); err != nil {
		return nil, err
	}
	raw, found, err := v.source(ctx, p.alias(), dossier.String())
	if err != nil || !found {
		return nil, p.built(err)
	}
	var doc struct {
		Entries jsontext.Value `json:"entries"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("timeline: %w", err)
	}
	return projections.ReadEntries(doc.Entries)
}
