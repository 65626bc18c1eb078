package proof

import (
	"fmt"
	"slices"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"hoso/domain/codec"
)

var ranges = &compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}

// tree is the Merkle tree over the log (RFC 6962, SHA-256), without its
// leaves: the leaf of an event is the leaf hash of the event's hash. Roots are
// asked for at sizes that do not fall; leaves after the last such size are
// kept apart, so that each is hashed into the tree once.
type tree struct {
	base *compact.Range
	last leaf // of base
	tail []leaf
}

type leaf struct {
	hash     []byte
	stream   string
	revision uint64
}

func newTree() *tree { return &tree{base: ranges.NewEmptyRange(0)} }

func (t *tree) add(h codec.Hash, stream string, revision uint64) {
	t.tail = append(t.tail, leaf{rfc6962.DefaultHasher.HashLeaf(h[:]), stream, revision})
}

func (t *tree) size() uint64 { return t.base.End() + uint64(len(t.tail)) }

// root is the root hash when the tree had size leaves, and the last of them.
// Error: a size of nothing, beyond the tree, or before one that was asked for earlier.
func (t *tree) root(size uint64) ([]byte, leaf, error) {
	if size == 0 || size < t.base.End() || size > t.size() {
		return nil, leaf{}, fmt.Errorf("no root at size %d: the tree is between %d and %d", size, t.base.End(), t.size())
	}
	n := size - t.base.End()
	for _, l := range t.tail[:n] {
		if err := t.base.Append(l.hash, nil); err != nil {
			return nil, leaf{}, err
		}
		t.last = l
	}
	t.tail = slices.Delete(t.tail, 0, int(n))
	hash, err := t.base.GetRootHash(nil)
	return hash, t.last, err
}

// peek is root at the present size, without giving up the sizes before.
func (t *tree) peek() ([]byte, leaf, error) {
	base, err := ranges.NewRange(0, t.base.End(), slices.Clone(t.base.Hashes()))
	if err != nil {
		return nil, leaf{}, err
	}
	return (&tree{base: base, last: t.last, tail: slices.Clone(t.tail)}).root(t.size())
}
