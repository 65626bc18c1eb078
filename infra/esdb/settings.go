package esdb

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// What a server away for a while needs: the client's own ten attempts are over before it is back.
const (
	discoverAttempts = "1000"
	discoverInterval = "100" // milliseconds
)

// leastKeepAlive is what the client makes of a shorter keepAliveInterval, with a line on the standard log.
const leastKeepAlive = 10 * time.Second

// settings is a connection string, read.
type settings struct {
	client   esdb.Configuration
	patience time.Duration // how long a read goes on trying: maxDiscoverAttempts × discoveryInterval
	cluster  bool          // several nodes, found by gossip
	warnings []string
}

var known = []string{
	"discoveryinterval", "gossiptimeout", "maxdiscoverattempts", "nodepreference", "keepaliveinterval", "keepalivetimeout",
	"tls", "tlscafile", "usercertfile", "userkeyfile", "tlsverifycert", "defaultdeadline",
}

// parseSettings reads a connection string. Its errors never show the string: it holds a password.
func parseSettings(text string) (settings, error) {
	var s settings
	if rest, ok := strings.CutPrefix(text, "kurrentdb"); ok { // the same under its newer name
		text = "esdb" + rest
	}
	base, query, _ := strings.Cut(text, "?")
	asked, err := url.ParseQuery(query)
	if err != nil {
		return s, errors.New("the settings of the connection string (behind the ?) cannot be read")
	}
	query, err = s.check(asked)
	if err != nil {
		return s, err
	}
	if !strings.HasPrefix(base, "esdb://") && !strings.HasPrefix(base, "esdb+discover://") {
		return s, errors.New("a connection string begins with esdb:// or esdb+discover://")
	}
	c, err := esdb.ParseConnectionString(base + "?" + query)
	if err != nil {
		return s, explain(base, err)
	}
	s.client = *c
	s.complete()
	return s, s.checkCertificate()
}

// check looks at what the client passes by in silence, or would print, and gives the query that is left.
func (s *settings) check(asked url.Values) (string, error) {
	query := url.Values{"maxDiscoverAttempts": {discoverAttempts}, "discoveryInterval": {discoverInterval}}
	for key, values := range asked {
		name, value := strings.ToLower(key), values[0]
		switch {
		case !slices.Contains(known, name):
			s.warnings = append(s.warnings, fmt.Sprintf("the connection string has a setting that means nothing here: %q", key))
			continue
		case name == "maxdiscoverattempts":
			query.Del("maxDiscoverAttempts")
		case name == "discoveryinterval":
			query.Del("discoveryInterval")
		case name == "keepaliveinterval":
			if n, err := strconv.Atoi(value); err == nil && n >= 0 && n < int(leastKeepAlive.Milliseconds()) {
				s.warnings = append(s.warnings, fmt.Sprintf("keepAliveInterval=%d is below the least of 10,000 ms, which is used instead", n))
				value = strconv.FormatInt(leastKeepAlive.Milliseconds(), 10)
			}
		}
		if slices.Contains([]string{"maxdiscoverattempts", "discoveryinterval", "gossiptimeout", "defaultdeadline"}, name) {
			if n, err := strconv.Atoi(value); err != nil || n < 1 {
				return "", fmt.Errorf("the setting %s of the connection string must be a whole number above 0", key)
			}
		}
		query.Set(key, value)
	}
	return query.Encode(), nil
}

// MayLag reports whether readers may not see at once what was appended: the
// connection string prefers other nodes of a cluster to its leader. What must
// miss nothing, as an erasure, is not to be done with such a log.
func (l *Log) MayLag() bool {
	s := l.link.settings
	return s.cluster && s.client.NodePreference != esdb.NodePreferenceLeader
}

// complete draws what follows from the settings.
func (s *settings) complete() {
	c := &s.client
	s.patience = time.Duration(c.MaxDiscoverAttempts) * time.Duration(c.DiscoveryInterval) * time.Millisecond
	s.cluster = c.DnsDiscover || len(c.GossipSeeds) > 0
	if len(c.GossipSeeds) > 0 {
		c.DnsDiscover = false // with both, the client looks for a host without a name
	}
	if c.DisableTLS && c.Username != "" {
		s.warnings = append(s.warnings, "the connection string has an account, but tls=false: the password is not sent, and a server that asks for one refuses")
	}
	if c.DisableTLS {
		s.warnings = append(s.warnings, "the connection to the event log is not encrypted (tls=false)")
	}
	if c.SkipCertificateVerification && !c.DisableTLS {
		s.warnings = append(s.warnings, "the certificate of the event log's server is not verified (tlsVerifyCert=false)")
	}
}

// checkCertificate loads the user certificate once, for a clear message: the
// client would try at each connection, and crash on one path.
func (s *settings) checkCertificate() error {
	c := s.client
	if err := c.Validate(); err != nil {
		return fmt.Errorf("connection string: %w", err)
	}
	if c.UserCertFile == "" {
		return nil
	}
	if _, err := tls.LoadX509KeyPair(c.UserCertFile, c.UserKeyFile); err != nil {
		return fmt.Errorf("connection string: the user certificate cannot be loaded: %w", err)
	}
	return nil
}

// explain says what is wrong with a connection string; what the URL parser
// says is left out where it may repeat a password.
func explain(base string, err error) error {
	var inURL *url.Error
	if errors.As(err, &inURL) || strings.Contains(base, "@") {
		return errors.New("the connection string cannot be read: is there a mark in the password that must be written in percent form, or a port that is no number?")
	}
	return fmt.Errorf("connection string: %w", err)
}
