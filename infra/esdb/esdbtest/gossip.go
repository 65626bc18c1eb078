package esdbtest

import (
	"context"
	"strconv"

	gossipapi "github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
)

// gossips answers who is in the cluster.
type gossips struct {
	gossipapi.UnimplementedGossipServer
	server *Server
}

var states = map[role]gossipapi.MemberInfo_VNodeState{unknown: gossipapi.MemberInfo_Unknown,
	follower: gossipapi.MemberInfo_Follower, leader: gossipapi.MemberInfo_Leader}

// Read tells the nodes and what they are, as this node knows it: of a leader
// that died it may not know yet that it did.
func (g *gossips) Read(ctx context.Context, _ *shared.Empty) (*gossipapi.ClusterInfo, error) {
	v, err := g.server.arrive(ctx, Gossip)
	if err != nil {
		return nil, err
	}
	c := g.server.cluster
	out := &gossipapi.ClusterInfo{}
	c.mu.Lock()
	for _, s := range c.nodes {
		m := &gossipapi.MemberInfo{InstanceId: idAnswer(s.id, true), TimeStamp: now(), IsAlive: s.alive}
		r, _ := c.roleOf(s)
		if !s.alive && r != leader {
			r = s.died
		}
		m.State = states[r]
		host, port := hostPort(s.Address())
		n, _ := strconv.ParseUint(port, 10, 16)
		m.HttpEndPoint = &gossipapi.EndPoint{Address: host, Port: uint32(n)}
		out.Members = append(out.Members, m)
	}
	c.mu.Unlock()
	return out, v.leave()
}
