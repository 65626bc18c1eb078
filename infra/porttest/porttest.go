// Package porttest gives servers under test an address of their own.
package porttest

import (
	"errors"
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

// promised are the addresses that Free gave: no later call is given one of them.
var promised sync.Map

// Listen listens at a free port of this machine that can be listened at again later.
func Listen() (l net.Listener, err error) {
	err = errors.New("all that were tried are promised")
	for range 100 {
		addr := fmt.Sprint("127.0.0.1:", first+rand.IntN(many))
		if _, taken := promised.Load(addr); taken {
			continue
		}
		if l, err = net.Listen("tcp", addr); err == nil {
			return l, nil
		}
	}
	return nil, fmt.Errorf("no free port found: %w", err)
}

// Free gives an address, host:port, for a program that will listen there.
func Free(t testing.TB) string {
	t.Helper()
	l, err := Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	addr := l.Addr().String()
	promised.Store(addr, true) // while nobody else can listen there
	return addr
}
