package esdb_test

import (
	"testing"
	"time"

	client "github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// bare is the client as it comes, for what the log does not do.
type bare struct {
	t testing.TB
	*client.Client
}

func bareClient(t testing.TB, connection string) bare {
	t.Helper()
	config, err := client.ParseConnectionString(connection)
	if err != nil {
		t.Fatal(err)
	}
	config.Logger = client.NoopLogging()
	c, err := client.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return bare{t, c}
}

func (b bare) softDelete(stream string) {
	b.t.Helper()
	if _, err := b.DeleteStream(within(b.t), stream, client.DeleteStreamOptions{}); err != nil {
		b.t.Fatal(err)
	}
}

func (b bare) tombstone(stream string) {
	b.t.Helper()
	if _, err := b.TombstoneStream(within(b.t), stream, client.TombstoneStreamOptions{}); err != nil {
		b.t.Fatal(err)
	}
}

// statistics writes as a server does about itself.
func (b bare) statistics(n int) {
	b.t.Helper()
	deadline := time.Minute
	var events []client.EventData
	for range n {
		events = append(events, client.EventData{EventID: uuid.New(), EventType: "$statsCollected", ContentType: client.ContentTypeJson, Data: []byte(`{}`)})
	}
	if _, err := b.AppendToStream(within(b.t), "$stats-127.0.0.1:2113", client.AppendToStreamOptions{Deadline: &deadline}, events...); err != nil {
		b.t.Fatal(err)
	}
}
