package esdbtest

import (
	"context"
	"strconv"
	"strings"

	features "github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
)

// featureLists answers what the server can do. The list is the real server's:
// clients choose by it how they talk, and the double is to be talked to alike.
type featureLists struct {
	features.UnimplementedServerFeaturesServer
	server *Server
}

// supported has a service a line: its name after "event_store.client.", then
// its methods, each with its features.
const supported = `
redaction.redaction geteventpositions switchchunks
persistent_subscriptions.persistentsubscriptions create:stream,all update:stream,all delete:stream,all read:stream,all getinfo:stream,all replayparked:stream,all list:stream,all restartsubsystem:stream,all
users.users create update delete disable enable details changepassword resetpassword
streams.streams read:position,events append delete tombstone batchappend:deadline_duration
operations.operations startscavenge stopscavenge shutdown mergeindexes resignnode setnodepriority restartpersistentsubscriptions
gossip.gossip read
monitoring.monitoring stats
server_features.serverfeatures getsupportedmethods`

// GetSupportedMethods lists services and methods, and tells the version.
func (l *featureLists) GetSupportedMethods(ctx context.Context, _ *shared.Empty) (*features.SupportedMethods, error) {
	v, err := l.server.arrive(ctx, Features)
	if err != nil {
		return nil, err
	}
	out := &features.SupportedMethods{EventStoreServerVersion: l.server.options.Version}
	for line := range strings.Lines(strings.TrimSpace(supported)) {
		words := strings.Fields(line)
		for _, word := range words[1:] {
			method, list, some := strings.Cut(word, ":")
			m := &features.SupportedMethod{MethodName: method, ServiceName: "event_store.client." + words[0]}
			if some {
				m.Features = strings.Split(list, ",")
			}
			out.Methods = append(out.Methods, m)
		}
	}
	return out, v.leave()
}

// release is the version as a number, 2310 for 23.10.
func (s *Server) release() int {
	major, rest, _ := strings.Cut(s.options.Version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, _ := strconv.Atoi(major)
	b, _ := strconv.Atoi(minor)
	return a*100 + b
}

// tellsCaughtUp: from 23.10 on a subscription says when it has caught up.
func (s *Server) tellsCaughtUp() bool { return s.release() >= 2310 }

// newer: 24.10 and later check positions otherwise, and send a checkpoint
// before caughtUp.
func (s *Server) newer() bool { return s.release() >= 2410 }

// newest: from 25.0 on that checkpoint lies at the last event looked at.
func (s *Server) newest() bool { return s.release() >= 2500 }
