package sqlite

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"

	"hoso/domain/eventlog"
	"hoso/projections"
)

// searchTable keeps the search documents and their words. Text is folded
// before it comes here, so that a plain tokenizer is enough.
type searchTable struct{ proofs projections.Proofs }

func (searchTable) format() int { return 3 }

func (searchTable) schema() (tables, indexes string) {
	return `
CREATE TABLE dossiers (
  number       INTEGER PRIMARY KEY,  -- the row of its words
  id           BLOB    NOT NULL UNIQUE,
  revision     INTEGER NOT NULL,
  status       INTEGER NOT NULL,
  procedure    TEXT    NOT NULL,
  received     TEXT    NOT NULL,     -- agencies: that received it, that decides, where it is, where the result is collected
  competent    TEXT    NOT NULL,
  current      TEXT    NOT NULL,
  place        TEXT    NOT NULL,
  submitted_at INTEGER NOT NULL,     -- microseconds since 1970
  due_at       INTEGER NOT NULL,     -- the same; 9223372036854775807 without a due date
  doc          TEXT    NOT NULL      -- the document, JSON
);
CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = 'unicode61 remove_diacritics 0');
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);`, `
CREATE INDEX dossiers_by_submitted ON dossiers (submitted_at, id);
CREATE INDEX dossiers_by_due       ON dossiers (due_at, id);
CREATE INDEX dossiers_by_status    ON dossiers (status, submitted_at, id);
CREATE INDEX dossiers_by_current   ON dossiers (current, submitted_at, id);`
}

func (searchTable) stored(conn *sqlite.Conn, dossier uuid.UUID) (uint64, bool, error) {
	return storedRevision(conn, `SELECT revision FROM dossiers WHERE id = ?`, dossier)
}

func (searchTable) event([]byte, *projections.Item) ([]byte, error) { return nil, nil }

func (t searchTable) put(conn *sqlite.Conn, it *projections.Item, _ []byte) error {
	s, err := projections.SearchOf(it, t.proofs)
	if err != nil {
		return err
	}
	number, text, found, err := wordsOf(conn, s.View.ID)
	if err != nil {
		return err
	}
	err = run(conn, `
INSERT INTO dossiers VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT (id) DO UPDATE SET revision = ?3, status = ?4, procedure = ?5, received = ?6, competent = ?7, current = ?8, place = ?9, submitted_at = ?10, due_at = ?11, doc = ?12`,
		func(stmt *sqlite.Stmt) {
			if found {
				stmt.BindInt64(1, number)
			} else {
				stmt.BindNull(1)
			}
			stmt.BindBytes(2, s.View.ID[:])
			stmt.BindInt64(3, int64(s.View.Revision))
			stmt.BindInt64(4, int64(s.View.Status))
			stmt.BindText(5, s.View.Procedure)
			stmt.BindText(6, s.View.Agency)
			stmt.BindText(7, s.View.Competent)
			stmt.BindText(8, s.View.Current)
			stmt.BindText(9, s.View.Place)
			stmt.BindInt64(10, s.Submitted)
			stmt.BindInt64(11, s.Due)
			stmt.BindText(12, string(s.JSON))
		})
	if err != nil || found && text == s.Text {
		return err
	}
	statement := `UPDATE words SET text = ?2 WHERE rowid = ?1`
	if !found {
		number, statement = conn.LastInsertRowID(), `INSERT INTO words (rowid, text) VALUES (?1, ?2)`
	}
	return run(conn, statement, func(stmt *sqlite.Stmt) {
		stmt.BindInt64(1, number)
		stmt.BindText(2, s.Text)
	})
}

// wordsOf gives a dossier's row and words as stored.
func wordsOf(conn *sqlite.Conn, dossier uuid.UUID) (number int64, text string, found bool, err error) {
	err = each(conn, `SELECT d.number, w.text FROM dossiers d JOIN words w ON w.rowid = d.number WHERE d.id = ?`,
		func(stmt *sqlite.Stmt) { stmt.BindBytes(1, dossier[:]) },
		func(stmt *sqlite.Stmt) error {
			number, text, found = stmt.ColumnInt64(0), stmt.ColumnText(1), true
			return nil
		})
	return number, text, found, err
}

func (searchTable) forget(conn *sqlite.Conn, dossier uuid.UUID) error {
	number, _, found, err := wordsOf(conn, dossier)
	if err != nil || !found {
		return err
	}
	for _, statement := range []string{`DELETE FROM words WHERE rowid = ?`, `DELETE FROM dossiers WHERE number = ?`} {
		if err := run(conn, statement, func(stmt *sqlite.Stmt) { stmt.BindInt64(1, number) }); err != nil {
			return err
		}
	}
	return nil
}

// Search implements projections.Views. Every word must occur; the last may be
// unfinished. A text that reads as a code also finds that code however it is
// written.
func (v *Views) Search(ctx context.Context, q projections.SearchQuery) (page projections.Page, err error) {
	limit, err := pageLimit(q.Limit)
	if err != nil {
		return page, err
	}
	order, err := orderOf(q.Sort)
	if err != nil {
		return page, err
	}
	after, err := parseCursor(q.Cursor, "search", string(order.sort), q.Text, fmt.Sprint(q.Statuses), strings.Join(q.Agencies, ","), q.Procedure,
		fmt.Sprint(micros(q.SubmittedFrom), micros(q.SubmittedTo), micros(q.DueFrom), micros(q.DueTo)))
	if err != nil {
		return page, err
	}
	where := conditions(q)
	from := order.from(after)
	where.add("("+order.key+", id) "+order.beyond+" (?, ?)", from.Key, from.ID)
	query := "SELECT doc, " + order.key + ", id FROM dossiers WHERE " + strings.Join(where.sql, " AND ") +
		" ORDER BY " + order.key + order.direction + ", id" + order.direction + " LIMIT ?"
	where.args = append(where.args, int64(limit)+1)
	err = v.read(ctx, projections.SearchProjection, func(conn *sqlite.Conn, at eventlog.Position) error {
		page.Position = at.String()
		return readPage(conn, &page, limit, after, query, where.bind)
	})
	return page, err
}

type order struct {
	sort                   projections.Sort
	key, beyond, direction string
	from                   func(cursor) cursor
}

func orderOf(sort projections.Sort) (order, error) {
	switch sort {
	case projections.SortNewest, "":
		return order{projections.SortNewest, "submitted_at", "<", " DESC", cursor.orLast}, nil
	case projections.SortSubmitted:
		return order{sort, "submitted_at", ">", "", cursor.orFirst}, nil
	case projections.SortDue:
		return order{sort, "due_at", ">", "", cursor.orFirst}, nil
	}
	return order{}, errBadSort
}

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
	if match := matchOf(q.Text); match != "" {
		c.add("number IN (SELECT rowid FROM words WHERE words MATCH ?)", match)
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

// matchOf writes a full-text query; words hold letters and digits only, so that
// nothing people type has a meaning of its own in it.
func matchOf(text string) string {
	words, code := projections.SearchTerms(text)
	if len(words) == 0 {
		return ""
	}
	match := `"` + strings.Join(words, `" AND "`) + `"*`
	if code != "" {
		match = "(" + match + `) OR "` + code + `"*`
	}
	return match
}

func jsonList[T any](list []T) string {
	raw, err := json.Marshal(list)
	if err != nil {
		panic(err) // numbers and text always marshal
	}
	return string(raw)
}
