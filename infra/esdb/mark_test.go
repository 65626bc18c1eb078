package esdb_test

import (
	"errors"
	"testing"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"hoso/domain/eventlog"
	"hoso/infra/esdb"
	"hoso/infra/esdb/esdbtest"
)

// While a log is filled nobody else opens it; afterwards it is one like any other, under the id it was given.
func TestFilling(t *testing.T) {
	srv := double(t, esdbtest.Options{})
	id := uuid.New()
	fill := func(id uuid.UUID) (*esdb.Log, error) {
		return esdb.Open(within(t), srv.ConnectionString(), esdb.Options{Fill: id})
	}
	for range 2 { // the second goes on after an interruption
		l, err := fill(id)
		if err != nil {
			t.Fatal(err)
		}
		if complete, err := l.Complete(within(t)); l.ID() != id || complete || err != nil {
			t.Fatalf("id %s, complete %t, %v", l.ID(), complete, err)
		}
		mustAppend(t, l, "a-"+uuid.NewString(), eventlog.NoStream, proposed(1))
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		for _, readOnly := range []bool{false, true} {
			if _, err := esdb.Open(within(t), srv.ConnectionString(), esdb.Options{ReadOnly: readOnly}); !errors.Is(err, esdb.ErrUnfinished) {
				t.Errorf("read-only %t: a log that is partly there was opened: %v", readOnly, err)
			}
		}
		if _, err := fill(uuid.New()); err == nil {
			t.Error("filled with two logs")
		}
	}
	l, err := fill(id)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Filled(within(t)), l.Close()); err != nil {
		t.Fatal(err)
	}
	if whole := openLog(t, srv.ConnectionString()); whole.ID() != id {
		t.Errorf("id %s, want %s", whole.ID(), id)
	}
	again, err := fill(id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { again.Close() })
	if complete, err := again.Complete(within(t)); !complete || err != nil {
		t.Errorf("complete %t, %v", complete, err)
	}
}

// A server that holds anything is not filled.
func TestFillingRefusesWhatIsThere(t *testing.T) {
	srv := double(t, esdbtest.Options{})
	own := openLog(t, srv.ConnectionString())
	if _, err := esdb.Open(within(t), srv.ConnectionString(), esdb.Options{Fill: own.ID()}); err == nil {
		t.Error("a log that was never filled was taken for one that was")
	}
	foreign := double(t, esdbtest.Options{})
	event := client.EventData{EventID: uuid.New(), EventType: "something.else", ContentType: client.ContentTypeJson, Data: []byte(`{}`)}
	if _, err := bareClient(t, foreign.ConnectionString()).AppendToStream(within(t), "somebody-1", client.AppendToStreamOptions{ExpectedRevision: client.NoStream{}}, event); err != nil {
		t.Fatal(err)
	}
	if _, err := esdb.Open(within(t), foreign.ConnectionString(), esdb.Options{Fill: uuid.New()}); err == nil {
		t.Error("somebody's server was filled")
	}
}

// Frozen, a log refuses who opens it and who follows it, until it is thawed; a thawed or
// filled one stays open for a subscription that reads the old marks again.
func TestFreezing(t *testing.T) {
	srv := double(t, esdbtest.Options{})
	running := openLog(t, srv.ConnectionString())
	go func() { // as every server's sealer does
		for range running.Subscribe(t.Context(), eventlog.Position{}, eventlog.Filter{}) {
		}
	}()
	mustAppend(t, running, "a-1", eventlog.NoStream, proposed(1))
	mover, err := esdb.Open(within(t), srv.ConnectionString(), esdb.Options{Frozen: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mover.Close() })
	if err := mover.Freeze(within(t), "sqlite:/elsewhere"); err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); !errors.Is(running.Healthy(), eventlog.ErrStopped); time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > patience {
			t.Fatal("who follows the log does not see that it is frozen")
		}
	}
	var frozen *esdb.FrozenError
	if _, err := running.Append(within(t), "a-1", 0, proposed(1)); !errors.As(err, &frozen) || frozen.To != "sqlite:/elsewhere" || !errors.Is(err, eventlog.ErrStopped) {
		t.Errorf("append to a frozen log: %v", err)
	}
	open := func(o esdb.Options) error {
		l, err := esdb.Open(within(t), srv.ConnectionString(), o)
		if err == nil {
			l.Close()
		}
		return err
	}
	if err := open(esdb.Options{}); !errors.As(err, &frozen) {
		t.Errorf("open a frozen log: %v", err)
	}
	if err := open(esdb.Options{ReadOnly: true}); err != nil {
		t.Errorf("read while it is moved: %v", err)
	}
	if err := mover.Moved(within(t), "sqlite:/elsewhere"); err != nil {
		t.Fatal(err)
	}
	if err := open(esdb.Options{ReadOnly: true}); !errors.As(err, &frozen) || !frozen.Moved {
		t.Errorf("read a log that stands elsewhere: %v", err)
	}
	if err := mover.Thaw(within(t)); err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); running.Healthy() != nil; time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > patience {
			t.Fatal("who follows the log does not see that it is thawed")
		}
	}
	mustAppend(t, running, "a-1", 0, proposed(1))
	if err := open(esdb.Options{}); err != nil {
		t.Error(err)
	}
	later := openLog(t, srv.ConnectionString())
	for batch, err := range later.Subscribe(within(t), eventlog.Position{}, eventlog.Filter{}) {
		if err != nil || later.Healthy() != nil {
			t.Fatal(err, later.Healthy())
		}
		if batch.Live {
			break
		}
	}
	mustAppend(t, later, "a-1", 1, proposed(1))
}
