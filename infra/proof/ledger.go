package proof

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

// ledger follows a log in its order: it grows the tree by each event and holds
// each root against it. Sealer and Verify both stand on it, so that nobody
// signs what does not verify.
type ledger struct {
	log string            // its id
	key ed25519.PublicKey // of all roots; nil: the one that the first root names
	tree

	newest   Root      // size 0: none
	roots    uint64    // how many
	rootEnd  uint64    // leaves up to the newest root, itself included
	plainEnd uint64    // leaves up to the newest event that is no root
	tip      codec.Tip // of the stream of roots
}

func newLedger(log eventlog.Log, key ed25519.PublicKey) *ledger {
	return &ledger{log: log.ID().String(), key: key, tree: *newTree(), tip: codec.EmptyTip}
}

// isLeaf tells events from a server's own records, which are no part of the tree.
func isLeaf(r eventlog.Recorded) bool { return !strings.HasPrefix(r.Stream, "$") }

// take adds the next event. Its error says what is wrong with it.
func (l *ledger) take(r eventlog.Recorded) error {
	h, err := codec.HashOf(r)
	if err != nil {
		return errors.New("its metadata does not end in a hash")
	}
	if r.Stream == domain.RootStream {
		if err := l.takeRoot(r); err != nil {
			return err
		}
		l.rootEnd = l.size() + 1
	} else {
		l.plainEnd = l.size() + 1
	}
	l.add(h, r.Stream, r.Revision)
	return nil
}

func (l *ledger) takeRoot(r eventlog.Recorded) error {
	d, err := (&codec.Codec{}).Decode(r)
	if err != nil {
		return fmt.Errorf("it is not a root that can be read: %w", err)
	}
	signed, ok := d.Event.(domain.RootSigned)
	if !ok {
		return fmt.Errorf("%s has no place among the roots", r.Type)
	}
	root := Root(signed)
	if l.key == nil {
		if l.key, err = root.PublicKey(); err != nil {
			return err
		}
	}
	if err := root.check(l.key); err != nil {
		return err
	}
	if root.LogID != l.log {
		return fmt.Errorf("the root is of log %s, this is log %s", root.LogID, l.log)
	}
	if root.Size < l.rootEnd || root.Size > l.size() {
		return fmt.Errorf("the root covers %d events; standing here it covers between %d and %d", root.Size, l.rootEnd, l.size())
	}
	if err := matches(root, l.root); err != nil {
		return err
	}
	l.newest, l.tip = root, d.Tip()
	l.roots++
	return nil
}

// matches holds a root against the tree at its size.
func matches(r Root, at func(size uint64) ([]byte, leaf, error)) error {
	hash, last, err := at(r.Size)
	if err != nil {
		return err
	}
	if hex.EncodeToString(hash) != r.Root {
		return fmt.Errorf("the first %d events are not the ones that were signed: one was changed, moved, left out or added", r.Size)
	}
	if last.stream != r.LastStream || last.revision != r.LastRevision {
		return fmt.Errorf("the root names stream %s, revision %d as its last event, and it is stream %s, revision %d",
			r.LastStream, r.LastRevision, last.stream, last.revision)
	}
	return nil
}

// uncovered is how many events no root covers; the newest root, which nothing
// can cover yet, does not count.
func (l *ledger) uncovered() uint64 {
	n := l.size() - l.newest.Size
	if l.roots > 0 {
		n--
	}
	return n
}
