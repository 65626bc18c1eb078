package elastic

import (
	"context"
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

func (searchDocs) format() int { return 3 }

func (searchDocs) properties() obj {
	return obj{
		"id": keyword, "status": keyword, "procedure": keyword, "submitted_at": number, "due_at": number,
		"agencies": keyword, // that received it, that decides, where it is, where the result is collected
		"channel":  keyword, "field": keyword,
		"current": keyword, "unit": keyword, "assignee": keyword, "deadline": number,
		"text": plainText,
		"view": kept,
	}
}

// plainText is text that was folded and cut, to be filtered by its words.
var plainText = obj{"type": "text", "analyzer": "whitespace", "norms": false, "index_options": "docs"}

func (searchDocs) event(lines []byte, _ *projections.Item) ([]byte, error) { return lines, nil }

// searchDoc is one of its documents, but for the view that follows.
type searchDoc struct {
	ID        string   `json:"id"`
	Status    string   `json:"status"`
	Procedure string   `json:"procedure"`
	Agencies  []string `json:"agencies"`
	Channel   string   `json:"channel"`
	Field     string   `json:"field,omitzero"`
	Current   string   `json:"current"`
	Unit      string   `json:"unit,omitzero"`
	Assignee  string   `json:"assignee,omitzero"`
	Submitted int64    `json:"submitted_at"`
	Due       int64    `json:"due_at"`             // NoDue without a due date
	Deadline  *int64   `json:"deadline,omitempty"` // none once ended
	Text      string   `json:"text"`
}

func (t searchDocs) put(b *bulk, it *projections.Item, h *held) error {
	s, err := projections.SearchOf(it, t.proofs)
	if err != nil {
		return err
	}
	doc := searchDoc{
		ID: s.View.ID.String(), Status: strconv.Itoa(int(s.View.Status)), Procedure: s.View.Procedure,
		Agencies: projections.Concerned(s.View.Agency, s.View.Competent, s.View.Current, s.View.Place),
		Channel:  string(s.View.Channel), Field: s.Field, Current: s.View.Current, Unit: s.View.Unit, Assignee: s.View.Assignee,
		Submitted: s.Submitted, Due: s.Due, Text: plain(s.Text),
	}
	if !s.Ended {
		doc.Deadline = &s.Deadline
	}
	fields, err := json.Marshal(&doc)
	if err != nil {
		return err
	}
	b.begin(it, doc.ID, int64(s.View.Revision)+1, h.anew)
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
	plan, err := q.Plan()
	if err != nil {
		return page, err
	}
	p, err := v.projection(projections.SearchProjection)
	if err != nil {
		return page, err
	}
	by := order{plan.By, "asc"}
	if plan.Descending {
		by.direction = "desc"
	}
	if len(q.Facets) == 0 {
		return p.page(ctx, obj{"query": every(conditions(q, plan.Terms))}, by, plan.Limit, plan.After)
	}
	return p.pageWithFacets(ctx, q, plan, by)
}

// every holds where all conditions do.
func every(conditions []obj) obj { return obj{"bool": obj{"filter": conditions}} }

// conditions are those of a query whose terms were read before, and that it is
// a dossier at all.
func conditions(q projections.SearchQuery, terms projections.Terms) []obj {
	all := []obj{{"exists": obj{"field": "submitted_at"}}}
	switch {
	case terms.Nothing:
		all = append(all, obj{"match_none": obj{}})
	case len(terms.Words) > 0:
		all = append(all, textOf(terms))
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
	for _, one := range []struct{ field, value string }{
		{"agencies", q.Within}, {"procedure", q.Procedure}, {"field", q.Field}, {"channel", string(q.Channel)},
	} {
		if one.value != "" {
			all = append(all, obj{"term": obj{one.field: one.value}})
		}
	}
	if len(q.Clocks) > 0 {
		var either []obj
		for _, state := range q.Clocks {
			either = append(either, inState(state, q))
		}
		all = append(all, obj{"bool": obj{"minimum_should_match": 1, "should": either}})
	}
	all = within(all, "submitted_at", q.SubmittedFrom, q.SubmittedTo)
	if !q.DueFrom.IsZero() || !q.DueTo.IsZero() {
		all = within(all, "due_at", q.DueFrom, q.DueTo)
		all = append(all, obj{"range": obj{"due_at": obj{"lt": int64(projections.NoDue)}}})
	}
	return all
}

// inState is the condition of one state of the clock.
func inState(state projections.ClockState, q projections.SearchQuery) obj {
	from, to, ended := state.Deadlines(q.Now, q.Soon)
	if ended {
		return obj{"bool": obj{"must_not": obj{"exists": obj{"field": "deadline"}}}}
	}
	return obj{"range": obj{"deadline": obj{"gte": from, "lte": to}}}
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

// textOf is the condition of what people type. Words are asked for as they are:
// nothing in them has a meaning of its own.
func textOf(terms projections.Terms) obj {
	all := make([]obj, len(terms.Words))
	for i, word := range terms.Words {
		how := "term"
		if i == len(terms.Words)-1 {
			how = "prefix"
		}
		all[i] = obj{how: obj{"text": word}}
	}
	if terms.Code == "" {
		return every(all)
	}
	return obj{"bool": obj{"minimum_should_match": 1, "should": []obj{every(all), {"prefix": obj{"text": terms.Code}}}}}
}
