package projections

import (
	"fmt"
	"slices"
	"strings"

	"hoso/domain"
)

// Limits of a page of hits.
const (
	maxPage     = 200
	defaultPage = 50
)

// The refusals of a query that every engine gives.
var (
	ErrBadCursor error = &domain.Error{Code: "bad_cursor",
		VI: "Con trỏ trang (cursor) không dùng được cho truy vấn này: hãy bắt đầu lại từ trang đầu.",
		EN: "The cursor does not belong to this query: start again from the first page."}
	ErrBadSort error = &domain.Error{Code: "bad_sort",
		VI: "Thứ tự sắp xếp (sort) phải là submitted_at, -submitted_at hoặc due_at.",
		EN: "The sort must be submitted_at, -submitted_at or due_at."}
	errBadLimit error = &domain.Error{Code: "bad_limit",
		VI: "Số kết quả mỗi trang (limit) phải từ 1 đến 200.",
		EN: "The limit must be from 1 to 200."}
)

// PageLimit is how many hits a page holds that asks for limit; 0 takes the
// usual 50. Error: bad_limit.
func PageLimit(limit int) (int, error) {
	switch {
	case limit == 0:
		return defaultPage, nil
	case limit < 0 || limit > maxPage:
		return 0, errBadLimit
	}
	return limit, nil
}

// Plan is a search that was found sound, as engines carry it out.
type Plan struct {
	Limit      int
	After      Cursor
	By         string // "submitted_at" or "due_at", then the id
	Descending bool   // both
	Terms      Terms
}

// Plan makes a search ready. Errors: bad_limit, bad_sort, bad_facet, bad_clock,
// too_many_words, bad_cursor.
func (q SearchQuery) Plan() (p Plan, err error) {
	if p.Limit, err = PageLimit(q.Limit); err != nil {
		return p, err
	}
	switch q.Sort {
	case SortNewest, "":
		p.By, p.Descending, q.Sort = "submitted_at", true, SortNewest
	case SortSubmitted:
		p.By = "submitted_at"
	case SortDue:
		p.By = "due_at"
	default:
		return p, ErrBadSort
	}
	for i, f := range q.Facets {
		if !slices.Contains(Facets, f) || slices.Contains(q.Facets[:i], f) {
			return p, errBadFacet
		}
	}
	for _, c := range q.Clocks {
		if !slices.Contains(ClockStates, c) {
			return p, errBadClock
		}
	}
	if p.Terms, err = SearchTerms(q.Text); err != nil {
		return p, err
	}
	p.After, err = ParseCursor(q.Cursor, "search", string(q.Sort), q.Text, q.Within, fmt.Sprint(q.Statuses), strings.Join(q.Agencies, ","),
		q.Procedure, q.Field, string(q.Channel), fmt.Sprint(q.Clocks),
		fmt.Sprint(q.SubmittedFrom.UnixMicro(), q.SubmittedTo.UnixMicro(), q.DueFrom.UnixMicro(), q.DueTo.UnixMicro()))
	return p, err
}
