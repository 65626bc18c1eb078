package sqlite

import (
	"context"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"

	"hoso/domain"
	"hoso/domain/eventlog"
	"hoso/projections"
)

// dossierTable keeps the status look-up: one document a dossier.
type dossierTable struct{ proofs projections.Proofs }

func (dossierTable) format() int { return 5 }

func (dossierTable) schema() (tables, indexes string) {
	return `
CREATE TABLE dossiers (
  number           INTEGER PRIMARY KEY,  -- of its document
  id               BLOB    NOT NULL UNIQUE,  -- 16 bytes of the UUID
  revision         INTEGER NOT NULL,     -- of the dossier's newest event in the document
  code             TEXT    NOT NULL,     -- as look-up folds it; '' until drawn
  source           TEXT    NOT NULL,     -- id in the system it was imported from, folded
  owner            BLOB    NOT NULL,     -- opaque ids of the people
  submitter        BLOB    NOT NULL,
  submitted_at     INTEGER NOT NULL,     -- microseconds since 1970
  supplement_until INTEGER               -- the same; null unless a supplement is waited for
);` + documentsTable, `
CREATE INDEX dossiers_by_code       ON dossiers (code) WHERE code <> '';
CREATE INDEX dossiers_by_source     ON dossiers (source) WHERE source <> '';
CREATE INDEX dossiers_by_owner      ON dossiers (owner, submitted_at, id);
CREATE INDEX dossiers_by_submitter  ON dossiers (submitter, submitted_at, id);
CREATE INDEX dossiers_by_supplement ON dossiers (supplement_until) WHERE supplement_until IS NOT NULL;`
}

func (dossierTable) stored(conn *sqlite.Conn, dossier uuid.UUID) (uint64, bool, error) {
	return storedRevision(conn, `SELECT revision FROM dossiers WHERE id = ?`, dossier)
}

func (dossierTable) event([]byte, *projections.Item) ([]byte, error) { return nil, nil }

func (t dossierTable) put(conn *sqlite.Conn, it *projections.Item, _ []byte) error {
	v, doc, err := it.Document(t.proofs)
	if err != nil {
		return err
	}
	number, err := putRow(conn, v.ID, `
INSERT INTO dossiers VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (id) DO UPDATE SET revision = ?2, code = ?3, source = ?4, owner = ?5, submitter = ?6, submitted_at = ?7, supplement_until = ?8`,
		func(stmt *sqlite.Stmt) {
			stmt.BindBytes(1, v.ID[:])
			stmt.BindInt64(2, int64(v.Revision))
			stmt.BindText(3, domain.FoldCode(v.Code))
			stmt.BindText(4, domain.FoldCode(v.SourceID))
			stmt.BindBytes(5, v.OwnerSubject[:])
			stmt.BindBytes(6, v.SubmitterSubject[:])
			stmt.BindInt64(7, v.SubmittedAt.UnixMicro())
			if v.SupplementUntil.IsZero() {
				stmt.BindNull(8)
			} else {
				stmt.BindInt64(8, v.SupplementUntil.UnixMicro())
			}
		})
	if err != nil {
		return err
	}
	return putDocument(conn, number, doc)
}

func (dossierTable) forget(conn *sqlite.Conn, dossier uuid.UUID) error {
	number, found, err := numberOf(conn, dossier)
	if err != nil || !found {
		return err
	}
	return deleteNumber(conn, number, "dossiers", "documents")
}

func columnView(stmt *sqlite.Stmt, column int) (v projections.DossierView, err error) {
	err = json.Unmarshal(columnBytes(stmt, column), &v)
	return v, err
}

// one gives the first document of a query on the dossier view.
func (v *Views) one(ctx context.Context, query string, bind func(*sqlite.Stmt)) (view projections.DossierView, found bool, err error) {
	err = v.read(ctx, projections.DossierProjection, func(conn *sqlite.Conn, _ eventlog.Position) error {
		return each(conn, query, bind, func(stmt *sqlite.Stmt) (err error) {
			found = true
			view, err = columnView(stmt, 0)
			return err
		})
	})
	return view, found, err
}

// ByCode implements projections.Views. Where both match, the code wins over a source id.
func (v *Views) ByCode(ctx context.Context, folded string) (projections.DossierView, bool, error) {
	if folded == "" {
		return projections.DossierView{}, false, nil
	}
	hot := v.all[0].hot
	if view, ok := hot.get(folded); ok {
		return view, true, nil
	}
	since := hot.changes()
	view, found, err := v.one(ctx, `
SELECT doc FROM documents WHERE number = (
  SELECT number FROM (
    SELECT number, 0 AS place, id FROM dossiers WHERE code = ?1 AND code <> ''
    UNION ALL
    SELECT number, 1, id FROM dossiers WHERE source = ?1 AND source <> '')
  ORDER BY place, id LIMIT 1)`, func(stmt *sqlite.Stmt) { stmt.BindText(1, folded) })
	if found && err == nil {
		hot.keep(folded, view, since)
	}
	return view, found, err
}

// ByID implements projections.Views.
func (v *Views) ByID(ctx context.Context, dossier uuid.UUID) (projections.DossierView, bool, error) {
	return v.one(ctx, `SELECT doc FROM documents WHERE number = (SELECT number FROM dossiers WHERE id = ?)`, func(stmt *sqlite.Stmt) { stmt.BindBytes(1, dossier[:]) })
}

// BySubject implements projections.Views. Limit and cursor are as in Search.
func (v *Views) BySubject(ctx context.Context, subject domain.SubjectID, limit int, cursor string) (projections.Page, error) {
	limit, err := projections.PageLimit(limit)
	if err != nil {
		return projections.Page{}, err
	}
	after, err := projections.ParseCursor(cursor, "subject", subject.String())
	if err != nil {
		return projections.Page{}, err
	}
	const newest = ` AND (submitted_at, id) < (?2, ?3) ORDER BY submitted_at DESC, id DESC LIMIT ?4)`
	var page projections.Page
	err = v.read(ctx, projections.DossierProjection, func(conn *sqlite.Conn, at eventlog.Position) error {
		page.Position = at.String()
		return readPage(conn, &page, limit, after, `
SELECT `+itsDocument+`, submitted_at, id FROM (
  SELECT * FROM (SELECT * FROM dossiers WHERE owner = ?1`+newest+`
  UNION
  SELECT * FROM (SELECT * FROM dossiers WHERE submitter = ?1`+newest+`) AS dossiers
ORDER BY submitted_at DESC, id DESC LIMIT ?4`, func(stmt *sqlite.Stmt) {
			key, id := edge(after, true)
			stmt.BindBytes(1, subject[:])
			stmt.BindInt64(2, key)
			stmt.BindBytes(3, id)
			stmt.BindInt64(4, int64(limit)+1)
		})
	})
	return page, err
}

// LapsedSupplements implements projections.Views, the longest lapsed first.
func (v *Views) LapsedSupplements(ctx context.Context, now time.Time, limit int) (ids []uuid.UUID, err error) {
	err = v.read(ctx, projections.DossierProjection, func(conn *sqlite.Conn, _ eventlog.Position) error {
		return each(conn, `SELECT id FROM dossiers WHERE supplement_until < ? ORDER BY supplement_until, id LIMIT ?`, func(stmt *sqlite.Stmt) {
			stmt.BindInt64(1, now.UnixMicro())
			stmt.BindInt64(2, int64(limit))
		}, func(stmt *sqlite.Stmt) error {
			ids = append(ids, columnUUID(stmt, 0))
			return nil
		})
	})
	return ids, err
}
