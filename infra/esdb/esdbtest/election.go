package esdbtest

import (
	"context"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const notReady = "Server Is Not Ready"

// pendingWrite is an append or deletion that only a leader without quorum has.
type pendingWrite struct {
	work func(*writing)
	done chan struct{} // closed when a quorum has it
	err  error
}

// role is what a node believes to be.
type role int

const (
	unknown role = iota // of a cluster without leader
	follower
	leader
)

// roleOf tells a node's role and the leader it knows. The caller holds the lock.
func (c *Cluster) roleOf(s *Server) (role, *Server) {
	switch {
	case c.leader == nil:
		return unknown, nil
	case c.leader == s:
		return leader, s
	}
	return follower, c.leader
}

// weigh looks at who runs after a change, and sets in motion what follows from
// it. The caller holds the lock.
func (c *Cluster) weigh() {
	c.turn++
	if c.timer != nil {
		c.timer.Stop()
	}
	leads := c.leader != nil && c.leader.alive
	switch {
	case c.alive() == 0:
	case c.quorum() && leads:
		c.settle()
	case c.quorum():
		c.later(c.options.ElectionTime, c.electBest)
	case leads:
		c.later(c.options.QuorumLossTime, c.depose)
	case c.leader != nil:
		c.later(c.options.ElectionTime, c.depose)
	}
}

// later does something if nothing else changes until then.
func (c *Cluster) later(d time.Duration, do func()) {
	turn := c.turn
	c.timer = time.AfterFunc(d, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.turn == turn && c.store != nil {
			do()
		}
	})
}

// electBest elects the node that has most: whoever holds pending writes, or
// else any.
func (c *Cluster) electBest() {
	best := c.holder
	if best == nil || !best.alive {
		for _, s := range c.nodes {
			if s.alive {
				best = s
				break
			}
		}
	}
	c.elect(best)
}

// elect makes a node the leader, which begins an epoch. Pending writes of
// another are lost, and that other must drop them before it can join again.
func (c *Cluster) elect(s *Server) {
	c.leader, c.deposed = s, make(chan struct{})
	if c.holder != s {
		if c.holder != nil {
			c.holder.truncate = true
		}
		c.pending, c.holder = nil, nil
	}
	if c.quorum() {
		c.settle()
	}
	_ = c.store.change(func(w *writing) { // a log that cannot be written says so to the next append
		first := w.end == 0
		w.put(event{kind: isEpoch, id: uuid.New()})
		if first {
			w.putFirst(c.options)
		}
	})
}

// settle lets a quorum have the pending writes.
func (c *Cluster) settle() {
	if c.leader != c.holder {
		return
	}
	for _, p := range c.pending {
		p.err = c.store.change(p.work)
		close(p.done)
	}
	c.pending, c.holder = nil, nil
}

// depose ends the rule of a leader nobody follows.
func (c *Cluster) depose() {
	c.leader = nil
	close(c.deposed)
}

// commit does a write that a node was asked for, where and when the cluster
// can. The error is the answer to the call.
func (c *Cluster) commit(ctx context.Context, s *Server, work func(*writing)) error {
	c.mu.Lock()
	r, at := c.roleOf(s)
	log, ok, alone := c.store, r != unknown && at.alive, !c.quorum()
	var p *pendingWrite
	deposed := c.deposed
	if ok && alone {
		p = &pendingWrite{work: work, done: make(chan struct{})}
		c.pending, c.holder = append(c.pending, p), at
	}
	c.mu.Unlock()
	switch {
	case r == unknown || log == nil:
		return status.Error(codes.Unavailable, notReady)
	case !ok:
		return c.timeout(ctx, nil, nil, c.options.ForwardTimeout, "Operation timed out: Forwarding timeout")
	case p == nil:
		return handlerError(log.change(work))
	}
	if err := c.timeout(ctx, p.done, deposed, c.options.CommitTimeout, "Operation timed out: Commit phase timeout."); err != nil {
		return err
	}
	return handlerError(p.err)
}

// timeout waits for a write and tells what became of it.
func (c *Cluster) timeout(ctx context.Context, done, deposed chan struct{}, d time.Duration, message string) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-done:
		return nil
	case <-deposed:
		return status.Error(codes.Aborted, "Operation timed out: Request canceled by server")
	case <-t.C:
		return status.Error(codes.Aborted, message)
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

// KillLeader kills the leader and gives it, so that it can be restarted; nil
// where there is none.
func (c *Cluster) KillLeader() *Server {
	s := c.Leader()
	if s != nil {
		s.Kill()
	}
	return s
}

// ChangeLeader lets the leader resign in favour of the next running node,
// which it gives; nil where there is no other or no quorum.
func (c *Cluster) ChangeLeader() *Server {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.quorum() || c.leader == nil {
		return nil
	}
	for i, s := range c.nodes {
		if s != c.leader {
			continue
		}
		for j := 1; j < len(c.nodes); j++ {
			if next := c.nodes[(i+j)%len(c.nodes)]; next.alive {
				c.elect(next)
				c.weigh()
				return next
			}
		}
	}
	return nil
}

// LoseQuorum kills every node but the leader, which it gives.
func (c *Cluster) LoseQuorum() *Server {
	lone := c.Leader()
	for _, s := range c.Followers() {
		s.Kill()
	}
	return lone
}

// RestoreQuorum starts every node that is down.
func (c *Cluster) RestoreQuorum() error {
	for _, s := range c.nodes {
		if s.Alive() {
			continue
		}
		err := s.Restart()
		if err == ErrTruncated {
			err = s.Restart()
		}
		if err != nil {
			return err
		}
	}
	return nil
}
