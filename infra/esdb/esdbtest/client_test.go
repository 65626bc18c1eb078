package esdbtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// patient lets the client look for a server that is away for longer than the
// second it looks by itself.
const patient = "&maxDiscoverAttempts=1000&discoveryInterval=20"

// connect gives the real client, which ends with the test.
func connect(t *testing.T, connection string) *esdb.Client {
	t.Helper()
	config, err := esdb.ParseConnectionString(connection + patient)
	if err != nil {
		t.Fatal(err)
	}
	config.Logger = esdb.NoopLogging()
	client, err := esdb.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// proposal is an event whose id follows from its text.
func proposal(text string) esdb.EventData {
	return esdb.EventData{EventID: uuid.NewSHA1(uuid.NameSpaceURL, []byte(text)), EventType: "t",
		ContentType: esdb.ContentTypeJson, Data: []byte(`"` + text + `"`), Metadata: []byte("{}")}
}

func appendAt(ctx context.Context, c *esdb.Client, stream string, at esdb.ExpectedRevision, texts ...string) (*esdb.WriteResult, error) {
	var events []esdb.EventData
	for _, text := range texts {
		events = append(events, proposal(text))
	}
	return c.AppendToStream(ctx, stream, esdb.AppendToStreamOptions{ExpectedRevision: at}, events...)
}

// isCode reports whether an error is one of the client's with this code.
func isCode(err error, code esdb.ErrorCode) bool {
	var e *esdb.Error
	return errors.As(err, &e) && e.Code() == code
}

// drained reads a read to its end, as texts.
func drained(t *testing.T, r *esdb.ReadStream, err error) (string, error) {
	t.Helper()
	if err != nil {
		return "", err
	}
	defer r.Close()
	var out []string
	for {
		e, err := r.Recv()
		if errors.Is(err, io.EOF) {
			return strings.Join(out, " "), nil
		}
		if err != nil {
			return strings.Join(out, " "), err
		}
		out = append(out, strings.Trim(string(e.OriginalEvent().Data), `"`))
	}
}

// following is a subscription of the client to streams of a prefix, told as
// texts: an event's data, "live", or how it ended.
type following struct {
	sub  *esdb.Subscription
	last esdb.Position
}

func follow(ctx context.Context, t *testing.T, c *esdb.Client, from esdb.AllPosition, prefix string) *following {
	t.Helper()
	sub, err := c.SubscribeToAll(ctx, esdb.SubscribeToAllOptions{From: from, MaxSearchWindow: 2, CheckpointInterval: 1,
		Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{prefix}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sub.Close() })
	return &following{sub: sub}
}

// until reads up to a text and gives all texts before it.
func (f *following) until(t *testing.T, text string) string {
	t.Helper()
	var out []string
	for {
		var got string
		switch e := f.sub.Recv(); {
		case e.EventAppeared != nil:
			got = strings.Trim(string(e.EventAppeared.OriginalEvent().Data), `"`)
			f.last = e.EventAppeared.OriginalEvent().Position
		case e.CaughtUp != nil:
			got = "live"
		case e.CheckPointReached != nil:
			f.last = *e.CheckPointReached
			continue
		case e.SubscriptionDropped != nil:
			got = "dropped"
		}
		if got == text {
			return strings.Join(out, " ")
		}
		if got == "dropped" {
			t.Fatalf("dropped before %q, after %v", text, out)
		}
		out = append(out, got)
	}
}

// TestClient: the real client appends, reads, deletes and subscribes.
func TestClient(t *testing.T) {
	t.Parallel()
	ctx, c := t.Context(), connect(t, started(t, Options{}).ConnectionString())
	first, err := appendAt(ctx, c, "d-1", esdb.NoStream{}, "a", "b")
	if err != nil || first.NextExpectedVersion != 1 {
		t.Fatalf("%+v, %v", first, err)
	}
	again, err := appendAt(ctx, c, "d-1", esdb.NoStream{}, "a", "b")
	if err != nil || *again != *first {
		t.Errorf("again: %+v after %+v, %v", again, first, err)
	}
	if _, err := appendAt(ctx, c, "d-1", esdb.NoStream{}, "c"); !isCode(err, esdb.ErrorCodeWrongExpectedVersion) {
		t.Errorf("conflict: %v", err)
	}
	all := follow(ctx, t, c, esdb.Start{}, "d-")
	if got := all.until(t, "live"); got != "a b" {
		t.Errorf("from the start: %q", got)
	}
	for i := range 5 {
		if _, err := appendAt(ctx, c, fmt.Sprintf("x-%d", i), esdb.NoStream{}, "x"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := appendAt(ctx, c, "d-1", esdb.Revision(1), "c"); err != nil {
		t.Fatal(err)
	}
	if got := all.until(t, "c"); got != "" {
		t.Errorf("live: %q before c", got)
	}
	after := follow(ctx, t, c, esdb.Position{Commit: first.CommitPosition, Prepare: first.PreparePosition}, "d-")
	if got := after.until(t, "live"); got != "c" {
		t.Errorf("after the first append: %q", got)
	}
	forwards, err := c.ReadStream(ctx, "d-1", esdb.ReadStreamOptions{From: esdb.Revision(1)}, 10)
	if got, err := drained(t, forwards, err); got != "b c" || err != nil {
		t.Errorf("forwards: %q, %v", got, err)
	}
	backwards, err := c.ReadAll(ctx, esdb.ReadAllOptions{Direction: esdb.Backwards, From: esdb.End{}}, 2)
	if got, err := drained(t, backwards, err); got != "c x" || err != nil {
		t.Errorf("all backwards: %q, %v", got, err)
	}
	if _, err := c.DeleteStream(ctx, "d-1", esdb.DeleteStreamOptions{ExpectedRevision: esdb.Revision(2)}); err != nil {
		t.Error(err)
	}
	gone, err := c.ReadStream(ctx, "d-1", esdb.ReadStreamOptions{}, 10)
	if _, err := drained(t, gone, err); !isCode(err, esdb.ErrorCodeResourceNotFound) {
		t.Errorf("soft-deleted: %v", err)
	}
	if _, err := c.TombstoneStream(ctx, "d-1", esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}}); err != nil {
		t.Error(err)
	}
	if _, err := appendAt(ctx, c, "d-1", esdb.Any{}, "d"); !isCode(err, esdb.ErrorCodeStreamDeleted) {
		t.Errorf("tombstone: %v", err)
	}
}

// TestClientComesBack: the server is killed and is away for longer than the
// client's own patience; afterwards both go on where they were.
func TestClientComesBack(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := started(t, Options{File: filepath.Join(t.TempDir(), "log")})
	c := connect(t, s.ConnectionString())
	first, err := appendAt(ctx, c, "d-1", esdb.NoStream{}, "a")
	if err != nil {
		t.Fatal(err)
	}
	all := follow(ctx, t, c, esdb.Start{}, "d-")
	all.until(t, "live")
	s.Kill()
	all.until(t, "dropped")
	failed := make(chan error, 1)
	go func() {
		_, err := appendAt(ctx, c, "d-1", esdb.Revision(0), "b")
		failed <- err
	}()
	time.Sleep(1500 * time.Millisecond)
	restart(t, s)
	if err := <-failed; err != nil && !isCode(err, esdb.ErrorUnavailable) {
		t.Errorf("while it was away: %v", err)
	}
	again, err := appendAt(ctx, c, "d-1", esdb.NoStream{}, "a")
	if err != nil || *again != *first {
		t.Errorf("the first append again: %+v, was %+v, %v", again, first, err)
	}
	if _, err := appendAt(ctx, c, "d-1", esdb.Revision(0), "b"); err != nil {
		t.Fatal(err)
	}
	if got := follow(ctx, t, c, all.last, "d-").until(t, "live"); got != "b" {
		t.Errorf("subscribed again: %q", got)
	}
}
