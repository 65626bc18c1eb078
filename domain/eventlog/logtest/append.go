package logtest

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
)

func appendInOrder(t *testing.T, l eventlog.Log) {
	first := mustAppend(t, l, "a-1", eventlog.NoStream, events(1))
	second := mustAppend(t, l, "a-1", 0, events(1))
	if !first.Position.Before(second.Position) {
		t.Fatalf("positions do not rise: %s then %s", first.Position, second.Position)
	}
}

func appendSeveral(t *testing.T, l eventlog.Log) {
	mustAppend(t, l, "a-1", eventlog.NoStream, events(2))
	list := events(3)
	done := mustAppend(t, l, "a-1", 1, list)
	got := readStream(t, l, "a-1", 2)
	if !slices.Equal(ids(got), proposedIDs(list)) {
		t.Fatalf("got %v", ids(got))
	}
	if got[2].Position != done.Position || got[2].Revision != done.Revision {
		t.Fatalf("the receipt says %+v, the last event stands at %d, %s", done, got[2].Revision, got[2].Position)
	}
}

func conflict(t *testing.T, l eventlog.Log, stream string, at, actual eventlog.Expected, list []eventlog.Proposed) {
	t.Helper()
	done, err := l.Append(within(t), stream, at, list)
	var c *eventlog.ConflictError
	if !errors.As(err, &c) {
		t.Fatalf("append at %d: got %+v, %v; want a conflict", at, done, err)
	}
	if c.Stream != stream || c.Expected != at || c.Actual != actual {
		t.Fatalf("got %+v, want stream %s, expected %d, actual %d", *c, stream, at, actual)
	}
}

func appendConflict(t *testing.T, l eventlog.Log) {
	conflict(t, l, "a-1", 0, eventlog.NoStream, events(1))
	mustAppend(t, l, "a-1", eventlog.NoStream, events(3))
	conflict(t, l, "a-1", eventlog.NoStream, 2, events(1))
	conflict(t, l, "a-1", 1, 2, events(1))
	conflict(t, l, "a-1", 3, 2, events(1))
	mustAppend(t, l, "a-1", 2, events(1))
}

func appendAllOrNone(t *testing.T, l eventlog.Log) {
	mustAppend(t, l, "a-1", eventlog.NoStream, events(1))
	before, _ := catchUp(t, l, eventlog.Position{}, eventlog.Filter{})
	conflict(t, l, "a-1", eventlog.NoStream, 0, events(3))
	broken := events(3)
	broken[2].ID = uuid.Nil
	if _, err := l.Append(within(t), "a-1", 0, broken); !errors.Is(err, eventlog.ErrInvalid) {
		t.Fatalf("got %v, want ErrInvalid", err)
	}
	big := events(3)
	big[2].Data = make([]byte, eventlog.MaxAppendBytes)
	if _, err := l.Append(within(t), "a-1", 0, big); !errors.Is(err, eventlog.ErrTooLarge) {
		t.Fatalf("got %v, want ErrTooLarge", err)
	}
	after, _ := catchUp(t, l, eventlog.Position{}, eventlog.Filter{})
	if !slices.Equal(ids(before), ids(after)) {
		t.Fatalf("the log changed: %v, then %v", ids(before), ids(after))
	}
	next := mustAppend(t, l, "a-1", 0, events(1))
	if next.Revision != 1 {
		t.Fatalf("revision %d after refused appends", next.Revision)
	}
}

func appendRepeated(t *testing.T, l eventlog.Log) {
	start, list := events(2), events(3)
	mustAppend(t, l, "a-1", eventlog.NoStream, start)
	first := mustAppend(t, l, "a-1", 1, list)
	for range 3 {
		if again := mustAppend(t, l, "a-1", 1, list); again != first {
			t.Fatalf("again: %+v, first: %+v", again, first)
		}
	}
	mustAppend(t, l, "a-1", 4, events(1))
	other := slices.Clone(list) // an engine that seals anew sends other bytes under the same ids
	for i := range other {
		other[i].Data = []byte(`"other"`)
	}
	if again := mustAppend(t, l, "a-1", 1, other); again != first {
		t.Fatalf("after a later append: %+v, first: %+v", again, first)
	}
	got := readStream(t, l, "a-1", 0)
	if len(got) != 6 || !bytes.Equal(got[2].Data, list[0].Data) {
		t.Fatalf("%d events; data %s", len(got), got[2].Data)
	}
}

