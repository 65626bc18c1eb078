package esdbtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Cluster is several nodes with one history. Its nodes share the log; what a
// leader without quorum takes in is kept apart until a quorum has it, or it is
// dropped because another leader was elected meanwhile. A single Server is a
// cluster of one. All methods are safe for concurrent use.
type Cluster struct {
	options Options
	nodes   []*Server
	medium  medium // open whether or not a node runs, where it is memory

	mu      sync.Mutex
	store   *store        // nil while no node runs
	leader  *Server       // the one the nodes believe in, perhaps dead; nil: none
	deposed chan struct{} // closed when the leader gives up
	pending []*pendingWrite
	holder  *Server // whose the pending writes are
	timer   *time.Timer
	turn    int // counts changes, so that a late timer does nothing
}

// StartCluster starts n nodes on free ports of 127.0.0.1, the first of them
// leader.
func StartCluster(n int, o Options) (*Cluster, error) {
	if o.Address = ""; n < 1 {
		return nil, fmt.Errorf("a cluster of %d nodes", n)
	}
	return newCluster(n, o)
}

func newCluster(n int, o Options) (*Cluster, error) {
	o = o.withDefaults()
	c := &Cluster{options: o}
	var certs *certificates
	if o.TLS {
		var err error
		if certs, err = openCertificates(o.CertDir, o.Address); err != nil {
			return nil, err
		}
	}
	for range n {
		c.nodes = append(c.nodes, &Server{cluster: c, options: o, certs: certs, address: o.Address, id: uuid.New(),
			subs: map[*subscription]struct{}{}})
	}
	for _, s := range c.nodes {
		if err := c.up(s); err != nil {
			c.Stop()
			return nil, err
		}
	}
	return c, nil
}

// up starts a node.
func (c *Cluster) up(s *Server) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.alive {
		return fmt.Errorf("%s is running", s.Address())
	}
	if s.truncate {
		s.truncate = false
		return ErrTruncated
	}
	if err := c.open(); err != nil {
		return err
	}
	if err := s.listen(); err != nil {
		c.closeUnused()
		return err
	}
	s.alive, s.stopping = true, false
	if c.leader == s { // back before the others noticed
		c.depose()
	}
	if c.leader == nil && (len(c.nodes) == 1 || !c.begun()) {
		c.elect(s)
	}
	c.weigh()
	return nil
}

// begun reports whether the cluster ever had a leader.
func (c *Cluster) begun() bool { return c.deposed != nil }

// open opens the log for the first node that runs.
func (c *Cluster) open() error {
	if c.store != nil {
		return nil
	}
	if c.medium == nil {
		m, err := openMedium(c.options.File)
		if err != nil {
			return err
		}
		c.medium = m
	}
	log, err := openStore(c.medium)
	if err != nil {
		c.closeMedium()
		return err
	}
	c.store = log
	return nil
}

// closeMedium lets go of a file, which is opened again by its name; memory
// must be kept.
func (c *Cluster) closeMedium() {
	if c.options.File != "" {
		_ = c.medium.Close() // everything answered was written
		c.medium = nil
	}
}

// down stops a node. The last one closes the log.
func (c *Cluster) down(s *Server, graceful bool) {
	c.mu.Lock()
	was := s.alive && !s.stopping
	s.stopping = was && graceful
	if !graceful {
		c.bury(s)
	}
	c.mu.Unlock()
	if !was {
		return
	}
	s.shut(graceful)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bury(s)
	c.weigh()
	c.closeUnused()
}

// bury notes that a node no longer runs, and what it was. The caller holds the
// lock.
func (c *Cluster) bury(s *Server) {
	if !s.alive {
		return
	}
	if s.alive, s.died = false, unknown; c.leader != nil && c.leader != s {
		s.died = follower
	}
}

// closeUnused closes the log when no node runs.
func (c *Cluster) closeUnused() {
	if c.alive() > 0 || c.store == nil {
		return
	}
	c.store.close()
	c.closeMedium()
	c.store, c.leader = nil, nil
}

// Stop ends all nodes and removes what they made for themselves.
func (c *Cluster) Stop() {
	for _, s := range c.nodes {
		c.down(s, true)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn++
	if c.timer != nil {
		c.timer.Stop()
	}
	if certs := c.nodes[0].certs; certs != nil {
		certs.remove()
	}
}

func (c *Cluster) log() *store {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.store
}

func (c *Cluster) alive() int {
	n := 0
	for _, s := range c.nodes {
		if s.alive {
			n++
		}
	}
	return n
}

func (c *Cluster) quorum() bool { return c.alive() > len(c.nodes)/2 }

// Nodes are all nodes, running or not, in the order they were started in.
func (c *Cluster) Nodes() []*Server { return slices.Clone(c.nodes) }

// Leader is the running leader, nil where there is none now.
func (c *Cluster) Leader() *Server {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leader == nil || !c.leader.alive {
		return nil
	}
	return c.leader
}

// Followers are the running nodes that do not lead.
func (c *Cluster) Followers() []*Server {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []*Server
	for _, s := range c.nodes {
		if s.alive && s != c.leader {
			out = append(out, s)
		}
	}
	return out
}

// ConnectionString names all nodes, for a client that asks them who leads.
func (c *Cluster) ConnectionString() string {
	var hosts []string
	for _, s := range c.nodes {
		hosts = append(hosts, s.Address())
	}
	return c.nodes[0].connectionString("esdb", strings.Join(hosts, ","), "admin", c.options.Users["admin"].Password)
}

// DiscoverString names the cluster by its first node, in the form with
// discovery.
func (c *Cluster) DiscoverString() string {
	return c.nodes[0].connectionString("esdb+discover", c.nodes[0].Address(), "admin", c.options.Users["admin"].Password)
}

// WaitLeader waits for a leader with a quorum behind it.
func (c *Cluster) WaitLeader(ctx context.Context) (*Server, error) {
	for {
		c.mu.Lock()
		leader, ok := c.leader, c.leader != nil && c.leader.alive && c.quorum()
		c.mu.Unlock()
		if ok {
			return leader, nil
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("no leader: %w", ctx.Err())
		}
	}
}
