package esdbtest

import (
	"context"
	"fmt"
	"strconv"

	api "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/codes"
)

// Delete soft-deletes a stream.
func (s *streams) Delete(ctx context.Context, q *api.DeleteReq) (*api.DeleteResp, error) {
	pos, err := s.remove(ctx, Delete, string(q.GetOptions().GetStreamIdentifier().GetStreamName()), expectedOf(q.GetOptions()))
	if err != nil {
		return nil, err
	}
	return &api.DeleteResp{PositionOption: &api.DeleteResp_Position_{
		Position: &api.DeleteResp_Position{CommitPosition: pos, PreparePosition: pos}}}, nil
}

// Tombstone bars a stream for ever.
func (s *streams) Tombstone(ctx context.Context, q *api.TombstoneReq) (*api.TombstoneResp, error) {
	pos, err := s.remove(ctx, Tombstone, string(q.GetOptions().GetStreamIdentifier().GetStreamName()), expectedOf(q.GetOptions()))
	if err != nil {
		return nil, err
	}
	return &api.TombstoneResp{PositionOption: &api.TombstoneResp_Position_{
		Position: &api.TombstoneResp_Position{CommitPosition: pos, PreparePosition: pos}}}, nil
}

func (s *streams) remove(ctx context.Context, call Call, name string, expected int64) (uint64, error) {
	v, err := s.server.arrive(ctx, call)
	if err != nil {
		return 0, err
	}
	if name == "" {
		return 0, errHandler
	}
	if err := v.may(mayDelete, name); err != nil {
		return 0, err
	}
	if err := v.mustLead(); err != nil {
		return 0, err
	}
	result, err := v.write(func(w *writing) (verdict, error) { return w.delete(name, expected, call == Tombstone), nil })
	if err != nil {
		return 0, err
	}
	if err := v.leave(); err != nil {
		return 0, err
	}
	if result.deleted {
		return 0, streamDeleted(ctx, name)
	}
	if result.conflict {
		message := fmt.Sprintf("Delete failed due to WrongExpectedVersion. Stream: %s, Expected version: %d, Actual version: %d",
			name, expected, result.current)
		return 0, refuse(ctx, codes.FailedPrecondition, message, "exception", "wrong-expected-version", "stream-name", name,
			"expected-version", strconv.FormatInt(expected, 10), "actual-version", strconv.FormatInt(result.current, 10))
	}
	return result.pos, nil
}
