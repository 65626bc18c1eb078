package projections

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
)

// Cursor is the last hit of a page, where the next one goes on: by the hit's
// key and id, so that dossiers which come meanwhile neither repeat nor hide
// one. It is the same on every engine.
type Cursor struct {
	Key   int64     `json:"k"`
	ID    uuid.UUID `json:"i"`
	Query string    `json:"q"` // digest of the query it belongs to
	Set   bool      `json:"-"` // false: before the first hit
}

// ParseCursor reads a cursor of a query, named by its parts; the empty one
// stands before the first hit. Error: bad_cursor.
func ParseCursor(text string, query ...string) (Cursor, error) {
	sum := sha256.Sum256([]byte(strings.Join(query, "\x00")))
	c := Cursor{Query: hex.EncodeToString(sum[:6])}
	if text == "" {
		return c, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return c, ErrBadCursor
	}
	read := Cursor{Set: true}
	if json.Unmarshal(raw, &read, json.RejectUnknownMembers(true)) != nil || read.Query != c.Query || read.ID == uuid.Nil {
		return c, ErrBadCursor
	}
	return read, nil
}

// At is the cursor of the same query behind another hit.
func (c Cursor) At(key int64, id uuid.UUID) Cursor {
	return Cursor{Key: key, ID: id, Query: c.Query, Set: true}
}

// String is the cursor as it travels.
func (c Cursor) String() string {
	raw, err := json.Marshal(c)
	if err != nil {
		panic(err) // numbers and text always marshal
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}
