package sqlite

import (
	"math"
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

func conditions(q projections.SearchQuery) *clauses {
	var c clauses
	if words, code := projections.SearchTerms(q.Text); len(words) > 0 {
		c.match(words, code)
	} else if strings.TrimSpace(q.Text) != "" {
		c.add("0") // nothing in it can be searched for
	}
	if len(q.Statuses) > 0 {
		c.add("status IN (SELECT value FROM json_each(?))", jsonList(q.Statuses))
	}
	if len(q.Agencies) > 0 {
		list := jsonList(q.Agencies)
		const in = " IN (SELECT value FROM json_each(?))"
		c.add("(received"+in+" OR competent"+in+" OR current"+in+" OR place"+in+")", list, list, list, list)
	}
	if q.Procedure != "" {
		c.add("procedure = ?", q.Procedure)
	}
	within(&c, "submitted_at", q.SubmittedFrom, q.SubmittedTo)
	within(&c, "due_at", q.DueFrom, q.DueTo)
	if !q.DueFrom.IsZero() || !q.DueTo.IsZero() {
		c.add("due_at < ?", int64(projections.NoDue))
	}
	return &c
}

func within(c *clauses, column string, from, to time.Time) {
	if !from.IsZero() {
		c.add(column+" >= ?", micros(from))
	}
	if !to.IsZero() {
		c.add(column+" < ?", micros(to))
	}
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return math.MinInt64
	}
	return t.UnixMicro()
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
