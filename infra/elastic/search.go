package elastic

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"

	"hoso/projections"
)

// searchDocs keeps the search documents. Words are folded and cut in Go, so
// that the index only parts them at blanks.
type searchDocs struct{ proofs projections.Proofs }

func (searchDocs) format() int { return 1 }

func (searchDocs) properties() obj {
	return obj{
		"id": keyword, "status": keyword, "procedure": keyword, "submitted_at": number, "due_at": number,
		"agencies": keyword, // that received it, that decides, where it is, where the result is collected
		"text":     plainText,
		"view":     kept,
	}
}

// plainText is text that was folded and cut, to be filtered by its words.
var plainText = obj{"type": "text", "analyzer": "whitespace", "norms": false, "index_options": "docs"}

func (searchDocs) event(lines []byte, _ *projections.Item) ([]byte, error) { return lines, nil }

func (t searchDocs) put(b *bulk, it *projections.Item, h *held) error {
	s, err := projections.SearchOf(it, t.proofs)
	if err != nil {
		return err
	}
	fields, err := json.Marshal(struct {
		ID        string   `json:"id"`
		Status    string   `json:"status"`
		Procedure string   `json:"procedure"`
		Agencies  []string `json:"agencies"`
		Submitted int64    `json:"submitted_at"`
		Due       int64    `json:"due_at"` // NoDue without a due date
		Text      string   `json:"text"`
	}{
		s.View.ID.String(), strconv.Itoa(int(s.View.Status)), s.View.Procedure,
		[]string{s.View.Agency, s.View.Competent, s.View.Current, s.View.Place}, s.Submitted, s.Due, plain(s.Text),
	})
	if err != nil {
		return err
	}
	b.begin(it, s.View.ID.String(), int64(s.View.Revision)+1, h.anew)
	b.body = append(append(b.body, fields[:len(fields)-1]...), `,"view":`...)
	b.body = append(append(b.body, s.JSON...), "}\n"...)
	return nil
}

// plain cuts folded text where projections.SearchTerms cuts what people type.
func plain(folded string) string {
	words := strings.FieldsFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	return strings.Join(words, " ")
}

// Search implements projections.Views. Every word must occur; the last may be
// unfinished. A text that reads as a code also finds that code however it is
// written. What was written in the last second may be missing; the page says up
// to which position it has seen, and Wait waits for more.
func (v *Views) Search(ctx context.Context, q projections.SearchQuery) (page projections.Page, err error) {
	limit, err := projections.PageLimit(q.Limit)
	if err != nil {
		return page, err
	}
	by, ok := map[projections.Sort]order{
		"": newestFirst, projections.SortNewest: newestFirst,
		projections.SortSubmitted: {"submitted_at", "asc"}, projections.SortDue: {"due_at", "asc"},
	}[q.Sort]
	if !ok {
		return page, projections.ErrBadSort
	}
	after, err := parseCursor(q.Cursor, "search", by.key, by.direction, q.Text, fmt.Sprint(q.Statuses), strings.Join(q.Agencies, ","), q.Procedure,
		fmt.Sprint(q.SubmittedFrom.UnixMicro(), q.SubmittedTo.UnixMicro(), q.DueFrom.UnixMicro(), q.DueTo.UnixMicro()))
	if err != nil {
		return page, err
	}
	p, err := v.projection(projections.SearchProjection)
	if err != nil {
		return page, err
	}
	return p.page(ctx, obj{"bool": obj{"filter": conditions(q)}}, by, limit, after)
}

// conditions are those of a query, and that it is a dossier at all.
func conditions(q projections.SearchQuery) []obj {
	all := []obj{{"exists": obj{"field": "submitted_at"}}}
	if match := textOf(q.Text); match != nil {
		all = append(all, match)
	} else if strings.TrimSpace(q.Text) != "" {
		all = append(all, obj{"match_none": obj{}}) // nothing in it can be searched for
	}
	if len(q.Statuses) > 0 {
		statuses := make([]string, len(q.Statuses))
		for i, s := range q.Statuses {
			statuses[i] = strconv.Itoa(int(s))
		}
		all = append(all, obj{"terms": obj{"status": statuses}})
	}
	if len(q.Agencies) > 0 {
		all = append(all, obj{"terms": obj{"agencies": q.Agencies}})
	}
	if q.Procedure != "" {
		all = append(all, obj{"term": obj{"procedure": q.Procedure}})
	}
	all = within(all, "submitted_at", q.SubmittedFrom, q.SubmittedTo)
	if !q.DueFrom.IsZero() || !q.DueTo.IsZero() {
		all = within(all, "due_at", q.DueFrom, q.DueTo)
		all = append(all, obj{"range": obj{"due_at": obj{"lt": int64(projections.NoDue)}}})
	}
	return all
}

// within narrows to a time from one moment, inclusive, to another, exclusive.
func within(all []obj, field string, from, to time.Time) []obj {
	bounds := obj{}
	if !from.IsZero() {
		bounds["gte"] = from.UnixMicro()
	}
	if !to.IsZero() {
		bounds["lt"] = to.UnixMicro()
	}
	if len(bounds) == 0 {
		return all
	}
	return append(all, obj{"range": obj{field: bounds}})
}

// textOf is the condition of what people type; nil where there is nothing to
// search for. Words are asked for as they are: nothing in them has a meaning of
// its own.
func textOf(text string) obj {
	words, code := projections.SearchTerms(text)
	if len(words) == 0 {
		return nil
	}
	every := make([]obj, len(words))
	for i, word := range words {
		how := "term"
		if i == len(words)-1 {
			how = "prefix"
		}
		every[i] = obj{how: obj{"text": word}}
	}
	found := obj{"bool": obj{"filter": every}}
	if code == "" {
		return found
	}
	return obj{"bool": obj{"minimum_should_match": 1, "should": []obj{found, {"prefix": obj{"text": code}}}}}
}
