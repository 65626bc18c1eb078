package esdb_test

import (
	"errors"
	"slices"
	"testing"

	"google.golang.org/grpc/codes"

	"hoso/domain/eventlog"
	"hoso/infra/esdb"
	"hoso/infra/esdb/esdbtest"
)

// A read goes on behind the last event it got, however the connection ends.
func TestReadSurvivesCuts(t *testing.T) {
	needsDouble(t)
	for name, fault := range map[string]esdbtest.Fault{
		"cut before the answer": {On: esdbtest.Read, Times: 3, Drop: true},
		"cut in the middle":     {On: esdbtest.Read, Times: 3, Messages: 123, Drop: true},
		"not ready":             esdbtest.NotReady(esdbtest.Read, 3),
		"timed out":             {On: esdbtest.Read, Times: 3, Code: codes.Aborted, Message: "Operation timed out"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := double(t, esdbtest.Options{})
			l := openLog(t, srv.ConnectionString())
			list := proposed(1200)
			mustAppend(t, l, "a-1", eventlog.NoStream, list)
			srv.Inject(fault)
			mustHold(t, l, "a-1", list)
			if last, found, err := l.Last(within(t), "a-1"); err != nil || !found || last.ID != list[1199].ID {
				t.Errorf("last: %v, %t, %v", last.ID, found, err)
			}
			srv.Inject(fault)
			if head, err := l.Head(within(t)); err != nil || head == (eventlog.Position{}) {
				t.Errorf("head: %s, %v", head, err)
			}
		})
	}
}

// What somebody deleted on the server is said, and never taken for an empty or a shorter stream.
func TestDeletedStreams(t *testing.T) {
	srv := double(t, esdbtest.Options{})
	l := openLog(t, srv.ConnectionString())
	raw := bareClient(t, srv.ConnectionString())
	readAll := func(stream string) (n int, err error) {
		for _, err := range l.ReadStream(within(t), stream, 0) {
			if err != nil {
				return n, err
			}
			n++
		}
		return n, nil
	}
	mustAppend(t, l, "a-1", eventlog.NoStream, proposed(4))
	raw.softDelete("a-1")
	if _, err := l.Append(within(t), "a-1", eventlog.NoStream, proposed(1)); !errors.Is(err, esdb.ErrDeletedStream) {
		t.Errorf("append behind a soft delete: %v", err)
	}
	if n, err := readAll("a-1"); n != 0 || !errors.Is(err, esdb.ErrDeletedStream) {
		t.Errorf("read behind a soft delete: %d events, %v", n, err)
	}
	mustAppend(t, l, "a-2", eventlog.NoStream, proposed(4))
	raw.tombstone("a-2")
	if _, err := l.Append(within(t), "a-2", 3, proposed(1)); !errors.Is(err, esdb.ErrDeletedStream) || errors.Is(err, eventlog.ErrAmbiguous) {
		t.Errorf("append to a tombstone: %v", err)
	}
	if n, err := readAll("a-2"); n != 0 || !errors.Is(err, esdb.ErrDeletedStream) {
		t.Errorf("read of a tombstone: %d events, %v", n, err)
	}
	if _, _, err := l.Last(within(t), "a-2"); !errors.Is(err, esdb.ErrDeletedStream) {
		t.Errorf("last of a tombstone: %v", err)
	}
	for b, err := range l.Subscribe(within(t), eventlog.Position{}, eventlog.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(b.Events, func(e eventlog.Recorded) bool { return e.Revision > 10 || e.Type[0] == '$' }) {
			t.Error("the mark of a tombstone came through as an event")
		}
		if b.Live {
			break
		}
	}
}

// Head passes by what the server writes itself, however much that is, and the identity.
func TestHeadPassesSystemEventsBy(t *testing.T) {
	srv := double(t, esdbtest.Options{})
	l := openLog(t, srv.ConnectionString())
	raw := bareClient(t, srv.ConnectionString())
	check := func(want eventlog.Position) {
		t.Helper()
		for range 2 {
			if head, err := l.Head(within(t)); err != nil || head != want {
				t.Errorf("head %s, %v; want %s", head, err, want)
			}
		}
	}
	check(eventlog.Position{})
	raw.statistics(50)
	check(eventlog.Position{})
	done := mustAppend(t, l, "a-1", eventlog.NoStream, proposed(2))
	check(done.Position)
	raw.statistics(5000)
	check(done.Position)
	done = mustAppend(t, l, "a-1", 1, proposed(1))
	raw.statistics(40)
	check(done.Position)
	check(done.Position)
}
