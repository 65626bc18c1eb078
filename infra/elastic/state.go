package elastic

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"hoso/projections"
)

// state is a generation's checkpoint and what belongs to it. It is written as
// a whole, after the documents, by whom knows its last state.
type state struct {
	Checkpoint projections.Checkpoint `json:"checkpoint"`
	Parked     []projections.Parked   `json:"parked,omitempty"`
	Retired    bool                   `json:"retired,omitzero"`  // another generation serves
	Unpurged   uint64                 `json:"unpurged,omitzero"` // erasures whose values the files still hold
}

// at is a state with the place it was read from.
type at struct {
	state
	seq, term int
}

type stateDoc struct {
	State state `json:"state"`
}

// readState reads the state of an index, or of what an alias leads to, as it is
// at this moment.
func (v *Views) readState(ctx context.Context, index string) (at, error) {
	var doc struct {
		Found  bool     `json:"found"`
		Seq    int      `json:"_seq_no"`
		Term   int      `json:"_primary_term"`
		Source stateDoc `json:"_source"`
	}
	err := v.es.read(ctx, esapi.GetRequest{Index: index, DocumentID: stateID}, &doc)
	var said *fault
	if errors.As(err, &said) && said.status == http.StatusNotFound && said.kind != missingIndex {
		return at{}, fmt.Errorf("index %s has no checkpoint", index)
	}
	return at{doc.Source.State, doc.Seq, doc.Term}, err
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
		Seq  int `json:"_seq_no"`
		Term int `json:"_primary_term"`
	}
	req.DocumentID, req.Body = stateID, body(stateDoc{s})
	err := v.es.write(ctx, req, &done)
	return at{s, done.Seq, done.Term}, err
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
