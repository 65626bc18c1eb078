package esdbtest

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain sees to it that no test leaves a goroutine behind. Two are not the
// double's but the client's: it never closes the connection it replaces when a
// server has become unavailable, and grpc goes on to dial for it.
func TestMain(m *testing.M) {
	runChild()
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("google.golang.org/grpc.(*addrConn).connect"),
		goleak.IgnoreAnyFunction("google.golang.org/grpc/internal/grpcsync.(*CallbackSerializer).run"))
}

// started starts a server that ends with the test.
func started(t *testing.T, o Options) *Server {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// startedCluster starts three nodes that end with the test.
func startedCluster(t *testing.T, o Options) *Cluster {
	t.Helper()
	c, err := StartCluster(3, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	return c
}

func restart(t *testing.T, s *Server) {
	t.Helper()
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
}

func leaderOf(t *testing.T, c *Cluster) *Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s, err := c.WaitLeader(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
