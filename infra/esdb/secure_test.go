package esdb_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"

	"hoso/domain/eventlog"
	"hoso/infra/esdb"
	"hoso/infra/esdb/esdbtest"
)

// requireLeader asks the server to refuse what it cannot do itself; the client only says that it does.
func requireLeader(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "requires-leader", "true")
}

// tries opens a log that cannot be opened, and wants to hear so soon.
func tries(t *testing.T, connection string) error {
	t.Helper()
	start := time.Now()
	l, err := esdb.Open(within(t), connection, esdb.Options{})
	if err == nil {
		_ = l.Close()
		t.Fatal("the log was opened")
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %s to say: %v", took, err)
	}
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the message shows the password: %v", err)
	}
	return err
}

func TestSecureServer(t *testing.T) {
	srv := double(t, esdbtest.Options{TLS: true})
	tr := startTraffic(t, openLog(t, srv.ConnectionString()), 2*patience)
	tr.more(40)
	srv.Kill()
	if err := srv.Restart(); err != nil {
		t.Fatal(err)
	}
	tr.more(40)
	tr.end()
}

func TestWrongPassword(t *testing.T) {
	srv := double(t, esdbtest.Options{TLS: true})
	if err := tries(t, srv.ConnectionStringFor("admin", "s3cret")); !errors.Is(err, esdb.ErrPassword) {
		t.Errorf("wrong password: %v", err)
	}
	if err := tries(t, srv.ConnectionStringFor("", "")); !errors.Is(err, esdb.ErrNoRight) && !errors.Is(err, esdb.ErrPassword) {
		t.Errorf("no account: %v", err)
	}
}

// An account that is no administrator may write and read streams, but not follow all of them until it is granted.
func TestRightToAll(t *testing.T) {
	srv := double(t, esdbtest.Options{TLS: true, Users: map[string]esdbtest.User{"hoso": {Password: "s3cret"}}})
	l := openLog(t, srv.ConnectionStringFor("hoso", "s3cret"))
	list := proposed(2)
	done := mustAppend(t, l, "a-1", eventlog.NoStream, list)
	mustHold(t, l, "a-1", list)
	_, headErr := l.Head(within(t))
	var subErr error
	for _, subErr = range l.Subscribe(within(t), eventlog.Position{}, eventlog.Filter{}) {
		break
	}
	for what, err := range map[string]error{"Head": headErr, "Subscribe": subErr} {
		var fault *esdb.Fault
		if !errors.Is(err, esdb.ErrNoRightToAll) || !errors.As(err, &fault) {
			t.Fatalf("%s: %v, want ErrNoRightToAll", what, err)
		}
		for _, text := range []string{fault.EN, fault.VI} {
			if !strings.Contains(text, `"$$$all"`) || !strings.Contains(text, `"$metadata"`) || !strings.Contains(text, `{"$acl":{"$r":["hoso","$admins"]}}`) {
				t.Errorf("%s: the message does not name the append that helps: %s", what, text)
			}
		}
	}
	for range 2 { // it may be repeated
		if err := esdb.GrantReadAll(within(t), srv.ConnectionString(), "hoso"); err != nil {
			t.Fatal(err)
		}
	}
	if head, err := l.Head(within(t)); err != nil || head != done.Position {
		t.Errorf("head once granted: %s, %v", head, err)
	}
	if err := esdb.GrantReadAll(within(t), srv.ConnectionStringFor("hoso", "s3cret"), "hoso"); !errors.Is(err, esdb.ErrNoRight) {
		t.Errorf("granted by an account that may not: %v", err)
	}
}

func TestTLSFailures(t *testing.T) {
	srv, other := double(t, esdbtest.Options{TLS: true}), double(t, esdbtest.Options{TLS: true})
	plain := double(t, esdbtest.Options{})
	for name, connection := range map[string]string{
		"a certificate of somebody else": strings.ReplaceAll(srv.ConnectionString(), url.QueryEscape(srv.CAFile()), url.QueryEscape(other.CAFile())),
		"no TLS asked of a TLS server":   "esdb://" + srv.Address() + "?tls=false",
		"TLS asked of a plain server":    "esdb://" + plain.Address() + "?tls=true",
	} {
		if err := tries(t, connection); !errors.Is(err, esdb.ErrTLS) {
			t.Errorf("%s: %v, want ErrTLS", name, err)
		}
	}
}

func TestUserCertificate(t *testing.T) {
	srv := double(t, esdbtest.Options{TLS: true})
	cert, key, err := srv.ClientCertificate("admin")
	if err != nil {
		t.Fatal(err)
	}
	anonymous := srv.ConnectionStringFor("", "")
	l := openLog(t, anonymous+"&userCertFile="+url.QueryEscape(cert)+"&userKeyFile="+url.QueryEscape(key))
	mustAppend(t, l, "a-1", eventlog.NoStream, proposed(1))
	if _, err := l.Head(within(t)); err != nil {
		t.Error(err)
	}
	for _, wrong := range []string{"&userCertFile=" + url.QueryEscape(cert), "&userCertFile=/no/such&userKeyFile=" + url.QueryEscape(key)} {
		if err := tries(t, anonymous+wrong); !strings.Contains(err.Error(), "ertificate") && !strings.Contains(err.Error(), "userCertFile") {
			t.Errorf("got %v", err)
		}
	}
}

func TestServerThatIsNotThere(t *testing.T) {
	srv := double(t, esdbtest.Options{})
	connection := srv.ConnectionString()
	srv.Stop()
	if err := tries(t, connection+"&maxDiscoverAttempts=3&discoveryInterval=50"); !errors.Is(err, esdb.ErrUnreachable) {
		t.Errorf("patience of the settings: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if _, err := esdb.Open(ctx, connection, esdb.Options{}); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, esdb.ErrUnreachable) {
		t.Errorf("patience of the context: %v", err)
	}
}

// A version that the client cannot read is said at once.
func TestServerOfAPreRelease(t *testing.T) {
	srv := double(t, esdbtest.Options{Version: "25.1.0-rc.1"})
	if err := tries(t, srv.ConnectionString()); !errors.Is(err, esdb.ErrVersion) {
		t.Errorf("got %v, want ErrVersion", err)
	}
}
