package projections

import "hoso/domain"

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
