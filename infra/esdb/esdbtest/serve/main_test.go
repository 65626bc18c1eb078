package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lines hands over what is printed, as it is printed.
type lines chan string

func (l lines) Write(b []byte) (int, error) { l <- string(b); return len(b), nil }

// TestServe: the command serves at the connection string it prints, keeps
// events in the file, and ends when told.
func TestServe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	for round := range uint64(2) {
		ctx, cancel := context.WithCancel(t.Context())
		out, done := make(lines, 10), make(chan error, 1)
		go func() { done <- run(ctx, []string{"--addr", "127.0.0.1:0", "--file", file}, out, io.Discard) }()
		said := <-out
		if !strings.Contains(said, "TEST DOUBLE") || !strings.Contains(said, "not a database") {
			t.Errorf("it says %q", said)
		}
		config, err := esdb.ParseConnectionString(regexp.MustCompile(`esdb://\S+`).FindString(said))
		if err != nil {
			t.Fatal(err)
		}
		config.Logger = esdb.NoopLogging()
		client, err := esdb.NewClient(config)
		if err != nil {
			t.Fatal(err)
		}
		got, err := client.AppendToStream(ctx, "s", esdb.AppendToStreamOptions{},
			esdb.EventData{EventType: "t", ContentType: esdb.ContentTypeJson, Data: []byte("{}")})
		if err != nil || got.NextExpectedVersion != round {
			t.Errorf("append in round %d: %+v, %v", round, got, err)
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestFlags(t *testing.T) {
	var hints bytes.Buffer
	if err := run(t.Context(), []string{"--help"}, io.Discard, &hints); !errors.Is(err, flag.ErrHelp) || !strings.Contains(hints.String(), "-cert-dir") {
		t.Errorf("--help: %v, %s", err, hints.String())
	}
	for _, args := range [][]string{{"--version", "19.1"}, {"127.0.0.1:2113"}, {"--addr", "nowhere"}, {"--addr", "127.0.0.1:0", "--file", t.TempDir()}} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
