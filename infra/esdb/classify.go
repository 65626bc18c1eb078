package esdb

import (
	"errors"
	"io"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hoso/domain/eventlog"
)

// classify names what the client's error means. The client has three shapes:
// its own type with a code, its own type with code 0 and a gRPC status within, and
// (from a subscription) the bare gRPC status; a few are only text.
func classify(err error) error {
	var named *Fault
	if errors.As(err, &named) {
		return err
	}
	var own *esdb.Error
	if errors.As(err, &own) {
		switch own.Code() {
		case esdb.ErrorCodeStreamDeleted:
			return ErrDeletedStream.from(err)
		case esdb.ErrorCodeNotLeader:
			return ErrNotLeader.from(err)
		case esdb.ErrorCodeConnectionClosed:
			return ErrUnreachable.from(err)
		}
	}
	var bare interface{ GRPCStatus() *status.Status } // status.FromError would mix the client's words into the message
	if errors.As(err, &bare) {
		return classifyStatus(bare.GRPCStatus(), err)
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, errPanicked), strings.Contains(err.Error(), "candidate"): // no node of the cluster is fit
		return ErrUnreachable.from(err)
	case strings.Contains(err.Error(), "invalid EventStoreDB server version"):
		return ErrVersion.from(err)
	}
	return ErrServer.from(err)
}

func classifyStatus(s *status.Status, err error) error {
	text := s.Message()
	switch s.Code() {
	case codes.Unauthenticated:
		return ErrPassword.from(err)
	case codes.PermissionDenied:
		return ErrNoRight.from(err)
	case codes.DeadlineExceeded, codes.Aborted: // Aborted: the cluster did not agree in time
		return ErrDeadline.from(err)
	case codes.Unavailable:
		return unavailable(text).from(err)
	case codes.ResourceExhausted:
		return ErrOverloaded.from(err)
	case codes.Canceled, codes.Internal: // our context lives: the connection was closed or reset under the call
		return ErrUnreachable.from(err)
	case codes.InvalidArgument:
		if strings.Contains(text, "Maximum Append Size") {
			return errors.Join(eventlog.ErrTooLarge, err)
		}
	case codes.FailedPrecondition:
		if strings.Contains(text, "is deleted") {
			return ErrDeletedStream.from(err)
		}
	case codes.NotFound:
		if strings.Contains(text, "Leader info") {
			return ErrNotLeader.from(err)
		}
	}
	return ErrServer.from(err)
}

func unavailable(text string) *Fault {
	lower := strings.ToLower(text)
	switch {
	case strings.Contains(lower, "not ready"):
		return ErrNotReady
	case strings.Contains(lower, "too busy"):
		return ErrOverloaded
	case strings.Contains(lower, "handshake"), strings.Contains(lower, "x509"), strings.Contains(lower, "tls:"),
		strings.Contains(lower, "server preface"): // TLS on one side only
		return ErrTLS
	}
	return ErrUnreachable
}

// passes tells whether a classified error may be gone at the next attempt.
func passes(err error) bool { return errors.Is(err, eventlog.ErrUnavailable) }
