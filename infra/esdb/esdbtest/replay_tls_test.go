package esdbtest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"os"
	"strings"
	"testing"
	"time"

	gossipapi "github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	features "github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	api "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// accounts of tls.jsonl.
var accounts = map[string]string{"anonymous": "", "admin": "admin:changeit", "ops": "ops:changeit", "wrong password": "admin:wrong"}

func dialTLS(t *testing.T, s *Server) *grpc.ClientConn {
	t.Helper()
	pem, err := os.ReadFile(s.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	conn, err := grpc.NewClient(s.Address(), grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: pool})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// TestReplayTLS asks who may do what. The recording tells each call by a name
// only, and how many answers (of a unary call: fields of it) came.
func TestReplayTLS(t *testing.T) {
	t.Parallel()
	lines := transcript(t, "tls.jsonl")
	s := started(t, Options{TLS: true})
	conn := dialTLS(t, s)
	for _, l := range lines {
		i := strings.LastIndex(l.Name, ", ")
		account, known := accounts[l.Name[i+2:]]
		if !known {
			t.Fatalf("%s: account %q", l.at, l.Name)
		}
		ctx := &ending{Context: context.Background(), ended: make(chan struct{})}
		outgoing := metadata.NewOutgoingContext(ctx, metadata.MD{})
		if account != "" {
			outgoing = metadata.AppendToOutgoingContext(outgoing, "authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(account)))
		}
		var trailer metadata.MD
		answers, err := askTLS(outgoing, ctx.end, conn, l.Name[:i], &trailer)
		ctx.end()
		got := status.Convert(err)
		if code(got.Code().String()) != code(l.Code) || answers != l.Answers {
			t.Errorf("%s %q: recorded %s and %d answers, got %v and %d", l.at, l.Name, l.Code, l.Answers, got, answers)
		}
		if l.Code != "DEADLINE_EXCEEDED" && got.Message() != l.Message { // there the message is the recording client's own
			t.Errorf("%s %q: recorded %q, got %q", l.at, l.Name, l.Message, got.Message())
		}
		want, _ := l.Trailers["exception"].(string)
		if got := strings.Join(trailer.Get("exception"), ""); got != want {
			t.Errorf("%s %q: trailer recorded %q, got %q", l.at, l.Name, want, got)
		}
	}
}

// code brings PERMISSION_DENIED and PermissionDenied together.
func code(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "")) }

// askTLS makes the call a name of tls.jsonl stands for and counts the answers.
func askTLS(ctx context.Context, end func(), conn *grpc.ClientConn, what string, trailer *metadata.MD) (int, error) {
	switch what {
	case "features":
		m, err := features.NewServerFeaturesClient(conn).GetSupportedMethods(ctx, &shared.Empty{}, grpc.Trailer(trailer))
		return fields(m), err
	case "gossip":
		m, err := gossipapi.NewGossipClient(conn).Read(ctx, &shared.Empty{}, grpc.Trailer(trailer))
		return fields(m), err
	case "append":
		return appendTLS(ctx, conn, "t-1", trailer)
	case "append to a system stream":
		return appendTLS(ctx, conn, "$t-1", trailer)
	case "metadata stream":
		return appendTLS(ctx, conn, "$$t-1", trailer)
	}
	o := &api.ReadReq_Options{UuidOption: &api.ReadReq_Options_UUIDOption{Content: &api.ReadReq_Options_UUIDOption_String_{String_: &shared.Empty{}}},
		FilterOption: &api.ReadReq_Options_NoFilter{NoFilter: &shared.Empty{}},
		StreamOption: &api.ReadReq_Options_All{All: &api.ReadReq_Options_AllOptions{AllOption: &api.ReadReq_Options_AllOptions_Start{Start: &shared.Empty{}}}}}
	switch what {
	case "read":
		o.CountOption = &api.ReadReq_Options_Count{Count: 1}
		o.StreamOption = &api.ReadReq_Options_Stream{Stream: &api.ReadReq_Options_StreamOptions{
			StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte("t-1")},
			RevisionOption:   &api.ReadReq_Options_StreamOptions_Start{Start: &shared.Empty{}}}}
	case "read all":
		o.CountOption = &api.ReadReq_Options_Count{Count: 3}
	case "subscribe to all":
		o.CountOption = &api.ReadReq_Options_Subscription{Subscription: &api.ReadReq_Options_SubscriptionOptions{}}
		time.AfterFunc(time.Second, end)
	}
	stream, err := api.NewStreamsClient(conn).Read(ctx, &api.ReadReq{Options: o})
	for n := 0; ; n++ {
		if err == nil {
			_, err = stream.Recv()
		}
		if err != nil {
			*trailer = stream.Trailer()
			if err.Error() == "EOF" {
				err = nil
			}
			return n, err
		}
	}
}

func appendTLS(ctx context.Context, conn *grpc.ClientConn, stream string, trailer *metadata.MD) (int, error) {
	call, err := api.NewStreamsClient(conn).Append(ctx)
	if err != nil {
		return 0, err
	}
	_ = call.Send(&api.AppendReq{Content: &api.AppendReq_Options_{Options: &api.AppendReq_Options{
		StreamIdentifier:       &shared.StreamIdentifier{StreamName: []byte(stream)},
		ExpectedStreamRevision: &api.AppendReq_Options_Any{Any: &shared.Empty{}}}}})
	_ = call.Send(&api.AppendReq{Content: &api.AppendReq_ProposedMessage_{ProposedMessage: &api.AppendReq_ProposedMessage{
		Id: idAnswer(uuid.New(), false), Metadata: map[string]string{"type": "t", "content-type": contentJSON}, Data: []byte("{}")}}})
	m, err := call.CloseAndRecv() // tells what a failed Send does not
	*trailer = call.Trailer()
	return fields(m), err
}

// fields counts the fields of a message.
func fields(m proto.Message) int {
	n := 0
	m.ProtoReflect().Range(func(protoreflect.FieldDescriptor, protoreflect.Value) bool { n++; return true })
	return n
}
