package esdb_test

import (
	"path/filepath"
	"sync"
	"testing"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"hoso/domain/eventlog"
	"hoso/infra/esdb"
	"hoso/infra/esdb/esdbtest"
)

// Many that open a new server at once agree on one id, which stays over restarts and is not part of the log.
func TestIdentity(t *testing.T) {
	srv := double(t, esdbtest.Options{File: filepath.Join(t.TempDir(), "log")})
	if _, err := esdb.Open(within(t), srv.ConnectionString(), esdb.Options{ReadOnly: true}); err == nil {
		t.Fatal("an empty server was opened for reading")
	}
	var mu sync.Mutex
	ids := map[uuid.UUID]int{}
	var g errgroup.Group
	for range 12 {
		g.Go(func() error {
			l, err := esdb.Open(within(t), srv.ConnectionString(), esdb.Options{})
			if err != nil {
				return err
			}
			mu.Lock()
			ids[l.ID()]++
			mu.Unlock()
			return l.Close()
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if len(ids) != 1 || ids[uuid.Nil] > 0 {
		t.Fatalf("ids: %v", ids)
	}
	srv.Kill()
	if err := srv.Restart(); err != nil {
		t.Fatal(err)
	}
	l, err := esdb.Open(within(t), srv.ConnectionString(), esdb.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	if ids[l.ID()] != 12 {
		t.Errorf("id %s after a restart, before it %v", l.ID(), ids)
	}
	for _, f := range []eventlog.Filter{{}, {StreamPrefixes: []string{"hoso"}}, {StreamPrefixes: []string{"x-", ""}}} {
		if c, err := catchUp(within(t), l, eventlog.Position{}, f); err != nil || len(c.events) != 0 {
			t.Errorf("filter %q: %d events, %v", f.StreamPrefixes, len(c.events), err)
		}
	}
	mustHold(t, l, esdb.IdentityStream, nil)
	if _, found, err := l.Last(within(t), esdb.IdentityStream); found || err != nil {
		t.Errorf("last of the identity's stream: %t, %v", found, err)
	}
	if _, err := l.Append(within(t), "a-1", eventlog.NoStream, proposed(1)); err != eventlog.ErrReadOnly {
		t.Errorf("append to a log opened for reading: %v", err)
	}
}

// A stream of the same name that is something else, or whose beginning was deleted, gives no identity.
func TestIdentityOfSomethingElse(t *testing.T) {
	srv := double(t, esdbtest.Options{})
	raw := bareClient(t, srv.ConnectionString())
	event := client.EventData{EventID: uuid.New(), EventType: "something.else", ContentType: client.ContentTypeJson, Data: []byte(`{}`)}
	if _, err := raw.AppendToStream(within(t), esdb.IdentityStream, client.AppendToStreamOptions{ExpectedRevision: client.NoStream{}}, event); err != nil {
		t.Fatal(err)
	}
	if _, err := esdb.Open(within(t), srv.ConnectionString(), esdb.Options{}); err == nil {
		t.Error("a stream of something else was taken for the identity")
	}
	deleted := double(t, esdbtest.Options{})
	first := openLog(t, deleted.ConnectionString())
	bareClient(t, deleted.ConnectionString()).softDelete(esdb.IdentityStream)
	if _, err := esdb.Open(within(t), deleted.ConnectionString(), esdb.Options{}); err == nil {
		t.Errorf("log %s got a second identity", first.ID())
	}
}
