package esdbtest

import (
	"context"
	"errors"
	"io"
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	api "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
)

// maxAppend is how many bytes of data and metadata one append may carry.
const maxAppend = 1 << 20

// streams answers calls to event_store.client.streams.Streams.
type streams struct {
	api.UnimplementedStreamsServer
	server *Server
}

// Append answers an append. It reads the whole request before it says anything:
// to a client that is still sending a refusal looks like an end of the stream.
func (s *streams) Append(call api.Streams_AppendServer) error {
	first, err := call.Recv()
	if err != nil {
		return err
	}
	o := first.GetOptions()
	events, refusal, err := proposed(call)
	if err != nil {
		return err
	}
	v, err := s.server.arrive(call.Context(), Append)
	if err != nil {
		return err
	}
	name := string(o.GetStreamIdentifier().GetStreamName())
	if name == "" {
		return errHandler
	}
	if err := v.may(mayWrite, name); err != nil {
		return err
	}
	if refusal != nil {
		return refusal(v.ctx)
	}
	if err := v.mustLead(); err != nil {
		return err
	}
	expected := expectedOf(o)
	result, err := v.write(func(w *writing) (verdict, error) { return w.append(name, expected, events) })
	if err != nil {
		return err
	}
	if err := v.leave(); err != nil {
		return err
	}
	if result.deleted {
		return streamDeleted(v.ctx, name)
	}
	if result.conflict {
		return call.SendAndClose(&api.AppendResp{Result: &api.AppendResp_WrongExpectedVersion_{WrongExpectedVersion: conflict(result.current, expected)}})
	}
	success := &api.AppendResp_Success{
		CurrentRevisionOption: &api.AppendResp_Success_CurrentRevision{CurrentRevision: uint64(result.current)},
		PositionOption: &api.AppendResp_Success_Position{Position: &api.AppendResp_Position{
			CommitPosition: result.pos, PreparePosition: result.pos}},
	}
	if result.current < 0 {
		success.CurrentRevisionOption = &api.AppendResp_Success_NoStream{NoStream: &shared.Empty{}}
	}
	return call.SendAndClose(&api.AppendResp{Result: &api.AppendResp_Success_{Success: success}})
}

// write has the cluster decide on a change and make it.
func (v *visit) write(decide func(*writing) (verdict, error)) (verdict, error) {
	var result verdict
	var failed error
	err := v.server.cluster.commit(v.ctx, v.server, func(w *writing) { result, failed = decide(w) })
	if err == nil {
		err = handlerError(failed)
	}
	if err != nil {
		return verdict{}, err
	}
	return result, nil
}

// proposed reads the events of an append to its end. Where the server refuses
// them, refusal gives its answer.
func proposed(call api.Streams_AppendServer) (events []event, refusal func(context.Context) error, err error) {
	size := 0
	for {
		m, err := call.Recv()
		if errors.Is(err, io.EOF) {
			return events, refusal, nil
		}
		if err != nil {
			return nil, nil, err
		}
		if refusal != nil {
			continue
		}
		p := m.GetProposedMessage()
		size += len(p.GetData()) + len(p.GetCustomMetadata())
		e, refused := proposedEvent(p, size)
		events, refusal = append(events, e), refused
	}
}

// proposedEvent is an event of an append that has come to a size with it.
func proposedEvent(p *api.AppendReq_ProposedMessage, size int) (event, func(context.Context) error) {
	id, err := idOf(p.GetId())
	if err != nil || id == uuid.Nil {
		return event{}, func(context.Context) error { return errHandler }
	}
	for _, key := range []string{"type", "content-type"} {
		if _, ok := p.GetMetadata()[key]; !ok {
			return event{}, func(ctx context.Context) error {
				return refuse(ctx, codes.InvalidArgument, "Required Metadata Property '"+key+"' is missing",
					"exception", "missing-required-metadata-property", "required-metadata-properties", "type,content-type")
			}
		}
	}
	if size > maxAppend {
		return event{}, func(ctx context.Context) error {
			return refuse(ctx, codes.InvalidArgument, "Maximum Append Size of 1048576 Exceeded.",
				"exception", "maximum-append-size-exceeded", "maximum-append-size", "1048576")
		}
	}
	return event{id: id, typ: p.Metadata["type"], json: p.Metadata["content-type"] == contentJSON,
		data: p.GetData(), meta: p.GetCustomMetadata()}, nil
}

// expects are the ways in which a request says what it expects.
type expects interface {
	GetRevision() uint64
	GetNoStream() *shared.Empty
	GetAny() *shared.Empty
	GetStreamExists() *shared.Empty
}

func expectedOf(o expects) int64 {
	switch {
	case o.GetNoStream() != nil:
		return expectNoStream
	case o.GetAny() != nil:
		return expectAny
	case o.GetStreamExists() != nil:
		return expectStreamExists
	}
	return int64(o.GetRevision()) // the server, too, takes the greatest revisions for the special ones
}

// conflict is the answer to an append that expected something else; it says
// everything twice, for clients before 20.6.
func conflict(current, expected int64) *api.AppendResp_WrongExpectedVersion {
	w := &api.AppendResp_WrongExpectedVersion{}
	if current < 0 {
		w.CurrentRevisionOption_20_6_0 = &api.AppendResp_WrongExpectedVersion_NoStream_20_6_0{NoStream_20_6_0: &shared.Empty{}}
		w.CurrentRevisionOption = &api.AppendResp_WrongExpectedVersion_CurrentNoStream{CurrentNoStream: &shared.Empty{}}
	} else {
		w.CurrentRevisionOption_20_6_0 = &api.AppendResp_WrongExpectedVersion_CurrentRevision_20_6_0{CurrentRevision_20_6_0: uint64(current)}
		w.CurrentRevisionOption = &api.AppendResp_WrongExpectedVersion_CurrentRevision{CurrentRevision: uint64(current)}
	}
	switch expected {
	case expectAny:
		w.ExpectedRevisionOption_20_6_0 = &api.AppendResp_WrongExpectedVersion_Any_20_6_0{Any_20_6_0: &shared.Empty{}}
		w.ExpectedRevisionOption = &api.AppendResp_WrongExpectedVersion_ExpectedAny{ExpectedAny: &shared.Empty{}}
	case expectStreamExists:
		w.ExpectedRevisionOption_20_6_0 = &api.AppendResp_WrongExpectedVersion_StreamExists_20_6_0{StreamExists_20_6_0: &shared.Empty{}}
		w.ExpectedRevisionOption = &api.AppendResp_WrongExpectedVersion_ExpectedStreamExists{ExpectedStreamExists: &shared.Empty{}}
	default:
		w.ExpectedRevisionOption_20_6_0 = &api.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{ExpectedRevision_20_6_0: uint64(expected)}
		w.ExpectedRevisionOption = &api.AppendResp_WrongExpectedVersion_ExpectedRevision{ExpectedRevision: uint64(expected)}
		if expected == expectNoStream {
			w.ExpectedRevisionOption_20_6_0 = &api.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{ExpectedRevision_20_6_0: math.MaxUint64}
			w.ExpectedRevisionOption = &api.AppendResp_WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: &shared.Empty{}}
		}
	}
	return w
}
