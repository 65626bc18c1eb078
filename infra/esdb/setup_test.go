// These tests run on the double in package esdbtest. On a real server run the same binary (go test -c, it needs
// nothing beside it) with
//
//	HOSO_TEST_ESDB        its connection string; an account that may read $all
//	HOSO_TEST_ESDB_STOP   a shell command that stops the server, and returns when it is gone
//	HOSO_TEST_ESDB_START  one that starts it; it need not wait
//	HOSO_LONG_OUTAGE=1    adds the outage of five minutes
//
// Every test uses streams of its own there. Those that give the double orders are skipped.
package esdb_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"hoso/domain/eventlog"
	"hoso/infra/esdb"
	"hoso/infra/esdb/esdbtest"
)

// patience bounds every wait for something that must happen.
const patience = 60 * time.Second

var versions = map[string]string{"22.10": esdbtest.V22, "23.10": esdbtest.V23, "24.10": esdbtest.V24, "25.0": esdbtest.V25}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// realServer gives the connection string of the server to test instead of the double.
func realServer() (string, bool) {
	connection := os.Getenv("HOSO_TEST_ESDB")
	return connection, connection != ""
}

// needsDouble skips where a real server is tested: it takes no orders.
func needsDouble(t testing.TB) {
	t.Helper()
	if _, real := realServer(); real {
		t.Skip("HOSO_TEST_ESDB is set, and this test gives the double orders that a real server does not take (faults, versions, users, elections)")
	}
}

// double starts a double for this test alone; nothing may be left of the test when it has stopped.
func double(t testing.TB, o esdbtest.Options) *esdbtest.Server {
	t.Helper()
	needsDouble(t)
	leavesNothing(t)
	srv, err := esdbtest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Stop)
	return srv
}

func cluster(t testing.TB, o esdbtest.Options) *esdbtest.Cluster {
	t.Helper()
	needsDouble(t)
	leavesNothing(t)
	c, err := esdbtest.StartCluster(3, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	return c
}

// leavesNothing fails the test when a goroutine of it runs on after all other clean-up.
func leavesNothing(t testing.TB) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		if !t.Failed() {
			goleak.VerifyNone(t, before)
		}
	})
}

// target is a server that can be stopped and started.
type target struct {
	connection  string
	stop, start func()
}

// outageTarget is the double, or the real server with the commands that stop and start it.
func outageTarget(t *testing.T) target {
	t.Helper()
	connection, real := realServer()
	if !real {
		srv := double(t, esdbtest.Options{})
		return target{srv.ConnectionString(), srv.Kill, func() {
			if err := srv.Restart(); err != nil {
				t.Error(err)
			}
		}}
	}
	stop, start := os.Getenv("HOSO_TEST_ESDB_STOP"), os.Getenv("HOSO_TEST_ESDB_START")
	if stop == "" || start == "" {
		t.Skip("HOSO_TEST_ESDB_STOP and HOSO_TEST_ESDB_START must hold the commands that stop and start the server")
	}
	leavesNothing(t)
	order := func(command string) func() {
		return func() {
			if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", command, err, out)
			}
		}
	}
	return target{connection, order(stop), order(start)}
}

func openLog(t testing.TB, connection string) *esdb.Log {
	t.Helper()
	l, err := esdb.Open(within(t), connection, esdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// proposed makes n events whose data names them.
func proposed(n int) (list []eventlog.Proposed) {
	for range n {
		id := uuid.New()
		list = append(list, eventlog.Proposed{ID: id, Type: "test.happened", Data: fmt.Appendf(nil, `{"id":%q}`, id), Meta: []byte(`{}`)})
	}
	return list
}

func mustAppend(t testing.TB, l eventlog.Log, stream string, at eventlog.Expected, list []eventlog.Proposed) eventlog.Appended {
	t.Helper()
	done, err := l.Append(within(t), stream, at, list)
	if err != nil {
		t.Fatalf("append to %s at %d: %v", stream, at, err)
	}
	return done
}

// mustHold checks that a stream holds these events and no others.
func mustHold(t testing.TB, l eventlog.Log, stream string, want []eventlog.Proposed) {
	t.Helper()
	var got []uuid.UUID
	for e, err := range l.ReadStream(within(t), stream, 0) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.ID)
	}
	if !slices.Equal(got, idsOf(want)) {
		t.Fatalf("stream %s holds %d events, want %d: %v", stream, len(got), len(want), got)
	}
}

func idsOf(list []eventlog.Proposed) (ids []uuid.UUID) {
	for _, p := range list {
		ids = append(ids, p.ID)
	}
	return ids
}
