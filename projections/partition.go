package projections

import (
	"fmt"
	"hash/crc32"

	"github.com/google/uuid"
)

// Partition is a share of all dossiers, for projections that several processes
// write: each share has its own checkpoint. The zero Partition is all of them.
type Partition struct {
	Index int // from 0
	Of    int // how many there are; 0 and 1: one
}

// Holds reports whether a dossier belongs to the share. Of the shares with the
// same Of it belongs to one, in every process and for ever.
func (p Partition) Holds(dossier uuid.UUID) bool {
	return p.Of <= 1 || int(crc32.ChecksumIEEE(dossier[:])%uint32(p.Of)) == p.Index
}

// String is empty for all dossiers, else e.g. "2 of 3".
func (p Partition) String() string {
	if p.Of <= 1 {
		return ""
	}
	return fmt.Sprintf("%d of %d", p.Index+1, p.Of)
}
