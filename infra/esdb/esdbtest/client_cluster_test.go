package esdbtest

import (
	"context"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/metadata"
)

// eventually appends until it succeeds, as one must after an ambiguous answer:
// the same events at the same revision. It gives the errors on the way.
func eventually(ctx context.Context, t *testing.T, c *esdb.Client, stream string, at esdb.ExpectedRevision, text string) []error {
	t.Helper()
	ctx = metadata.AppendToOutgoingContext(ctx, "requires-leader", "true") // the client's own option never reaches the server
	var errs []error
	for ; ; time.Sleep(10 * time.Millisecond) {
		_, err := appendAt(ctx, c, stream, at, text)
		if err == nil {
			return errs
		}
		if errs = append(errs, err); len(errs) > 500 {
			t.Fatalf("append never succeeded: %v", err)
		}
	}
}

// TestClientCluster: the client finds the leader, is sent from a follower to
// it, and survives its resigning and its death.
func TestClientCluster(t *testing.T) {
	t.Parallel()
	ctx, cluster := t.Context(), startedCluster(t, hurried())
	for _, connection := range []string{cluster.ConnectionString(), cluster.DiscoverString()} {
		before := cluster.Leader().Calls(Append)
		stream := "d-" + connection[:8]
		if errs := eventually(ctx, t, connect(t, connection), stream, esdb.NoStream{}, "a"); len(errs) > 0 {
			t.Errorf("%s: %v", connection, errs)
		}
		if n := cluster.Leader().Calls(Append) - before; n != 1 {
			t.Errorf("%s: %d appends came to the leader", connection, n)
		}
	}
	c := connect(t, cluster.ConnectionString())
	eventually(ctx, t, c, "d-1", esdb.NoStream{}, "a")

	cluster.ChangeLeader()
	errs := eventually(ctx, t, c, "d-1", esdb.Revision(0), "b")
	if len(errs) != 1 || !isCode(errs[0], esdb.ErrorCodeNotLeader) {
		t.Errorf("after the leader resigned: %v", errs)
	}
	cluster.KillLeader()
	eventually(ctx, t, c, "d-1", esdb.Revision(1), "c")
	r, err := c.ReadStream(ctx, "d-1", esdb.ReadStreamOptions{}, 10)
	if got, err := drained(t, r, err); got != "a b c" || err != nil {
		t.Errorf("in the end: %q, %v", got, err)
	}
	if n := len(cluster.Followers()); n != 1 {
		t.Errorf("%d followers", n)
	}
}

// TestClientTLS: accounts, the right to read $all and how it is given, and a
// certificate instead of a password.
func TestClientTLS(t *testing.T) {
	t.Parallel()
	ctx, s := t.Context(), started(t, Options{TLS: true, Users: map[string]User{"hoso": {Password: "p&w d"}}})
	admin, user := connect(t, s.ConnectionString()), connect(t, s.ConnectionStringFor("hoso", "p&w d"))
	if _, err := appendAt(ctx, user, "d-1", esdb.NoStream{}, "a"); err != nil {
		t.Fatal(err)
	}
	nobody, wrong := connect(t, s.ConnectionStringFor("", "")), connect(t, s.ConnectionStringFor("hoso", "p"))
	if _, err := appendAt(ctx, nobody, "d-1", esdb.Any{}, "b"); !isCode(err, esdb.ErrorCodeAccessDenied) {
		t.Errorf("nobody: %v", err)
	}
	if _, err := appendAt(ctx, wrong, "d-1", esdb.Any{}, "b"); !isCode(err, esdb.ErrorCodeUnauthenticated) {
		t.Errorf("wrong password: %v", err)
	}
	all := esdb.SubscribeToAllOptions{From: esdb.Start{}}
	if _, err := user.SubscribeToAll(ctx, all); !isCode(err, esdb.ErrorCodeAccessDenied) {
		t.Errorf("$all before the right was given: %v", err)
	}
	give := esdb.EventData{EventType: "$metadata", ContentType: esdb.ContentTypeJson, Data: []byte(`{"$acl":{"$r":["hoso","$admins"]}}`)}
	if _, err := user.AppendToStream(ctx, "$$$all", esdb.AppendToStreamOptions{}, give); !isCode(err, esdb.ErrorCodeAccessDenied) {
		t.Errorf("a user gives himself the right: %v", err)
	}
	if _, err := admin.AppendToStream(ctx, "$$$all", esdb.AppendToStreamOptions{}, give); err != nil {
		t.Fatal(err)
	}
	if got := follow(ctx, t, user, esdb.Start{}, "d-").until(t, "live"); got != "a" {
		t.Errorf("$all with the right: %q", got)
	}
	for _, name := range []string{"hoso", "stranger"} {
		cert, key, err := s.ClientCertificate(name)
		if err != nil {
			t.Fatal(err)
		}
		c := connect(t, s.ConnectionStringFor("", "")+"&userCertFile="+cert+"&userKeyFile="+key)
		_, err = appendAt(ctx, c, "d-2", esdb.Any{}, name)
		if known := name == "hoso"; known != (err == nil) {
			t.Errorf("certificate of %s: %v", name, err)
		}
	}
}