func appendRepeatedPart(t *testing.T, l eventlog.Log) {
	list := events(3)
	mustAppend(t, l, "a-1", eventlog.NoStream, list)
	all := readStream(t, l, "a-1", 0)
	for n := 1; n <= 3; n++ {
		done := mustAppend(t, l, "a-1", eventlog.NoStream, list[:n])
		if done.Position != all[n-1].Position {
			t.Fatalf("part of %d: position %s, want %s", n, done.Position, all[n-1].Position)
		}
	}
	if got := readStream(t, l, "a-1", 0); len(got) != 3 {
		t.Fatalf("%d events", len(got))
	}
}

func appendOldThenNew(t *testing.T, l eventlog.Log) {
	list := events(2)
	mustAppend(t, l, "a-1", eventlog.NoStream, list)
	conflict(t, l, "a-1", eventlog.NoStream, 1, append(slices.Clone(list), events(1)...))
	conflict(t, l, "a-1", eventlog.NoStream, 1, []eventlog.Proposed{list[0], events(1)[0]})
	conflict(t, l, "a-1", eventlog.NoStream, 1, []eventlog.Proposed{list[1], list[0]})
	if got := readStream(t, l, "a-1", 0); len(got) != 2 {
		t.Fatalf("%d events", len(got))
	}
}

func appendOtherStream(t *testing.T, l eventlog.Log) {
	list := events(2)
	mustAppend(t, l, "a-1", eventlog.NoStream, list)
	mustAppend(t, l, "a-2", eventlog.NoStream, list)
	if got := readStream(t, l, "a-2", 0); !slices.Equal(ids(got), proposedIDs(list)) {
		t.Fatalf("got %v", ids(got))
	}
}

func appendSameIDsLater(t *testing.T, l eventlog.Log) {
	list := events(1)
	mustAppend(t, l, "a-1", eventlog.NoStream, list)
	mustAppend(t, l, "a-1", 0, list)
	if got := readStream(t, l, "a-1", 0); len(got) != 2 {
		t.Fatalf("%d events", len(got))
	}
}

func appendInvalid(t *testing.T, l eventlog.Log) {
	noID, noType := events(1), events(1)
	noID[0].ID, noType[0].Type = uuid.Nil, ""
	for name, try := range map[string]struct {
		stream string
		at     eventlog.Expected
		events []eventlog.Proposed
	}{
		"no events":             {"a-1", eventlog.NoStream, nil},
		"no stream name":        {"", eventlog.NoStream, events(1)},
		"a stream of $":         {"$settings", eventlog.NoStream, events(1)},
		"a stream not in UTF-8": {"a-\xff", eventlog.NoStream, events(1)},
		"a stream with NUL":     {"a-\x00b", eventlog.NoStream, events(1)},
		"no id":                 {"a-1", eventlog.NoStream, noID},
		"no type":               {"a-1", eventlog.NoStream, noType},
		"a revision below -1":   {"a-1", -2, events(1)},
	} {
		if _, err := l.Append(within(t), try.stream, try.at, try.events); !errors.Is(err, eventlog.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
	if got, _ := catchUp(t, l, eventlog.Position{}, eventlog.Filter{}); len(got) != 0 {
		t.Errorf("%d events are in the log", len(got))
	}
}

func appendLimit(t *testing.T, l eventlog.Log) {
	list := events(2)
	list[0].Data, list[0].Meta = bytes.Repeat([]byte{'d'}, eventlog.MaxAppendBytes/2), nil
	list[1].Data, list[1].Meta = nil, bytes.Repeat([]byte{'m'}, eventlog.MaxAppendBytes/2)
	mustAppend(t, l, "a-1", eventlog.NoStream, list)
	got := readStream(t, l, "a-1", 0)
	if len(got) != 2 || !bytes.Equal(got[0].Data, list[0].Data) || !bytes.Equal(got[1].Meta, list[1].Meta) {
		t.Fatal("the largest append did not come back")
	}
	over := events(2)
	over[0].Data, over[1].Meta = list[0].Data, append(list[1].Meta, 'x')
	if _, err := l.Append(within(t), "a-1", 1, over); !errors.Is(err, eventlog.ErrTooLarge) {
		t.Fatalf("got %v, want ErrTooLarge", err)
	}
}
