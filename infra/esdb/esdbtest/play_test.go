package esdbtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	gossipapi "github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	features "github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	api "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// player repeats recorded calls against a server and compares the answers.
type player struct {
	*comparison
	beside sync.WaitGroup // calls with bg
	over   chan struct{}  // closed when the calls they run beside are done
}

func newPlayer() *player { return &player{comparison: newComparison(), over: make(chan struct{})} }

// finish lets the calls in the background end, and waits for them.
func (p *player) finish() {
	close(p.over)
	p.beside.Wait()
	p.over = make(chan struct{})
}

// dial connects to a server without the client between.
func dial(t *testing.T, address string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// ending is a context whose deadline comes when the test says so, so that a
// subscription need not last its recorded seconds.
type ending struct {
	context.Context
	ended chan struct{}
	once  sync.Once
}

func (e *ending) Done() <-chan struct{} { return e.ended }
func (e *ending) end()                  { e.once.Do(func() { close(e.ended) }) }
func (e *ending) Err() error {
	select {
	case <-e.ended:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// idle is how long a subscription waits for the next answer it should get.
const idle = 30 * time.Second

// quiet is how long nothing more may come before a subscription is ended.
const quiet = 150 * time.Millisecond

// tooSoon is a deadline that a server with a Delay of hasty does not keep. The
// recorded server did not keep 1 ms; the double would.
const (
	tooSoon = 200 * time.Millisecond
	hasty   = 2 * time.Second
)

// subscribed reports whether the call is a subscription that went on until its
// deadline.
func (l line) subscribed() bool { return l.Code == "DeadlineExceeded" && l.Method == "Streams/Read" }

// play repeats one call; with bg it goes on beside those that follow.
func (p *player) play(t *testing.T, conn *grpc.ClientConn, l line) {
	t.Helper()
	if !l.Bg {
		p.check(t, conn, l, nil)
		return
	}
	ready := make(chan struct{})
	p.beside.Go(func() { p.check(t, conn, l, ready) })
	<-ready
}

// check repeats one call. It closes ready, where given, when the server has
// said what it says at once.
func (p *player) check(t *testing.T, conn *grpc.ClientConn, l line, ready chan struct{}) {
	if ready == nil {
		ready = make(chan struct{})
	}
	begun := sync.OnceFunc(func() { close(ready) })
	defer begun()
	ctx := &ending{Context: context.Background(), ended: make(chan struct{})}
	limit := time.Duration(max(l.MS, 1)) * time.Millisecond
	if l.MS == 0 || l.subscribed() {
		limit = 60 * time.Second
	} else if l.Code == "DeadlineExceeded" {
		limit = tooSoon
	}
	patience := idle
	if t.Failed() { // what is missing now follows from what went wrong before
		patience = 2 * quiet
	}
	if l.subscribed() && !l.Bg {
		limit = patience
	}
	timer := time.AfterFunc(limit, ctx.end)
	defer timer.Stop()
	defer ctx.end()
	outgoing := metadata.NewOutgoingContext(ctx, metadata.New(l.Header))
	next, trailer, err := p.open(outgoing, conn, l)
	if err != nil {
		t.Errorf("%s %q: %v", l.at, l.Name, err)
		return
	}
	wanted := len(l.Responses) + l.ResponsesMore
	for i := 0; ; i++ {
		if l.subscribed() && i == wanted {
			over := p.over
			go func() {
				if l.Bg {
					<-over
				}
				time.Sleep(quiet)
				ctx.end()
			}()
		}
		answer, err := next()
		if limit == patience {
			timer.Reset(patience)
		}
		if err != nil {
			p.end(t, l, i, err, trailer())
			return
		}
		if strings.Contains(fmt.Sprint(answer), "caught_up") {
			begun()
		}
		if i >= wanted {
			t.Errorf("%s %q: more than the %d answers recorded: %.300s", l.at, l.Name, wanted, protojson.Format(answer))
			return
		}
		if i < len(l.Responses) {
			if err := p.answer(whole(l.Responses[i]), answer); err != nil {
				t.Errorf("%s %q, answer %d: %v", l.at, l.Name, i, err)
			}
		}
	}
}

// end compares how a call ended.
func (p *player) end(t *testing.T, l line, answers int, err error, trailer metadata.MD) {
	if errors.Is(err, io.EOF) {
		err = nil
	}
	s := status.Convert(err)
	if s.Code().String() != l.Code || s.Message() != l.Message {
		t.Errorf("%s %q: recorded %s %q, got %s %q", l.at, l.Name, l.Code, l.Message, s.Code(), s.Message())
	}
	if want := len(l.Responses) + l.ResponsesMore; answers != want {
		t.Errorf("%s %q: %d answers recorded, %d came", l.at, l.Name, want, answers)
	}
	delete(trailer, "content-type") // of a call refused before its first message, the transport's own
	if len(trailer) != len(l.Trailers) {
		t.Errorf("%s %q: trailers recorded %v, got %v", l.at, l.Name, l.Trailers, trailer)
	}
	for k, v := range l.Trailers {
		want, got := fmt.Sprint(v), fmt.Sprint(trailer.Get(k))
		if k == "leader-endpoint-port" {
			p.mu.Lock()
			if err := pair(p.ports, k, strings.Trim(want, "[]"), strings.Trim(got, "[]")); err != nil {
				t.Errorf("%s %q: %v", l.at, l.Name, err)
			}
			p.mu.Unlock()
		} else if want != got {
			t.Errorf("%s %q: trailer %s recorded %s, got %s", l.at, l.Name, k, want, got)
		}
	}
}

type receive func() (proto.Message, error)

// open sends a call and gives what receives its answers and its trailers.
func (p *player) open(ctx context.Context, conn *grpc.ClientConn, l line) (receive, func() metadata.MD, error) {
	var md metadata.MD
	trailer := func() metadata.MD { return md }
	once := func(m proto.Message, err error) receive {
		done := false
		return func() (proto.Message, error) {
			if err != nil || done {
				if err == nil {
					err = io.EOF
				}
				return nil, err
			}
			done = true
			return m, nil
		}
	}
	c := api.NewStreamsClient(conn)
	requests := l.requests()
	into := func(m proto.Message) proto.Message {
		if err := protojson.Unmarshal(requests[0], m); err != nil {
			panic(fmt.Sprintf("%s: %v", l.at, err))
		}
		return m
	}
	switch l.Method {
	case "Streams/Read":
		q := into(&api.ReadReq{}).(*api.ReadReq)
		if at := q.GetOptions().GetAll().GetPosition(); at != nil {
			at.CommitPosition, at.PreparePosition = p.here(at.CommitPosition), p.here(at.PreparePosition)
		}
		stream, err := c.Read(ctx, q)
		if err != nil {
			return nil, nil, err
		}
		return func() (proto.Message, error) { return stream.Recv() }, func() metadata.MD { return stream.Trailer() }, nil
	case "Streams/Append":
		return openAppend(ctx, c, requests, once, l)
	case "Streams/Delete":
		m, err := c.Delete(ctx, into(&api.DeleteReq{}).(*api.DeleteReq), grpc.Trailer(&md))
		return once(m, err), trailer, nil
	case "Streams/Tombstone":
		m, err := c.Tombstone(ctx, into(&api.TombstoneReq{}).(*api.TombstoneReq), grpc.Trailer(&md))
		return once(m, err), trailer, nil
	case "Gossip/Read":
		m, err := gossipapi.NewGossipClient(conn).Read(ctx, &shared.Empty{}, grpc.Trailer(&md))
		return once(m, err), trailer, nil
	case "ServerFeatures/GetSupportedMethods":
		m, err := features.NewServerFeaturesClient(conn).GetSupportedMethods(ctx, &shared.Empty{}, grpc.Trailer(&md))
		return once(m, err), trailer, nil
	}
	return nil, nil, fmt.Errorf("method %s is not known to the test", l.Method)
}

func openAppend(ctx context.Context, c api.StreamsClient, requests [][]byte, once func(proto.Message, error) receive, l line) (receive, func() metadata.MD, error) {
	stream, err := c.Append(ctx)
	if err != nil {
		return once(nil, err), func() metadata.MD { return nil }, nil
	}
	for _, r := range requests {
		q := &api.AppendReq{}
		if err := protojson.Unmarshal(r, q); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", l.at, err)
		}
		if err := stream.Send(q); err != nil {
			break // the answer says why
		}
	}
	m, err := stream.CloseAndRecv()
	return once(m, err), func() metadata.MD { return stream.Trailer() }, nil
}
