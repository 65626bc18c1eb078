package move

import (
	"bytes"
	"fmt"

	"hoso/domain/eventlog"
)

// DiffersError says that what stands in the target is not the source's beginning:
// the target belongs to something else, went on by itself, or was changed.
type DiffersError struct {
	Position eventlog.Position // in the target
	Stream   string            // there
	Revision uint64
	Why      string
}

func (e *DiffersError) Error() string {
	return fmt.Sprintf("what stands in the target is not the beginning of the source: at position %s, stream %s, revision %d, %s", e.Position, e.Stream, e.Revision, e.Why)
}

// same holds an event in the target against the source's at the same place:
// every byte that the hashes cover, and the hash.
func same(want, there eventlog.Recorded) error {
	why := ""
	switch {
	case there.Stream != want.Stream || there.Revision != want.Revision:
		why = fmt.Sprintf("where the source has stream %s, revision %d", want.Stream, want.Revision)
	case there.ID != want.ID:
		why = "its id is another"
	case there.Type != want.Type:
		why = "its type is another"
	case !bytes.Equal(there.Data, want.Data):
		why = "its data is not what the source holds"
	case !bytes.Equal(there.Meta, want.Meta):
		why = "its metadata, with its hash, is not what the source holds"
	default:
		return nil
	}
	return &DiffersError{Position: there.Position, Stream: there.Stream, Revision: there.Revision, Why: why}
}

// orMore is why a target that should be at its end is not.
func orMore(err error, there eventlog.Recorded) error {
	if err != nil {
		return fmt.Errorf("reading the target: %w", err)
	}
	return &DiffersError{Position: there.Position, Stream: there.Stream, Revision: there.Revision, Why: "which the source does not have: it ends before"}
}
