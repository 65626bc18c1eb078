package elastic

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"hoso/projections"
)

// cursor is the last hit of a page, where the next one goes on: by the hit's
// key and id, so that dossiers which come meanwhile neither repeat nor hide one.
type cursor struct {
	Key   int64     `json:"k"`
	ID    uuid.UUID `json:"i"`
	Query string    `json:"q"` // digest of the query it belongs to
	set   bool
}

// parseCursor reads a cursor of a query, named by its parts; the empty one
// stands before the first hit. Error: bad_cursor.
func parseCursor(text string, query ...string) (cursor, error) {
	sum := sha256.Sum256([]byte(strings.Join(query, "\x00")))
	c := cursor{Query: hex.EncodeToString(sum[:6])}
	if text == "" {
		return c, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return c, projections.ErrBadCursor
	}
	read := cursor{set: true}
	if json.Unmarshal(raw, &read, json.RejectUnknownMembers(true)) != nil || read.Query != c.Query || read.ID == uuid.Nil {
		return c, projections.ErrBadCursor
	}
	return read, nil
}

// String is the cursor as it travels.
func (c cursor) String() string {
	raw, err := json.Marshal(c)
	if err != nil {
		panic(err) // numbers and text always marshal
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}
