package sqlite

import (
	"github.com/google/uuid"
	"zombiezen.com/go/sqlite"
)

// documentsTable keeps documents apart from the rows they are found by, which
// every index is made from and queries walk over: those are much smaller.
const documentsTable = `
CREATE TABLE documents (
  number INTEGER PRIMARY KEY,  -- of the dossier's row
  doc    TEXT    NOT NULL      -- JSON
);`

// itsDocument is a column of a query on dossiers.
const itsDocument = "(SELECT doc FROM documents WHERE documents.number = dossiers.number)"

func putDocument(conn *sqlite.Conn, number int64, doc []byte) error {
	return run(conn, `INSERT INTO documents VALUES (?1, ?2) ON CONFLICT (number) DO UPDATE SET doc = ?2`, func(stmt *sqlite.Stmt) {
		stmt.BindInt64(1, number)
		bindText(stmt, 2, doc)
	})
}

// putRow runs an INSERT that may become an UPDATE of a dossier's row, and gives
// the row's number. RETURNING would tell it too, and make a table for that at
// each call.
func putRow(conn *sqlite.Conn, dossier uuid.UUID, statement string, bind func(*sqlite.Stmt)) (number int64, err error) {
	before := conn.LastInsertRowID()
	if err := run(conn, statement, bind); err != nil {
		return 0, err
	}
	if number = conn.LastInsertRowID(); number != before {
		return number, nil // inserted: an update leaves it as it was
	}
	number, _, err = numberOf(conn, dossier)
	return number, err
}

// numberOf gives the number of a dossier's row.
func numberOf(conn *sqlite.Conn, dossier uuid.UUID) (number int64, found bool, err error) {
	err = each(conn, `SELECT number FROM dossiers WHERE id = ?`, func(stmt *sqlite.Stmt) { stmt.BindBytes(1, dossier[:]) }, func(stmt *sqlite.Stmt) error {
		number, found = stmt.ColumnInt64(0), true
		return nil
	})
	return number, found, err
}

// deleteNumber deletes what the tables have under a number.
func deleteNumber(conn *sqlite.Conn, number int64, tables ...string) error {
	for _, table := range tables {
		if err := run(conn, `DELETE FROM `+table+` WHERE rowid = ?`, func(stmt *sqlite.Stmt) { stmt.BindInt64(1, number) }); err != nil {
			return err
		}
	}
	return nil
}

// storedRevision serves the tables that hold one row a dossier.
func storedRevision(conn *sqlite.Conn, query string, dossier uuid.UUID) (revision uint64, found bool, err error) {
	err = each(conn, query, func(stmt *sqlite.Stmt) { stmt.BindBytes(1, dossier[:]) }, func(stmt *sqlite.Stmt) error {
		found = !stmt.ColumnIsNull(0)
		revision = uint64(stmt.ColumnInt64(0))
		return nil
	})
	return revision, found, err
}
