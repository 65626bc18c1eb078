package e2e

import (
	"testing"
	"time"
)

// run is a subcommand that takes its time.
type run struct {
	t      testing.TB
	what   string
	stderr output
	ended  chan struct{}
	err    error
	begun  time.Time
}

// begin starts a subcommand and does not wait for it.
func begin(t testing.TB, args ...string) *run {
	t.Helper()
	cmd := command(args...)
	r := &run{t: t, what: args[0], ended: make(chan struct{}), begun: time.Now()}
	cmd.Stderr = &r.stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.err = cmd.Wait(); close(r.ended) }()
	t.Cleanup(func() { cmd.Process.Kill(); <-r.ended })
	return r
}

// wait expects exit 0.
func (r *run) wait() {
	r.t.Helper()
	<-r.ended
	if r.err != nil {
		r.t.Fatalf("%s: %v\n%s", r.what, r.err, r.told())
	}
	r.t.Logf("%s took %s", r.what, time.Since(r.begun).Round(time.Second/10))
}

// told is the end of what it said.
func (r *run) told() string {
	said := r.stderr.String()
	return said[max(0, len(said)-1500):]
}

// inTheMiddle kills something that the subcommand needs once a condition holds,
// and starts it again; the subcommand must go on.
func (r *run) inTheMiddle(condition func() bool, kill, start func()) {
	r.t.Helper()
	for !condition() {
		r.mustRun("before its middle")
		time.Sleep(10 * time.Millisecond)
	}
	kill()
	time.Sleep(200 * time.Millisecond)
	r.mustRun("when what it needs was killed")
	start()
}

func (r *run) mustRun(when string) {
	r.t.Helper()
	select {
	case <-r.ended:
		r.t.Fatalf("%s ended %s: %v\n%s", r.what, when, r.err, r.told())
	default:
	}
}
