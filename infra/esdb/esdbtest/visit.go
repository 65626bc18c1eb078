package esdbtest

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// visit is a call on its way through the server.
type visit struct {
	server  *Server
	ctx     context.Context
	log     *store
	account *account
	fault   *Fault // what is still to befall it, or nil
}

// arrive lets a call in: counts it, lets a fault strike, asks who calls.
func (s *Server) arrive(ctx context.Context, call Call) (*visit, error) {
	v := &visit{server: s, ctx: ctx, fault: s.faults.arrived(call)}
	if f := v.fault; f != nil && !f.After && f.Messages == 0 {
		v.fault = nil
		if err := f.strike(ctx, s); err != nil {
			return nil, err
		}
	}
	if v.log = s.cluster.log(); v.log == nil {
		return nil, status.Error(codes.Unavailable, notReady)
	}
	if call == Gossip || call == Features {
		return v, nil
	}
	s.mu.Lock()
	started := s.started
	s.mu.Unlock()
	if time.Since(started) < s.options.NotReadyFor {
		return nil, status.Error(codes.Unavailable, notReady)
	}
	var err error
	v.account, err = s.authenticate(ctx)
	return v, err
}

// leave ends a call whose work is done.
func (v *visit) leave() error {
	if v.fault == nil || !v.fault.After {
		return nil
	}
	return v.fault.strike(v.ctx, v.server)
}

// onItsWay is the moment that events sent get to arrive before their connection
// is cut: grpc writes them beside the call.
const onItsWay = 50 * time.Millisecond

// sent is called after each event of a read with how many have been sent.
func (v *visit) sent(events int) error {
	f := v.fault
	if f == nil || f.Messages == 0 || events != f.Messages {
		return nil
	}
	if f.Drop {
		time.Sleep(onItsWay)
	}
	return f.strike(v.ctx, v.server)
}

// mustLead refuses a call that insists on a leader where this node is none.
func (v *visit) mustLead() error {
	if values := metadata.ValueFromIncomingContext(v.ctx, "requires-leader"); len(values) == 0 || values[0] != "true" {
		return nil
	}
	c := v.server.cluster
	c.mu.Lock()
	role, leads := c.roleOf(v.server)
	c.mu.Unlock()
	switch role {
	case unknown:
		return status.Error(codes.Unavailable, notReady)
	case follower:
		host, port := hostPort(leads.Address())
		return refuse(v.ctx, codes.NotFound, "Leader info available",
			"exception", "not-leader", "leader-endpoint-host", host, "leader-endpoint-port", port)
	}
	return nil
}

// refuse answers with a status and trailers, given as names and values in turn.
func refuse(ctx context.Context, code codes.Code, message string, trailers ...string) error {
	_ = grpc.SetTrailer(ctx, metadata.Pairs(trailers...)) // fails only outside of a call
	return status.Error(code, message)
}

// errHandler is the server's answer to whatever it did not foresee.
var errHandler = status.Error(codes.Unknown, "Exception was thrown by handler.")

// handlerError hides an error of the log as the server does.
func handlerError(err error) error {
	if err == nil {
		return nil
	}
	if err == errStopped {
		return status.Error(codes.Unavailable, notReady)
	}
	return errHandler
}

func streamDeleted(ctx context.Context, stream string) error {
	return refuse(ctx, codes.FailedPrecondition, "Event stream '"+stream+"' is deleted.",
		"exception", "stream-deleted", "stream-name", stream)
}
