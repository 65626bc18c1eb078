package esdbtest

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	gossipapi "github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	features "github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	api "github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"hoso/infra/porttest"
)

// ErrTruncated is what Restart says to a former leader that held events
// nobody else has: it drops them and stops once. Start it again.
var ErrTruncated = errors.New("the server dropped events that only it had (offline truncation) and stopped: start it again")

// Server is one node of the double. All methods are safe for concurrent use.
type Server struct {
	cluster *Cluster
	options Options
	certs   *certificates // nil without TLS
	id      uuid.UUID
	faults  faults

	mu       sync.Mutex
	address  string
	grpc     *grpc.Server
	listener *listener
	served   chan struct{} // closed when the grpc server has ended
	started  time.Time
	subs     map[*subscription]struct{}

	alive    bool // cluster.mu guards these
	stopping bool
	truncate bool
	died     role // a follower that died is remembered as one
}

// Start starts a single node.
func Start(o Options) (*Server, error) {
	c, err := newCluster(1, o)
	if err != nil {
		return nil, err
	}
	return c.nodes[0], nil
}

// listen begins to serve, at the address of the last time where there was one.
func (s *Server) listen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := porttest.Listen
	if s.address != "" {
		open = func() (net.Listener, error) { return net.Listen("tcp", s.address) }
	}
	l, err := open()
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s.address, s.started = l.Addr().String(), time.Now()
	s.listener = &listener{Listener: l, open: map[string]net.Conn{}}
	options := []grpc.ServerOption{
		grpc.WaitForHandlers(true),
		grpc.MaxRecvMsgSize(64 << 20), // the limit of an append is another, and has an answer of its own
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
	}
	if s.certs != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(s.certs.server())))
	}
	s.grpc = grpc.NewServer(options...)
	api.RegisterStreamsServer(s.grpc, &streams{server: s})
	gossipapi.RegisterGossipServer(s.grpc, &gossips{server: s})
	features.RegisterServerFeaturesServer(s.grpc, &featureLists{server: s})
	served := make(chan struct{})
	s.served = served
	go func(g *grpc.Server, l net.Listener) {
		defer close(served)
		_ = g.Serve(l) // ends when the server is stopped, and says so
	}(s.grpc, s.listener)
	return nil
}

// shut ends serving: at once, or when the calls that run have their answer.
func (s *Server) shut(graceful bool) {
	s.mu.Lock()
	g, l, served := s.grpc, s.listener, s.served
	s.grpc = nil
	s.mu.Unlock()
	if g == nil {
		return
	}
	if graceful {
		s.CutSubscriptions(codes.Unavailable, "the server is shutting down")
		late := time.AfterFunc(2*time.Second, g.Stop)
		g.GracefulStop()
		late.Stop()
	} else {
		_ = l.Close()
		l.cutAll()
	}
	g.Stop()
	<-served
}

// Stop ends the server when running appends have their answer, and removes
// what it made for itself. It may be called twice. It stops one node of a
// cluster without removing anything.
func (s *Server) Stop() {
	s.cluster.down(s, true)
	if len(s.cluster.nodes) == 1 {
		s.cluster.Stop()
	}
}

// Kill ends the server like kill −9: connections are cut, the event ids
// remembered for appends at any revision are forgotten. What was answered stays.
func (s *Server) Kill() { s.cluster.down(s, false) }

// Restart starts a stopped or killed server at the same address with the
// events it had. Errors: ErrTruncated, and what the file or the network say.
func (s *Server) Restart() error { return s.cluster.up(s) }

// Alive reports whether the server runs.
func (s *Server) Alive() bool {
	s.cluster.mu.Lock()
	defer s.cluster.mu.Unlock()
	return s.alive
}

// Address is the server's host:port.
func (s *Server) Address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.address
}

// ConnectionString names this one node for a client; with TLS, as admin.
func (s *Server) ConnectionString() string {
	return s.ConnectionStringFor("admin", s.options.Users["admin"].Password)
}

// ConnectionStringFor names this one node for a client with another account.
// An empty user is nobody; without TLS there are no accounts.
func (s *Server) ConnectionStringFor(user, password string) string {
	return s.connectionString("esdb", s.Address(), user, password)
}

func (s *Server) connectionString(scheme, hosts, user, password string) string {
	if s.certs == nil {
		return scheme + "://" + hosts + "?tls=false"
	}
	account := ""
	if user != "" {
		account = url.UserPassword(user, password).String() + "@"
	}
	return scheme + "://" + account + hosts + "?tls=true&tlsCaFile=" + url.QueryEscape(s.certs.caFile())
}

// Inject lets a misfortune befall calls to this server.
func (s *Server) Inject(f Fault) { s.faults.inject(f) }

// Heal forgets all faults.
func (s *Server) Heal() { s.faults.heal() }

// Calls is how many calls of a kind have arrived since Start.
func (s *Server) Calls(c Call) int { return s.faults.count(c) }

// CutConnections cuts every connection; the server goes on and takes new ones.
func (s *Server) CutConnections() {
	s.mu.Lock()
	l := s.listener
	s.mu.Unlock()
	l.cutAll()
}

// CutSubscriptions ends every running subscription with a status.
func (s *Server) CutSubscriptions(code codes.Code, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for sub := range s.subs {
		sub.cancel(status.Error(code, message))
	}
}

// Subscriptions is how many subscriptions run on this server.
func (s *Server) Subscriptions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.subs)
}

// Events is how many events the log holds, the server's own among them; 0
// while the server is down.
func (s *Server) Events() int {
	log := s.cluster.log()
	if log == nil {
		return 0
	}
	return log.count()
}
