package elastic

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"hoso/projections"
)

// state is a generation's checkpoints, one a partition, and what belongs to
// them. It is written as a whole, after the documents, by whom knows its last state.
type state struct {
	Checkpoints []projections.Checkpoint `json:"checkpoints"`
	Parked      []projections.Parked     `json:"parked,omitempty"`
	Retired     bool                     `json:"retired,omitzero"`  // another generation serves
	Unpurged    uint64                   `json:"unpurged,omitzero"` // erasures whose values the files still hold
}

// whole is the index of all partitions together.
const whole = -1

// checkpoint is a partition's; that of the whole is the one furthest behind.
func (s *state) checkpoint(part int) (least projections.Checkpoint) {
	if part != whole && part < len(s.Checkpoints) {
		return s.Checkpoints[part]
	}
	for i, cp := range s.Checkpoints {
		if i == 0 || cp.Resume.Before(least.Resume) {
			least = cp
		}
	}
	return least
}

// set moves a partition's checkpoint, or all of them.
func (s *state) set(part int, cp projections.Checkpoint) {
	s.Checkpoints = slices.Clone(s.Checkpoints) // batches on their way share it
	for i := range s.Checkpoints {
		if part == whole || part == i {
			s.Checkpoints[i] = cp
		}
	}
}

// same reports whether a batch of the partition made on one of two states is
// right on the other.
func (s *state) same(part int, other state) bool {
	return s.checkpoint(part) == other.checkpoint(part) && slices.Equal(s.Parked, other.Parked)
}

// at is a state with the place it was read from.
type at struct {
	state
	index     string
	seq, term int
}

type stateDoc struct {
	State state `json:"state"`
}

// errNoCheckpoint says that an index is none that was finished, or that somebody meddled with it.
var errNoCheckpoint = errors.New("it has no checkpoint")

// readState reads the state of an index, or of what an alias leads to, as it is
// at this moment.
func (v *Views) readState(ctx context.Context, index string) (at, error) {
	var doc struct {
		Index  string   `json:"_index"`
		Found  bool     `json:"found"`
		Seq    int      `json:"_seq_no"`
		Term   int      `json:"_primary_term"`
		Source stateDoc `json:"_source"`
	}
	err := v.es.read(ctx, esapi.GetRequest{Index: index, DocumentID: stateID}, &doc)
	var said *fault
	if errors.As(err, &said) && said.status == http.StatusNotFound && said.kind != missingIndex {
		return at{}, fmt.Errorf("index %s: %w", index, errNoCheckpoint)
	}
	return at{doc.Source.State, doc.Index, doc.Seq, doc.Term}, err
}

// createState writes a generation's first state.
func (v *Views) createState(ctx context.Context, index string, s state) (at, error) {
	return v.putState(ctx, esapi.IndexRequest{Index: index, OpType: "create", Refresh: "true"}, s)
}

// moveState writes the next state; it fails with projections.ErrFenced where
// another writer was faster.
func (v *Views) moveState(ctx context.Context, index string, last at, next state) (at, error) {
	moved, err := v.putState(ctx, esapi.IndexRequest{Index: index, IfSeqNo: &last.seq, IfPrimaryTerm: &last.term}, next)
	if isKind(err, "version_conflict_engine_exception") {
		return at{}, fmt.Errorf("index %s: %w", index, projections.ErrFenced)
	}
	return moved, err
}

func (v *Views) putState(ctx context.Context, req esapi.IndexRequest, s state) (at, error) {
	var done struct {
		Index string `json:"_index"`
		Seq   int    `json:"_seq_no"`
		Term  int    `json:"_primary_term"`
	}
	req.DocumentID, req.Body = stateID, body(stateDoc{s})
	err := v.es.write(ctx, req, &done)
	return at{s, done.Index, done.Seq, done.Term}, err
}

// changeState changes a state whoever else writes it meanwhile.
func (v *Views) changeState(ctx context.Context, index string, change func(*state)) error {
	for {
		last, err := v.readState(ctx, index)
		if err != nil {
			return err
		}
		change(&last.state)
		if _, err = v.moveState(ctx, index, last, last.state); !errors.Is(err, projections.ErrFenced) {
			return err
		}
	}
}
