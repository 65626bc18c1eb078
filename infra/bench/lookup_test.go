package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
)

// BenchmarkLookup compares an officer's look-up by code with a bare echo
// handler that answers the same bytes.
func BenchmarkLookup(b *testing.B) {
	var ours, bare float64 // sums of all rounds
	for range b.N {
		s := serve(b, loaded(b))
		token := s.token(b, "auditor", "", "bench-auditor")
		codes := s.codes(b, token, 1000)
		requests := make([][]byte, len(codes))
		for i, code := range codes {
			requests[i] = request("GET", "/api/v1/dossiers/"+code, token, "")
		}
		body := s.answer(b, requests[0])
		ours += rate(b, s.addr, requests)
		s.stop()
		bare += rate(b, echoing(b, body), requests)
	}
	b.ReportMetric(ours/float64(b.N), "lookups/s")
	b.ReportMetric(bare/float64(b.N), "bare-echo/s")
	b.ReportMetric(ours/bare, "ratio")
}

// codes reads codes by the search.
func (s *server) codes(b *testing.B, token string, n int) []string {
	b.Helper()
	var codes []string
	cursor := ""
	for len(codes) < n {
		body := s.answer(b, request("GET", "/api/v1/dossiers?limit=200&cursor="+cursor, token, ""))
		var page struct {
			Dossiers []struct{ Code string }
			Next     string
		}
		if err := json.Unmarshal(body, &page); err != nil {
			b.Fatal(err)
		}
		for _, h := range page.Dossiers {
			codes = append(codes, h.Code)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if len(codes) == 0 {
		b.Fatal("the search finds no dossier")
	}
	return codes
}

func (s *server) answer(b *testing.B, request []byte) []byte {
	b.Helper()
	c, err := dial(s.addr)
	if err != nil {
		b.Fatal(err)
	}
	defer c.conn.Close()
	status, body, err := c.do(request)
	if err != nil || status != 200 {
		b.Fatalf("%d %s %v", status, body, err)
	}
	return bytes.Clone(body)
}

// echoing serves the same bytes from a bare echo handler and gives its address.
func echoing(b *testing.B, body []byte) string {
	b.Helper()
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.GET("/api/v1/dossiers/:dossier", func(c echo.Context) error { return c.JSONBlob(200, body) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	e.Listener = l
	go e.Start("")
	b.Cleanup(func() { e.Close() })
	return l.Addr().String()
}

// rate drives requests from 32 connections and gives answers a second.
func rate(b *testing.B, addr string, requests [][]byte) float64 {
	b.Helper()
	const connections = 32
	var count atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, connections)
	start := time.Now()
	for k := range connections {
		wg.Go(func() {
			c, err := dial(addr)
			if err != nil {
				errs <- err
				return
			}
			defer c.conn.Close()
			for i := k; time.Since(start) < span()/2; i++ {
				status, body, err := c.do(requests[i%len(requests)])
				if err != nil || status != 200 {
					errs <- fmt.Errorf("%d %s %w", status, body, err)
					return
				}
				count.Add(1)
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	close(errs)
	for err := range errs {
		b.Fatal(err)
	}
	return float64(count.Load()) / took.Seconds()
}
