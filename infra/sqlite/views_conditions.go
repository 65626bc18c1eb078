package sqlite

import (
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"zombiezen.com/go/sqlite"

	"hoso/projections"
)

// clauses are conditions with their values, in the order of the question marks.
type clauses struct {
	sql  []string
	args []any // int64, string, []byte
}

func (c *clauses) add(sql string, args ...any) {
	c.sql = append(c.sql, sql)
	c.args = append(c.args, args...)
}

// all is that every one holds.
func (c *clauses) all() string {
	if len(c.sql) == 0 {
		return "1"
	}
	return strings.Join(c.sql, " AND ")
}

func (c *clauses) bind(stmt *sqlite.Stmt) {
	for i, arg := range c.args {
		switch arg := arg.(type) {
		case int64:
			stmt.BindInt64(i+1, arg)
		case string:
			stmt.BindText(i+1, arg)
		case []byte:
			stmt.BindBytes(i+1, arg)
		}
	}
}

const inList = " IN (SELECT value FROM json_each(?))"

// conditions are those of a query whose terms were read before.
func conditions(q projections.SearchQuery, terms projections.Terms) *clauses {
	var c clauses
	switch {
	case terms.Nothing:
		c.add("0")
	case len(terms.Words) > 0:
		c.match(terms.Words, terms.Code)
	}
	if q.Within != "" {
		c.add("? IN (received, competent, current, place)", q.Within)
	}
	for _, f := range projections.Facets {
		c.filter(f, q)
	}
	within(&c, "submitted_at", q.SubmittedFrom, q.SubmittedTo)
	within(&c, "due_at", q.DueFrom, q.DueTo)
	if !q.DueFrom.IsZero() || !q.DueTo.IsZero() {
		c.add("due_at < ?", int64(projections.NoDue))
	}
	return &c
}

// filter adds the condition of a query that belongs to a facet, if it has one.
func (c *clauses) filter(f projections.Facet, q projections.SearchQuery) {
	equal := func(column, value string) {
		if value != "" {
			c.add(column+" = ?", value)
		}
	}
	switch {
	case f == projections.FacetStatus && len(q.Statuses) > 0:
		c.add("status"+inList, jsonList(q.Statuses))
	case f == projections.FacetAgency && len(q.Agencies) > 0:
		list := jsonList(projections.Concerned(q.Agencies...)) // no place is no agency
		c.add("(received"+inList+" OR competent"+inList+" OR current"+inList+" OR place"+inList+")", list, list, list, list)
	case f == projections.FacetProcedure:
		equal("procedure", q.Procedure)
	case f == projections.FacetField:
		equal("field", q.Field)
	case f == projections.FacetChannel:
		equal("channel", string(q.Channel))
	case f == projections.FacetClock && len(q.Clocks) > 0:
		var either []string
		var args []any
		for _, state := range q.Clocks {
			sql, bounds := inState(state, q)
			either, args = append(either, sql), append(args, bounds...)
		}
		c.add("("+strings.Join(either, " OR ")+")", args...)
	}
}

// inState is the condition of one state of the clock.
func inState(state projections.ClockState, q projections.SearchQuery) (sql string, args []any) {
	from, to, ended := state.Deadlines(q.Now, q.Soon)
	if ended {
		return "deadline IS NULL", nil
	}
	return "deadline BETWEEN ? AND ?", []any{from, to}
}

func within(c *clauses, column string, from, to time.Time) {
	if !from.IsZero() {
		c.add(column+" >= ?", from.UnixMicro())
	}
	if !to.IsZero() {
		c.add(column+" < ?", to.UnixMicro())
	}
}

// match asks for all words, the last of which may be unfinished, or for the
// code. Words hold letters and digits only, so that nothing people type has a
// meaning of its own in a full-text query; those of a code all hold digits, but
// an unfinished one may not yet.
func (c *clauses) match(words []string, code string) {
	const inWords, inEither = `number IN (SELECT rowid FROM words WHERE words MATCH ?)`,
		`number IN (SELECT rowid FROM words WHERE words MATCH ? UNION ALL SELECT rowid FROM codes WHERE codes MATCH ?)`
	var all, names []string
	var args []any
	for i, word := range words {
		term, last := `"`+word+`"`, i == len(words)-1
		if last {
			term += "*"
		}
		if last || strings.ContainsFunc(word, unicode.IsNumber) {
			all, args = append(all, inEither), append(args, term, term)
		} else {
			names = append(names, term)
		}
	}
	if len(names) > 0 {
		all, args = append(all, inWords), append(args, strings.Join(names, " AND "))
	}
	query := strings.Join(all, " AND ")
	if code != "" {
		query = "(" + query + " OR " + inEither + ")"
		args = append(args, `"`+code+`"*`, `"`+code+`"*`)
	}
	c.add(query, args...)
}

func jsonList[T any](list []T) string {
	raw, err := json.Marshal(list)
	if err != nil {
		panic(err) // numbers and text always marshal
	}
	return string(raw)
}
