package sqlite

import (
	"regexp"
	"strconv"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// checkIntegrity is SQLite's own check of pages, cells and free space.
func checkIntegrity(conn *sqlite.Conn) (*Damage, error) {
	found := ""
	err := sqlitex.ExecuteTransient(conn, "PRAGMA integrity_check(1)", &sqlitex.ExecOptions{
		ResultFunc: func(stmt *sqlite.Stmt) error {
			found = stmt.ColumnText(0)
			return nil
		},
	})
	if err != nil {
		return orDamage(0, err)
	}
	if found == "ok" {
		return nil, nil
	}
	d := &Damage{Why: "SQLite's integrity check: " + found}
	if m := pageNumber.FindStringSubmatch(found); m != nil {
		page, _ := strconv.ParseInt(m[1], 10, 64) // 0, no page, when it is out of range
		d.Position = onPage(conn, page)
	}
	return d, nil
}

var pageNumber = regexp.MustCompile(`(?i)\bpage (\d+)`)

// The virtual table dbstat lists the pages of each tree; their paths sort in
// the order of the keys. Positions have no gaps, so the rows on the leaves before a page tell
// which position comes first on it.
const (
	firstRowOnPage = `SELECT 1 + coalesce(sum(leaf.ncell), 0) FROM dbstat AS page
		LEFT JOIN dbstat AS leaf ON leaf.name = page.name AND leaf.pagetype = 'leaf' AND leaf.path < page.path
		WHERE page.pageno = ? AND page.name = 'events' GROUP BY page.pageno`
	// In an index one further entry stands above, between each leaf and the next.
	firstEntryOnPage = `SELECT position FROM events INDEXED BY events_by_stream ORDER BY stream, revision LIMIT 1 OFFSET
		(SELECT coalesce(sum(leaf.ncell + 1), 0) FROM dbstat AS page
		LEFT JOIN dbstat AS leaf ON leaf.name = page.name AND leaf.pagetype = 'leaf' AND leaf.path < page.path
		WHERE page.pageno = ? AND page.name = 'events_by_stream' GROUP BY page.pageno)`
)

// onPage gives the position of the first event on a page, 0 when the page
// holds none or cannot be placed.
func onPage(conn *sqlite.Conn, page int64) (position uint64) {
	for _, q := range []string{firstRowOnPage, firstEntryOnPage} {
		err := sqlitex.ExecuteTransient(conn, q, &sqlitex.ExecOptions{
			Args: []any{page},
			ResultFunc: func(stmt *sqlite.Stmt) error {
				position = uint64(max(stmt.ColumnInt64(0), 0))
				return nil
			},
		})
		if err != nil {
			position = 0 // the page is too broken to be placed; the finding stands without
		}
		if position != 0 {
			break
		}
	}
	return position
}
