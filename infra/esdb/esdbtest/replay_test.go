package esdbtest

import (
	"path/filepath"
	"testing"

	"google.golang.org/grpc"
)

// playAll repeats calls in order against one connection.
func (p *player) playAll(t *testing.T, conn *grpc.ClientConn, lines []line) {
	t.Helper()
	skip := leftOut()
	for _, l := range lines {
		if _, ok := skip[l.at]; ok {
			continue
		}
		p.play(t, conn, l)
	}
	p.finish()
}

// TestReplayOneNode repeats 95 calls on an empty database.
func TestReplayOneNode(t *testing.T) {
	t.Parallel()
	lines := transcript(t, "one-node.jsonl")
	for _, file := range []string{"", filepath.Join(t.TempDir(), "log")} {
		s := started(t, Options{File: file})
		newPlayer().playAll(t, dial(t, s.Address()), lines)
	}
}

// TestReplayRestart repeats what was asked before and after a kill −9, and on
// the same database about positions and limits.
func TestReplayRestart(t *testing.T) {
	t.Parallel()
	before, after := transcript(t, "before-kill.jsonl"), transcript(t, "after-restart.jsonl")
	limits := transcript(t, "positions-and-limits.jsonl")
	for _, file := range []string{"", filepath.Join(t.TempDir(), "log")} {
		s := started(t, Options{File: file})
		conn := dial(t, s.Address())
		p := newPlayer()
		for _, l := range before {
			p.play(t, conn, l)
		}
		s.Kill()
		p.finish()
		restart(t, s)
		p.playAll(t, dial(t, s.Address()), after)
		s.Inject(Fault{On: Append, Skip: appendsBefore(t, limits, "deadline of 1 ms"), Times: 1, After: true, Delay: hasty})
		p.playAll(t, dial(t, s.Address()), limits)
		if v := s.cluster.log().view("dl-1"); v.count != 1 {
			t.Errorf("the append with too short a deadline was written %d times; recorded: once", v.count)
		}
	}
}

// appendsBefore is how many appends there are before the one named.
func appendsBefore(t *testing.T, lines []line, name string) int {
	t.Helper()
	n := 0
	for _, l := range lines {
		if l.Name == name {
			return n
		}
		if l.Method == "Streams/Append" {
			n++
		}
	}
	t.Fatalf("no call %q", name)
	return 0
}

// TestLeftOut: what the package's comment says the double leaves out is in the
// transcripts under that name, and is little.
func TestLeftOut(t *testing.T) {
	t.Parallel()
	transcriptDir(t)
	named := map[string]string{}
	for _, file := range []string{"one-node.jsonl", "before-kill.jsonl", "after-restart.jsonl", "positions-and-limits.jsonl",
		"follower.jsonl", "no-quorum.jsonl", "quorum-back.jsonl", "leader-killed.jsonl", "leader-truncated.jsonl", "tls.jsonl"} {
		for _, l := range transcript(t, file) {
			named[l.at] = l.Name
		}
	}
	left := leftOut()
	for at, name := range left {
		t.Logf("left out: %s %s", at, name)
		if named[at] != name {
			t.Errorf("the package's comment leaves out %s %q; there the transcript has %q", at, name, named[at])
		}
	}
	if len(left) != 1 {
		t.Errorf("left out: %v; that was BatchAppend alone", left)
	}
}
