package esdb_test

import (
	"testing"

	"hoso/domain/eventlog"
	"hoso/domain/eventlog/logtest"
	"hoso/infra/esdb"
	"hoso/infra/esdb/esdbtest"
)

// The contract suite on the double, at each version that answers in a way of its own.
func TestContract(t *testing.T) {
	needsDouble(t)
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			logtest.Run(t, func(t *testing.T) eventlog.Log {
				return openLog(t, double(t, esdbtest.Options{Version: version}).ConnectionString())
			})
		})
	}
}

// The contract suite on a server that holds other events too: the one that HOSO_TEST_ESDB names, or else a
// double that is kept busy by somebody else. Each test has streams of its own there.
func TestContractShared(t *testing.T) {
	connection, real := realServer()
	if !real {
		srv := double(t, esdbtest.Options{})
		connection = srv.ConnectionString()
		busy(t, openLog(t, connection))
	}
	logtest.Run(t, func(t *testing.T) eventlog.Log { return inNamespace(t, openLog(t, connection)) })
}

// Another program's appends stand between ours; the last one is a quiet moment.
func busy(t *testing.T, l *esdb.Log) {
	at := eventlog.NoStream
	for range 50 {
		done, err := l.Append(within(t), "other-1", at, proposed(3))
		if err != nil {
			t.Fatal(err)
		}
		at = eventlog.Expected(done.Revision)
	}
}
