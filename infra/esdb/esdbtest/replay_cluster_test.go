package esdbtest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
)

// hurried are the times of a cluster that need not be waited for as long as
// the recorded one's.
func hurried() Options {
	return Options{CommitTimeout: 800 * time.Millisecond, QuorumLossTime: 1400 * time.Millisecond,
		ElectionTime: 200 * time.Millisecond, ForwardTimeout: 700 * time.Millisecond}
}

// TestReplayFollower asks a follower, then the leader that lost its quorum,
// then the cluster that has it back. Between the recordings the real one was
// under load; the checkpoints of a subscription tell how much.
func TestReplayFollower(t *testing.T) {
	t.Parallel()
	asked, lost, back := transcript(t, "follower.jsonl"), transcript(t, "no-quorum.jsonl"), transcript(t, "quorum-back.jsonl")
	c := startedCluster(t, hurried())
	c.ChangeLeader() // to the second: the recorded gossip names it so
	p := newPlayer()
	p.playAll(t, dial(t, c.Followers()[0].Address()), asked)
	load(t, c, 2000*checkpoints(lost, "subscribe with no quorum")+1000)

	c.KillLeader()
	leaderOf(t, c)
	lone := c.LoseQuorum()
	for _, l := range lost {
		p.play(t, dial(t, lone.Address()), l)
	}
	if err := c.RestoreQuorum(); err != nil {
		t.Fatal(err)
	}
	leaderOf(t, c)
	p.playAll(t, dial(t, lone.Address()), back)
}

// next is a player for the same database with other names for the nodes: which
// of three played which part changed between the recordings.
func (p *player) next() *player {
	n := newPlayer()
	n.positions, n.ids = p.positions, p.ids
	return n
}

// checkpoints counts those of a recorded subscription.
func checkpoints(lines []line, name string) int {
	n := 0
	for _, l := range lines {
		for _, r := range l.Responses {
			if l.Name == name && bytes.Contains(r, []byte(`"checkpoint"`)) {
				n++
			}
		}
	}
	return n
}

// load appends events that no recorded call asks for, 1,000 at a time.
func load(t *testing.T, c *Cluster, events int) {
	t.Helper()
	data := bytes.Repeat([]byte("x"), 580)
	for n := 0; n < events; n += 1000 {
		var batch []event
		for range 1000 {
			batch = append(batch, event{id: uuid.New(), typ: "load", data: data})
		}
		err := c.log().change(func(w *writing) {
			if v, err := w.append(fmt.Sprintf("load-%d", n), expectNoStream, batch); err != nil || v.conflict {
				t.Errorf("load: %+v, %v", v, err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestReplayLeader kills a leader under subscriptions and appends, and then
// lets a leader alone have an event that another history takes the place of.
func TestReplayLeader(t *testing.T) {
	t.Parallel()
	killed, truncated := transcript(t, "leader-killed.jsonl"), transcript(t, "leader-truncated.jsonl")
	c := startedCluster(t, hurried())
	old, a, b := c.Leader(), c.Nodes()[1], c.Nodes()[2]
	p := newPlayer()
	for _, l := range killed {
		switch l.Node {
		case "leader", "leader, killed after 3 s":
			p.play(t, dial(t, old.Address()), l)
		case "follower A":
			p.play(t, dial(t, a.Address()), l)
		case "follower B, right after the kill", "the same, 6 s later":
			if old.Alive() {
				old.Kill()
			}
			p.play(t, dial(t, b.Address()), l)
		default:
			t.Fatalf("%s: node %q", l.at, l.Node)
		}
	}
	p.finish()
	restart(t, old)

	p, old = p.next(), leaderOf(t, c)
	for _, l := range truncated {
		switch l.Node {
		case "leader":
		case "leader, both followers killed":
			c.LoseQuorum()
		case "new leader: old one killed, followers started":
			if old.Alive() {
				old.Kill()
				p.finish()
				restartOthers(t, c, old)
			}
			p.play(t, dial(t, leaderOf(t, c).Address()), l)
			continue
		case "old leader, back":
			if !old.Alive() {
				if err := old.Restart(); !errors.Is(err, ErrTruncated) {
					t.Fatalf("the old leader started with an event nobody else has: %v", err)
				}
				restart(t, old)
			}
		default:
			t.Fatalf("%s: node %q", l.at, l.Node)
		}
		p.play(t, dial(t, old.Address()), l)
	}
	p.finish()
}

func restartOthers(t *testing.T, c *Cluster, but *Server) {
	t.Helper()
	for _, s := range c.Nodes() {
		if s != but {
			restart(t, s)
		}
	}
}
