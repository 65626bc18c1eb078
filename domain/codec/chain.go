package codec

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
)

// Hash is a SHA-256 over an event's stored bytes and its predecessor's hash.
type Hash [sha256.Size]byte

// String is the hash in hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// BrokenError says that an event's bytes do not agree with its hash, or that
// it does not follow its predecessor.
type BrokenError struct {
	Stream   string
	Revision uint64
	Position eventlog.Position
	Why      string
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("log broken at position %s, stream %s, revision %d: %s", e.Position, e.Stream, e.Revision, e.Why)
}

// Check holds a stored event against its predecessor's hash (zero for the
// first of a stream) and gives its own. Nothing is re-encoded: the hash covers
// the bytes as they lie in the log. Error: *BrokenError.
func Check(prev Hash, r eventlog.Recorded) (Hash, error) {
	open, stored, err := splitMeta(r.Meta)
	if err != nil {
		return Hash{}, broken(r, err.Error())
	}
	if chain(prev, r.Stream, r.Revision, r.ID, r.Type, r.Data, open) != stored {
		return Hash{}, broken(r, "its bytes, or those of the event before it, are not the ones that were hashed")
	}
	return stored, nil
}

// HashOf reads the hash a stored event carries, unchecked.
func HashOf(r eventlog.Recorded) (Hash, error) {
	_, h, err := splitMeta(r.Meta)
	if err != nil {
		return h, broken(r, err.Error())
	}
	return h, nil
}

func broken(r eventlog.Recorded, why string) error {
	return &BrokenError{Stream: r.Stream, Revision: r.Revision, Position: r.Position, Why: why}
}

// chain is the hash's definition: each part with its length before it, so that
// no two events share a byte string. The metadata comes without its closing brace.
func chain(prev Hash, stream string, revision uint64, id uuid.UUID, typ string, data, openMeta []byte) Hash {
	room := hashRoom.Get().(*[]byte)
	b := append((*room)[:0], "hoso event 1\n"...)
	b = append(b, prev[:]...)
	b = binary.BigEndian.AppendUint64(b, revision)
	b = append(b, id[:]...)
	b = appendPart(b, stream)
	b = appendPart(b, typ)
	b = appendPart(b, data)
	b = binary.BigEndian.AppendUint64(b, uint64(len(openMeta)+1))
	b = append(append(b, openMeta...), '}')
	h := Hash(sha256.Sum256(b))
	*room = b
	hashRoom.Put(room)
	return h
}

var hashRoom = sync.Pool{New: func() any { return new([]byte) }}

func appendPart[T string | []byte](b []byte, part T) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(len(part)))
	return append(b, part...)
}
