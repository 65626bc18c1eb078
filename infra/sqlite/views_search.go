package sqlite

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"

	"hoso/domain/eventlog"
	"hoso/projections"
)

// searchTable keeps the search documents and their words. Text is folded
// before it comes here, so that a plain tokenizer is enough.
type searchTable struct{ proofs projections.Proofs }

func (searchTable) format() int { return 7 }

func (searchTable) schema() (tables, indexes string) {
	return `
CREATE TABLE dossiers (
  number       INTEGER PRIMARY KEY,  -- of its words and of its document, which is what a hit shows
  id           BLOB    NOT NULL UNIQUE,
  revision     INTEGER NOT NULL,
  status       INTEGER NOT NULL,
  procedure    TEXT    NOT NULL,
  received     TEXT    NOT NULL,     -- agencies: that received it, that decides, where it is, where the result is collected
  competent    TEXT    NOT NULL,
  current      TEXT    NOT NULL,
  place        TEXT    NOT NULL,
  channel      TEXT    NOT NULL,
  field        TEXT    NOT NULL,     -- lĩnh vực
  unit         TEXT    NOT NULL,     -- where it is now
  assignee     TEXT    NOT NULL,
  submitted_at INTEGER NOT NULL,     -- microseconds since 1970
  due_at       INTEGER NOT NULL,     -- the same; 9223372036854775807 without a due date
  deadline     INTEGER               -- due_at while it runs, 9223372036854775806 in a pause; null once ended
);` + documentsTable + `
CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = 'unicode61 remove_diacritics 0');
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
-- Apart from the words, because a code comes a moment after them: taking words
-- out of the index without a trace reads the whole list of each.
CREATE VIRTUAL TABLE codes USING fts5 (text, tokenize = 'unicode61 remove_diacritics 0', detail = none);`, `
CREATE INDEX dossiers_by_submitted ON dossiers (submitted_at, id);
CREATE INDEX dossiers_by_due       ON dossiers (due_at, id);
CREATE INDEX dossiers_by_status    ON dossiers (status, submitted_at, id);
CREATE INDEX dossiers_by_current   ON dossiers (current, submitted_at, id);
-- Work queues: each is a range of one of these.
CREATE INDEX dossiers_at_agency    ON dossiers (current, deadline, id) WHERE deadline IS NOT NULL;
CREATE INDEX dossiers_at_unit      ON dossiers (current, unit, deadline, id) WHERE deadline IS NOT NULL AND unit <> '';
CREATE INDEX dossiers_of_officer   ON dossiers (assignee, current, deadline, id) WHERE deadline IS NOT NULL AND assignee <> '';`
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
	var w stored
	if !it.Fresh {
		if w, err = wordsOf(conn, s.View.ID); err != nil {
			return err
		}
	}
	w.number, err = putRow(conn, s.View.ID, `
INSERT INTO dossiers VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
ON CONFLICT (id) DO UPDATE SET revision = ?2, status = ?3, procedure = ?4, received = ?5, competent = ?6, current = ?7, place = ?8,
  channel = ?9, field = ?10, unit = ?11, assignee = ?12, submitted_at = ?13, due_at = ?14, deadline = ?15`,
		func(stmt *sqlite.Stmt) {
			stmt.BindBytes(1, s.View.ID[:])
			stmt.BindInt64(2, int64(s.View.Revision))
			stmt.BindInt64(3, int64(s.View.Status))
			for i, text := range []string{
				s.View.Procedure, s.View.Agency, s.View.Competent, s.View.Current, s.View.Place,
				string(s.View.Channel), s.Field, s.View.Unit, s.View.Assignee,
			} {
				stmt.BindText(4+i, text)
			}
			stmt.BindInt64(13, s.Submitted)
			stmt.BindInt64(14, s.Due)
			if s.Ended {
				stmt.BindNull(15)
			} else {
				stmt.BindInt64(15, s.Deadline)
			}
		})
	if err != nil {
		return err
	}
	return errors.Join(
		putDocument(conn, w.number, s.JSON),
		w.keep(conn, "words", w.words, strings.TrimPrefix(s.Text, s.Code)),
		w.keep(conn, "codes", w.code, s.Code))
}

// stored are a dossier's row and its texts in the index.
type stored struct {
	number      int64
	found       bool
	words, code string
}

func wordsOf(conn *sqlite.Conn, dossier uuid.UUID) (w stored, err error) {
	err = each(conn, `
SELECT d.number, w.text, c.text FROM dossiers d LEFT JOIN words w ON w.rowid = d.number LEFT JOIN codes c ON c.rowid = d.number WHERE d.id = ?`,
		func(stmt *sqlite.Stmt) { stmt.BindBytes(1, dossier[:]) },
		func(stmt *sqlite.Stmt) error {
			w = stored{stmt.ColumnInt64(0), true, stmt.ColumnText(1), stmt.ColumnText(2)}
			return nil
		})
	return w, err
}

// keep brings a text in step with its index; there are two, words and codes.
func (w stored) keep(conn *sqlite.Conn, index, before, now string) error {
	statement := `INSERT INTO ` + index + ` (rowid, text) VALUES (?1, ?2)`
	switch {
	case now == before:
		return nil
	case before != "":
		statement = `UPDATE ` + index + ` SET text = ?2 WHERE rowid = ?1`
	}
	return run(conn, statement, func(stmt *sqlite.Stmt) {
		stmt.BindInt64(1, w.number)
		stmt.BindText(2, now)
	})
}

func (searchTable) forget(conn *sqlite.Conn, dossier uuid.UUID) error {
	w, err := wordsOf(conn, dossier)
	if err != nil || !w.found {
		return err
	}
	return deleteNumber(conn, w.number, "words", "codes", "documents", "dossiers")
}

// Search implements projections.Views. Every word must occur; the last may be
// unfinished. A text that reads as a code also finds that code however it is
// written.
func (v *Views) Search(ctx context.Context, q projections.SearchQuery) (page projections.Page, err error) {
	plan, err := q.Plan()
	if err != nil {
		return page, err
	}
	where := conditions(q, plan.Terms)
	beyond, direction := ">", ""
	if plan.Descending {
		beyond, direction = "<", " DESC"
	}
	from, id := edge(plan.After, plan.Descending)
	where.add("("+plan.By+", id) "+beyond+" (?, ?)", from, id)
	query := "SELECT " + itsDocument + ", " + plan.By + ", id FROM dossiers WHERE " + where.all() +
		" ORDER BY " + plan.By + direction + ", id" + direction + " LIMIT ?"
	where.args = append(where.args, int64(plan.Limit)+1)
	err = v.read(ctx, projections.SearchProjection, func(conn *sqlite.Conn, at eventlog.Position) error {
		page.Position = at.String()
		if len(q.Facets) > 0 {
			if page.Facets, err = countFacets(conn, q, plan.Terms); err != nil {
				return err
			}
		}
		return readPage(conn, &page, plan.Limit, plan.After, query, where.bind)
	})
	return page, err
}
