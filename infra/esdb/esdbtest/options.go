package esdbtest

import "time"

// Versions whose answers the double knows. They differ where the table of the
// package's comment says; any other version string is answered like the newest
// of these that is not newer.
const (
	V22 = "22.10.4" // has no caughtUp
	V23 = "23.10.6" // the one the transcripts were recorded on
	V24 = "24.10.4"
	V25 = "25.0.0" // KurrentDB
)

// Options say how a server is to be. The zero value is a single insecure node
// of version V23 that keeps its events in memory, on a free port of 127.0.0.1.
type Options struct {
	Address string // host:port to listen on; empty: 127.0.0.1 and a free port. A cluster chooses its own.
	File    string // where events are kept, written before each answer, not synced; empty: in memory
	Version string // one of V22 … V25; empty: V23

	TLS     bool            // TLS, users and access control on; they are off together otherwise
	CertDir string          // where ca.pem, ca.key, node.pem, node.key are, or are put; empty: a directory of its own that Stop removes
	Users   map[string]User // beside admin and ops, both with the password "changeit"

	NotReadyFor time.Duration // for this long after each start every call about streams is answered "Server Is Not Ready"

	CommitTimeout  time.Duration // how long an append waits for a quorum; 0: 2 s
	ForwardTimeout time.Duration // how long a follower waits for a leader that is gone; 0: 5 s
	ElectionTime   time.Duration // how long a cluster is without leader after one died; 0: 1 s
	QuorumLossTime time.Duration // how long a leader without quorum believes it is one; 0: 3 s
}

// User is an account of a server with TLS.
type User struct {
	Password string
	Groups   []string // e.g. "$admins", "$ops"
}

func (o Options) withDefaults() Options {
	set := func(d *time.Duration, usual time.Duration) {
		if *d == 0 {
			*d = usual
		}
	}
	set(&o.CommitTimeout, 2*time.Second)
	set(&o.ForwardTimeout, 5*time.Second)
	set(&o.ElectionTime, time.Second)
	set(&o.QuorumLossTime, 3*time.Second)
	if o.Version == "" {
		o.Version = V23
	}
	users := map[string]User{
		"admin": {Password: "changeit", Groups: []string{"$admins"}},
		"ops":   {Password: "changeit", Groups: []string{"$ops"}},
	}
	for name, u := range o.Users {
		users[name] = u
	}
	o.Users = users
	return o
}
