package esdb

import (
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

func TestSettings(t *testing.T) {
	for text, check := range map[string]func(s settings) bool{
		"esdb://localhost:2113?tls=false": func(s settings) bool {
			c := s.client
			return c.MaxDiscoverAttempts == 1000 && c.DiscoveryInterval == 100 && s.patience == 100*time.Second && !s.cluster && c.Address == "localhost:2113" && c.DisableTLS
		},
		"esdb://localhost:2113?maxDiscoverAttempts=7": func(s settings) bool {
			return s.client.MaxDiscoverAttempts == 7 && s.client.DiscoveryInterval == 100 && len(s.warnings) == 0
		},
		"esdb://localhost:2113/?MAXDISCOVERATTEMPTS=7&DiscoveryInterval=5": func(s settings) bool {
			return s.client.MaxDiscoverAttempts == 7 && s.client.DiscoveryInterval == 5
		},
		"esdb://ops:a%2Cb%40c@localhost:2113": func(s settings) bool {
			return s.client.Username == "ops" && s.client.Password == "a,b@c"
		},
		"esdb://a:1,b:2,c:3?tls=false&nodePreference=follower": func(s settings) bool {
			return s.cluster && len(s.client.GossipSeeds) == 3 && s.client.NodePreference == esdb.NodePreferenceFollower
		},
		"esdb+discover://cluster.example:2113": func(s settings) bool { return s.cluster && s.client.DnsDiscover },
		"esdb+discover://a:1,b:2": func(s settings) bool { // the client alone would ask a host without a name
			return s.cluster && !s.client.DnsDiscover && len(s.client.GossipSeeds) == 2
		},
		"kurrentdb://localhost:2113":                  func(s settings) bool { return s.client.Address == "localhost:2113" },
		"esdb://localhost:2113?keepAliveInterval=500": func(s settings) bool { return s.client.KeepAliveInterval == 10*time.Second && len(s.warnings) == 1 },
		"esdb://localhost:2113?keepAliveInterval=-1":  func(s settings) bool { return s.client.KeepAliveInterval < 0 && len(s.warnings) == 0 },
		"esdb://localhost:2113?connectionName=x":      func(s settings) bool { return len(s.warnings) == 1 },
		"esdb://ops:p@localhost:2113?tls=false&defaultDeadline=500": func(s settings) bool {
			return *s.client.DefaultDeadline == 500*time.Millisecond && len(s.warnings) == 2
		},
	} {
		s, err := parseSettings(text)
		if err != nil || !check(s) {
			t.Errorf("%s: %v, %+v", text, err, s)
		}
	}
}

func TestSettingsRefused(t *testing.T) {
	for _, text := range []string{
		"", "localhost:2113", "http://localhost:2113", "esdb://", "esdb://ops:s3cret@", "esdb://ops:s3cret/x@host:2113", "esdb://ops:s3cret@host:port",
		"esdb://ops:s3c%ret@host", "esdb://:s3cret@host", "esdb://a:1,:2,b:x", "esdb://ops:s3cret@host/path",
		"esdb://host?defaultDeadline=soon", "esdb://host?defaultDeadline=0", "esdb://host?maxDiscoverAttempts=-1", "esdb://host?tls=perhaps",
		"esdb://host?nodePreference=nearest", "esdb://host?tlsCaFile=/no/such/file", "esdb://host?userCertFile=/no/such", "esdb://host?%zz=1",
	} {
		_, err := parseSettings(text)
		if err == nil {
			t.Errorf("%s was taken", text)
		} else if strings.Contains(err.Error(), "s3c") {
			t.Errorf("%s: the message shows the password: %v", text, err)
		}
	}
}

func TestGrantKeepsWhatStands(t *testing.T) {
	for old, want := range map[string]string{
		``:                        `{"$acl":{"$r":["hoso","$admins"]}}`,
		`{"$acl":{"$r":"audit"}}`: `{"$acl":{"$r":["audit","hoso","$admins"]}}`,
		`{"$acl":{"$r":["$admins","hoso"],"$w":"x"},"$maxAge":5}`: `{"$acl":{"$r":["$admins","hoso"],"$w":"x"},"$maxAge":5}`,
	} {
		if got := string(grantOf([]byte(old), "hoso")); got != want {
			t.Errorf("%s became %s, want %s", old, got, want)
		}
	}
}

// Only a cluster's other nodes lag: the leader's readers see what was appended.
func TestMayLag(t *testing.T) {
	for text, lags := range map[string]bool{
		"esdb://a:2113?nodePreference=follower":                        false, // one node
		"esdb://a:2113,b:2113,c:2113":                                  false,
		"esdb://a:2113,b:2113?nodePreference=leader":                   false,
		"esdb://a:2113,b:2113?nodePreference=follower":                 true,
		"esdb+discover://cluster.example:2113?nodePreference=random":   true,
		"esdb://a:2113,b:2113?nodePreference=readonlyreplica&tls=true": true,
	} {
		s, err := parseSettings(text)
		if err != nil {
			t.Fatal(text, err)
		}
		l := newLog(s, Options{})
		if got := l.MayLag(); got != lags {
			t.Errorf("%s may lag: %t", text, got)
		}
		l.Close()
	}
}
