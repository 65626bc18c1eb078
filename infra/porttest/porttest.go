// Package porttest gives servers under test an address of their own.
package porttest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// Ports below those that ":0" and outgoing connections are given (from 32768 on
// under Linux): nobody gets one by chance while its server is about to start, or
// is down for a moment.
const first, many = 10000, 10000

// Listen listens at a free port of this machine that can be listened at again later.
func Listen() (l net.Listener, err error) {
	for range 100 {
		if l, err = net.Listen("tcp", fmt.Sprint("127.0.0.1:", first+rand.IntN(many))); err == nil {
			return l, nil
		}
	}
	return nil, fmt.Errorf("no free port found: %w", err)
}

// handedOut keeps two tests from being given one port.
var handedOut sync.Map

// Free gives an address, host:port, for a program that will listen there.
func Free(t testing.TB) string {
	t.Helper()
	for range 100 {
		l, err := Listen()
		if err != nil {
			t.Fatal(err)
		}
		addr := l.Addr().String()
		l.Close()
		if _, taken := handedOut.LoadOrStore(addr, true); !taken {
			return addr
		}
	}
	t.Fatal("no free port")
	return ""
}
