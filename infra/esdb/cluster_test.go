package esdb_test

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"hoso/domain/eventlog"
	"hoso/infra/esdb"
	"hoso/infra/esdb/esdbtest"
)

// brisk makes the double's elections quicker than a real cluster's.
var brisk = esdbtest.Options{CommitTimeout: 300 * time.Millisecond, ForwardTimeout: 500 * time.Millisecond, ElectionTime: 300 * time.Millisecond, QuorumLossTime: 500 * time.Millisecond}

// The leader is killed, or resigns, while everything runs, by each way of finding nodes and each preference.
func TestLeaderChanges(t *testing.T) {
	needsDouble(t)
	for name, connection := range map[string]func(c *esdbtest.Cluster) string{
		"three nodes named":                (*esdbtest.Cluster).ConnectionString,
		"three nodes, followers preferred": func(c *esdbtest.Cluster) string { return c.ConnectionString() + "&nodePreference=follower" },
		"three nodes, any preferred":       func(c *esdbtest.Cluster) string { return c.ConnectionString() + "&nodePreference=random" },
	} {
		t.Run(name, func(t *testing.T) {
			c := cluster(t, brisk)
			tr := startTraffic(t, openLog(t, connection(c)), 2*patience)
			tr.more(60)
			killed := c.KillLeader()
			tr.more(60)
			if err := killed.Restart(); err != nil {
				t.Fatal(err)
			}
			tr.more(60)
			c.ChangeLeader()
			tr.more(60)
			tr.end()
		})
	}
}

// esdb+discover:// names one place to ask where the others are.
func TestDiscoveryByName(t *testing.T) {
	c := cluster(t, brisk)
	asked := c.Nodes()[0] // must stay: it is the only name known
	tr := startTraffic(t, openLog(t, c.DiscoverString()), 2*patience)
	for range 3 {
		tr.more(40)
		if c.Leader() == asked {
			c.ChangeLeader()
			continue
		}
		killed := c.KillLeader()
		tr.more(40)
		if err := killed.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	tr.more(40)
	tr.end()
}

// Without a majority appends wait; when it is back each stands there once, though some were
// already written when the leader gave up.
func TestQuorumLost(t *testing.T) {
	c := cluster(t, brisk)
	l := openLog(t, c.ConnectionString())
	first := proposed(1)
	mustAppend(t, l, "a-1", eventlog.NoStream, first)
	alone := c.LoseQuorum()
	before := alone.Calls(esdbtest.Append)
	list := proposed(2)
	var waiting errgroup.Group
	waiting.Go(func() error {
		done, err := l.Append(within(t), "a-1", 0, list)
		if err == nil && done.Revision != 2 {
			return errors.New("at another revision")
		}
		return err
	})
	for ctx := within(t); alone.Calls(esdbtest.Append) < before+3; { // Aborted, Aborted, not ready
		select {
		case <-ctx.Done():
			t.Fatal("the append is not repeated")
		case <-time.After(10 * time.Millisecond):
		}
	}
	if err := c.RestoreQuorum(); err != nil {
		t.Fatal(err)
	}
	if err := waiting.Wait(); err != nil {
		t.Fatal(err)
	}
	mustHold(t, l, "a-1", append(first, list...))
}

// A follower asked by its own name passes appends on; one that is told to require the leader says who that is.
func TestOneFollowerNamed(t *testing.T) {
	c := cluster(t, brisk)
	follower := c.Followers()[0]
	l := openLog(t, "esdb://"+follower.Address()+"?tls=false")
	list := proposed(2)
	mustAppend(t, l, "a-1", eventlog.NoStream, list)
	before := c.Leader().Calls(esdbtest.Append)
	if _, err := l.Append(requireLeader(within(t)), "a-2", eventlog.NoStream, list); err != nil {
		t.Fatalf("append that requires the leader, to a follower: %v", err)
	}
	if n := c.Leader().Calls(esdbtest.Append) - before; n != 1 {
		t.Errorf("the leader got %d appends, want 1", n)
	}
	mustHold(t, l, "a-2", list)
}

// A node that lags behind the checkpoint is waited for; one that never had it is told.
func TestForeignPositionInACluster(t *testing.T) {
	c := cluster(t, brisk)
	l := openLog(t, c.ConnectionString())
	done := mustAppend(t, l, "a-1", eventlog.NoStream, proposed(3))
	beyond := eventlog.Position{Commit: done.Position.Commit + 1000, Prepare: done.Position.Prepare + 1000}
	start := time.Now()
	for _, err := range l.Subscribe(within(t), beyond, eventlog.Filter{}) {
		if !errors.Is(err, eventlog.ErrForeignPosition) {
			t.Errorf("got %v, want ErrForeignPosition", err)
		}
	}
	if took := time.Since(start); took < 5*time.Second {
		t.Errorf("told after %s: a follower may lag for longer", took)
	}
	if !errors.Is(esdb.ErrNotLeader, eventlog.ErrUnavailable) || errors.Is(esdb.ErrPassword, eventlog.ErrUnavailable) {
		t.Error("passing faults, and only those, are eventlog.ErrUnavailable")
	}
}

// The leader alone writes an event, dies, and the others go on without it: another event takes its
// revision. The caller, who still waits, gets a clear conflict; nobody ever sees the lost event.
func TestLeaderTruncated(t *testing.T) {
	c := cluster(t, brisk)
	l := openLog(t, c.ConnectionString())
	first := proposed(1)
	mustAppend(t, l, "a-1", eventlog.NoStream, first)
	var others []*esdbtest.Server
	alone := c.LoseQuorum()
	for _, s := range c.Nodes() {
		if s != alone {
			others = append(others, s)
		}
	}
	lost, rival := proposed(1), proposed(1)
	before := alone.Calls(esdbtest.Append)
	result := make(chan error, 1)
	go func() {
		_, err := l.Append(within(t), "a-1", 0, lost)
		result <- err
	}()
	for ctx := within(t); alone.Calls(esdbtest.Append) < before+2; { // written there, answered "timed out", asked again
		select {
		case <-ctx.Done():
			t.Fatal("the append is not repeated")
		case <-time.After(10 * time.Millisecond):
		}
	}
	alone.Kill()
	// The rival must be there before the caller asks again: its append is held back.
	for _, s := range others {
		s.Inject(esdbtest.NotReady(esdbtest.Gossip, 0))
		if err := s.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.WaitLeader(within(t)); err != nil {
		t.Fatal(err)
	}
	direct := openLog(t, "esdb://"+others[0].Address()+"?tls=false") // asks for no gossip
	mustAppend(t, direct, "a-1", 0, rival)
	for _, s := range others {
		s.Heal()
	}
	if err := <-result; conflictOf(err) == nil || errors.Is(err, eventlog.ErrAmbiguous) {
		t.Errorf("got %v, want a conflict", err)
	}
	mustHold(t, l, "a-1", append(first, rival...))
}
