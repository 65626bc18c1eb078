package esdbtest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	api "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/status"
)

// answers makes a call for everything from a place on, filtered by the prefix
// d-, and tells what comes: "ok" for a confirmation, an event's revision, "c"
// with the position of a checkpoint, "live", and how it ends where it does.
func answers(t *testing.T, s *Server, all *api.ReadReq_Options_AllOptions, window uint32, subscribe bool, want string) string {
	t.Helper()
	o := &api.ReadReq_Options{
		StreamOption: &api.ReadReq_Options_All{All: all},
		UuidOption:   &api.ReadReq_Options_UUIDOption{},
		CountOption:  &api.ReadReq_Options_Count{Count: 100},
		FilterOption: &api.ReadReq_Options_Filter{Filter: &api.ReadReq_Options_FilterOptions{
			Filter: &api.ReadReq_Options_FilterOptions_StreamIdentifier{StreamIdentifier: &api.ReadReq_Options_FilterOptions_Expression{Prefix: []string{"d-"}}},
			Window: &api.ReadReq_Options_FilterOptions_Max{Max: window}, CheckpointIntervalMultiplier: 2}},
	}
	if subscribe {
		o.CountOption = &api.ReadReq_Options_Subscription{Subscription: &api.ReadReq_Options_SubscriptionOptions{}}
	}
	return told(t, s, o, want)
}

// told gives what a call is told, until it ends or nothing more comes after what is
// wanted.
func told(t *testing.T, s *Server, o *api.ReadReq_Options, want string) string {
	t.Helper()
	ctx := &ending{Context: context.Background(), ended: make(chan struct{})}
	defer ctx.end()
	call, err := api.NewStreamsClient(dial(t, s.Address())).Read(ctx, &api.ReadReq{Options: o})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	next := make(chan string)
	go func() {
		defer close(next)
		for {
			m, err := call.Recv()
			if err != nil {
				if st := status.Convert(err); st.Code().String() != "DeadlineExceeded" && err.Error() != "EOF" {
					next <- st.Code().String() + ": " + st.Message()
				}
				return
			}
			next <- word(m)
		}
	}()
	for {
		wait := idle
		if strings.Join(out, " ") == want {
			wait = quiet
		}
		select {
		case w, ok := <-next:
			if !ok {
				return strings.Join(out, " ")
			}
			out = append(out, w)
		case <-time.After(wait):
			ctx.end()
		}
	}
}

func word(m *api.ReadResp) string {
	switch c := m.Content.(type) {
	case *api.ReadResp_Event:
		return fmt.Sprint(c.Event.Event.StreamRevision)
	case *api.ReadResp_Checkpoint_:
		return fmt.Sprintf("c%d/%d", c.Checkpoint.CommitPosition, c.Checkpoint.PreparePosition)
	case *api.ReadResp_CaughtUp_:
		return "live"
	case *api.ReadResp_Confirmation:
		return "ok"
	}
	return fmt.Sprintf("%T", m.Content)
}

func fromStart() *api.ReadReq_Options_AllOptions {
	return &api.ReadReq_Options_AllOptions{AllOption: &api.ReadReq_Options_AllOptions_Start{Start: &shared.Empty{}}}
}

func fromPosition(p uint64) *api.ReadReq_Options_AllOptions {
	return &api.ReadReq_Options_AllOptions{AllOption: &api.ReadReq_Options_AllOptions_Position{
		Position: &api.ReadReq_Options_Position{CommitPosition: p, PreparePosition: p}}}
}

// put appends one event and gives its position.
func put(t *testing.T, s *Server, stream string) uint64 {
	t.Helper()
	var v verdict
	err := s.cluster.log().change(func(w *writing) {
		v, _ = w.append(stream, expectAny, []event{{id: uuid.New(), typ: "t", json: true, data: []byte("{}")}})
	})
	if err != nil {
		t.Fatal(err)
	}
	return v.pos
}

// TestVersions: the versions differ as their table says, and nowhere else.
func TestVersions(t *testing.T) {
	t.Parallel()
	missing := &api.ReadReq_Options{CountOption: &api.ReadReq_Options_Subscription{}, StreamOption: &api.ReadReq_Options_Stream{
		Stream: &api.ReadReq_Options_StreamOptions{StreamIdentifier: &shared.StreamIdentifier{StreamName: []byte("d-9")},
			RevisionOption: &api.ReadReq_Options_StreamOptions_Start{Start: &shared.Empty{}}}}}
	const (
		handler = "Unknown: Exception was thrown by handler."
		old     = "Unknown: Unexpected FilteredReadAllResult: Error"
		now     = "Unknown: Unexpected FilteredReadAllResult: InvalidPosition"
		refused = "ok InvalidArgument: Trying to read from an invalid position."
	)
	for _, c := range []struct {
		version, catchUp, nothing, missing, window0, subscribeNowhere, readNowhere string
	}{
		// SENT and SEEN are the positions of the last event sent and of the last in the log.
		{V22, "ok 0 1", "ok", "ok", "ok", handler, old},
		{V23, "ok 0 1 live", "ok live", "ok", "ok", handler, old},
		{V24, "ok 0 1 cSENT/SENT live", "ok cSENT/SENT live", "ok live", "ok " + handler, refused, now},
		{V25, "ok 0 1 cSEEN/0 live", "ok cSEEN/0 live", "ok live", "ok " + handler, refused, now},
	} {
		t.Run(c.version, func(t *testing.T) {
			t.Parallel()
			s := started(t, Options{Version: c.version})
			put(t, s, "d-1")
			sent := put(t, s, "d-1")
			put(t, s, "x-1")
			seen := put(t, s, "x-1")
			names := strings.NewReplacer("SENT", fmt.Sprint(sent), "SEEN", fmt.Sprint(seen))
			for _, q := range []struct {
				what, want string
				from       *api.ReadReq_Options_AllOptions
				window     uint32
				subscribe  bool
			}{
				{"catching up", c.catchUp, fromStart(), 500, true},
				{"nothing to catch up with", c.nothing, fromPosition(sent), 500, true},
				{"window 0", c.window0, fromStart(), 0, true},
				{"subscribing at no record", c.subscribeNowhere, fromPosition(sent + 1), 500, true},
				{"reading at no record", c.readNowhere, fromPosition(sent + 1), 500, false},
				{"reading", "0 1", fromStart(), 500, false},
			} {
				want := names.Replace(q.want)
				if got := answers(t, s, q.from, q.window, q.subscribe, want); got != want {
					t.Errorf("%s: %q, want %q", q.what, got, want)
				}
			}
			if got := told(t, s, missing, c.missing); got != c.missing {
				t.Errorf("a missing stream: %q, want %q", got, c.missing)
			}
		})
	}
}

// TestCheckpointsOnTheWay: with a small window checkpoints come while catching
// up in every version; one that is there anyway just before caughtUp is enough.
func TestCheckpointsOnTheWay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ version, want string }{
		{V23, "ok 0 cLATER/0 live"},
		{V24, "ok 0 cLATER/0 live"},
		{V25, "ok 0 cLATER/0 cLAST/0 live"},
	} {
		s := started(t, Options{Version: c.version})
		put(t, s, "d-1") // after the server's two records
		later := put(t, s, "x-1")
		last := later
		for range 2 {
			last = put(t, s, "x-1")
		}
		names := strings.NewReplacer("LATER", fmt.Sprint(later), "LAST", fmt.Sprint(last))
		want := names.Replace(c.want)
		if got := answers(t, s, fromStart(), 3, true, want); got != want {
			t.Errorf("%s: %q, want %q", c.version, got, want)
		}
	}
}
