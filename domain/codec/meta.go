package codec

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"hoso/domain"
)

// Meta is an event's metadata: who caused it, by which command, when.
type Meta struct {
	Schema      int          `json:"v" doc:"version of the event's schema"`
	Command     uuid.UUID    `json:"command" doc:"id of the command that caused it"`
	Digest      string       `json:"digest,omitempty" doc:"digest of the request, keyed with the person's key"`
	Correlation uuid.UUID    `json:"correlation,omitzero" doc:"what started the whole chain of causes"`
	Causation   uuid.UUID    `json:"causation,omitzero" doc:"the event or command that led to this one"`
	Actor       domain.Actor `json:"actor" doc:"role, agency and opaque id of who did it"`
	RecordedAt  time.Time    `json:"recorded_at" doc:"the writer's clock; never before its predecessor's"`
	OccurredAt  time.Time    `json:"occurred_at,omitzero" doc:"when it happened, where an import or approved correction brings it"`
	Trace       string       `json:"traceparent,omitempty" doc:"W3C trace context of the command, where it was traced: links what comes of the event to it"`
	Hash        Hash         `json:"-" doc:"the event's hash, last member of the stored metadata"`
}

// The stored metadata is a JSON object whose last member is the event's hash.
// The hash covers the object without that member: these bytes and a brace.
const (
	hashOpens  = `,"hash":"`
	hashCloses = `"}`
	hashMember = len(hashOpens) + 2*len(Hash{}) + len(hashCloses)
)

// seal appends the hash member to marshalled metadata.
func sealMeta(bare []byte, h Hash) []byte {
	out := make([]byte, 0, len(bare)-1+hashMember)
	out = append(out, bare[:len(bare)-1]...)
	out = append(out, hashOpens...)
	out = hex.AppendEncode(out, h[:])
	return append(out, hashCloses...)
}

// splitMeta takes stored metadata apart into the hash and what it covers. The
// covered part lacks its closing brace, which stood where the hash begins.
func splitMeta(stored []byte) (open []byte, h Hash, err error) {
	cut := len(stored) - hashMember
	if cut < 1 || !bytes.HasPrefix(stored[cut:], []byte(hashOpens)) || !bytes.HasSuffix(stored, []byte(hashCloses)) {
		return nil, h, errNoHash
	}
	digits := stored[cut+len(hashOpens) : len(stored)-len(hashCloses)]
	if bytes.ContainsAny(digits, "ABCDEF") { // one text for one hash
		return nil, h, errNoHash
	}
	if _, err := hex.Decode(h[:], digits); err != nil {
		return nil, h, errNoHash
	}
	return stored[:cut], h, nil
}

var errNoHash = errors.New("codec: the metadata does not end in a hash")

// ParseMeta reads stored metadata.
func ParseMeta(stored []byte) (Meta, error) {
	var m Meta
	_, h, err := splitMeta(stored)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(stored, &m); err != nil {
		return m, fmt.Errorf("codec: metadata: %w", err)
	}
	m.Hash = h
	return m, nil
}
