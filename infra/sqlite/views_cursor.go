package sqlite

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"math"
	"strings"

	"github.com/go-json-experiment/json"
	"zombiezen.com/go/sqlite"

	"hoso/projections"
)

// cursor is the last hit of a page, where the next one goes on: by the hit's
// key and id, so that dossiers which come meanwhile neither repeat nor hide one.
type cursor struct {
	Key   int64  `json:"k"`
	ID    []byte `json:"i"`
	Query string `json:"q"` // digest of the query it belongs to
	set   bool
}

// queryDigest binds a cursor to the parts of its query.
func queryDigest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:6])
}

// parseCursor reads a cursor; the empty one stands before the first hit. Error: bad_cursor.
func parseCursor(text string, query ...string) (cursor, error) {
	c := cursor{Query: queryDigest(query...)}
	if text == "" {
		return c, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return c, projections.ErrBadCursor
	}
	read := cursor{set: true}
	if json.Unmarshal(raw, &read, json.RejectUnknownMembers(true)) != nil || len(read.ID) != 16 || read.Query != c.Query {
		return c, projections.ErrBadCursor
	}
	return read, nil
}

func (c cursor) String() string {
	raw, err := json.Marshal(c)
	if err != nil {
		panic(err) // numbers and text always marshal
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// orFirst and orLast are where a page begins without a cursor: before
// everything in ascending, after everything in descending order.
func (c cursor) orFirst() cursor {
	if !c.set {
		c.Key, c.ID = math.MinInt64, []byte{}
	}
	return c
}

func (c cursor) orLast() cursor {
	if !c.set {
		c.Key, c.ID = math.MaxInt64, bytes.Repeat([]byte{0xff}, 17)
	}
	return c
}

// readPage reads a page from a query that answers doc, key and id of one hit more
// than the limit, where there is one.
func readPage(conn *sqlite.Conn, page *projections.Page, limit int, after cursor, query string, bind func(*sqlite.Stmt)) error {
	page.Hits = []projections.DossierView{}
	last := after
	return each(conn, query, bind, func(stmt *sqlite.Stmt) error {
		if len(page.Hits) == limit {
			page.Next = last.String()
			return nil
		}
		view, err := columnView(stmt, 0)
		page.Hits = append(page.Hits, view)
		last.Key, last.ID = stmt.ColumnInt64(1), columnBytes(stmt, 2)
		return err
	})
}
