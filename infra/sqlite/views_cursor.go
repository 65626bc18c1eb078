package sqlite

import (
	"bytes"
	"math"

	"zombiezen.com/go/sqlite"

	"hoso/projections"
)

// edge is where a page begins, as a value to compare key and id with; without
// a cursor before everything in ascending, after everything in descending order.
func edge(c projections.Cursor, descending bool) (key int64, id []byte) {
	switch {
	case c.Set:
		return c.Key, c.ID[:]
	case descending:
		return math.MaxInt64, bytes.Repeat([]byte{0xff}, 17)
	}
	return math.MinInt64, []byte{}
}

// readPage reads a page from a query that answers doc, key and id of one hit more
// than the limit, where there is one.
func readPage(conn *sqlite.Conn, page *projections.Page, limit int, after projections.Cursor, query string, bind func(*sqlite.Stmt)) error {
	page.Hits = []projections.DossierView{}
	return each(conn, query, bind, func(stmt *sqlite.Stmt) error {
		if len(page.Hits) == limit {
			page.Next = after.String()
			return nil
		}
		view, err := columnView(stmt, 0)
		page.Hits = append(page.Hits, view)
		after = after.At(stmt.ColumnInt64(1), columnUUID(stmt, 2))
		return err
	})
}
