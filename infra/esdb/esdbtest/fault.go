package esdbtest

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Call is a kind of call a Fault can befall and Calls counts.
type Call string

// The kinds of calls. A Read with a subscription option is Subscribe.
const (
	AnyCall   Call = ""
	Append    Call = "append"
	Read      Call = "read"
	Subscribe Call = "subscribe"
	Delete    Call = "delete"
	Tombstone Call = "tombstone"
	Gossip    Call = "gossip"
	Features  Call = "features"
)

// Fault is a misfortune that befalls calls. The first fault in order of
// Inject that fits a call strikes it; the others wait.
type Fault struct {
	On    Call // which calls
	Skip  int  // so many such calls go through first
	Times int  // then it strikes so many; 0: every one until Heal

	Delay    time.Duration // wait first
	After    bool          // strike when the work is done (an append is written) and before it is answered, not before the work
	Messages int           // Read and Subscribe: strike after so many events were sent

	Drop     bool              // cut the connection the call came on
	Code     codes.Code        // or answer so; OK without Drop: nothing but the delay
	Message  string            // of the answer
	Trailers map[string]string // of the answer
}

// TooBusy is a server that says it has more to do than it can.
func TooBusy(on Call, times int) Fault {
	return Fault{On: on, Times: times, Code: codes.Unavailable, Message: "Server Is Too Busy"}
}

// NotReady is a server that is up and not yet, or no longer, part of a cluster.
func NotReady(on Call, times int) Fault {
	return Fault{On: on, Times: times, Code: codes.Unavailable, Message: notReady}
}

// faults are those of one server, and the count of its calls.
type faults struct {
	mu    sync.Mutex
	list  []*Fault
	calls map[Call]int
}

func (fs *faults) inject(f Fault) {
	if f.Times == 0 {
		f.Times = -1
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.list = append(fs.list, &f)
}

func (fs *faults) heal() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.list = nil
}

// arrived counts a call and gives the fault that will befall it, or nil.
func (fs *faults) arrived(call Call) *Fault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.calls == nil {
		fs.calls = map[Call]int{}
	}
	fs.calls[call]++
	fs.calls[AnyCall]++
	for _, f := range fs.list {
		if f.On != AnyCall && f.On != call || f.Times == 0 {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		strike := *f
		return &strike
	}
	return nil
}

func (fs *faults) count(call Call) int {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.calls[call]
}

// strike does what the fault says to a call; an error ends the call.
func (f *Fault) strike(ctx context.Context, s *Server) error {
	if f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		}
	}
	if f.Drop {
		s.cut(ctx)
		return status.Error(codes.Unavailable, "the connection was cut")
	}
	if f.Code == codes.OK {
		return nil
	}
	var trailers []string
	for k, v := range f.Trailers {
		trailers = append(trailers, k, v)
	}
	return refuse(ctx, f.Code, f.Message, trailers...)
}
