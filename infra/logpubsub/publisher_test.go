package logpubsub_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"

	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/infra/logpubsub"
)

// news makes messages that become events of one type, and say where they go.
func news(what string, n int, at eventlog.Expected) (list []*message.Message) {
	for i := range n {
		msg := message.NewMessage(uuid.NewString(), fmt.Appendf(nil, `{"n":%d}`, i))
		msg.Metadata.Set(logpubsub.MetaType, what)
		list = append(list, msg)
	}
	logpubsub.Expect(at, list...)
	return list
}

// stored are the events of a stream.
func stored(t *testing.T, l eventlog.Log, stream string) (list []eventlog.Recorded) {
	t.Helper()
	for e, err := range l.ReadStream(t.Context(), stream, 0) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

// TestPublish: on every engine one Publish is one append, all or none; the same
// messages again change nothing; others at the same place are a conflict.
func TestPublish(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			l, _ := engine.open(t)
			p := logpubsub.NewPublisher(l, logpubsub.PublisherOptions{})
			defer p.Close()
			first := news("made", 3, eventlog.NoStream)
			first[1].Metadata.Set("who", "<Nguyễn & Đức>")
			for range 2 {
				if err := p.Publish("s", first...); err != nil {
					t.Fatal(err)
				}
			}
			events := stored(t, l, "s")
			if len(events) != 3 {
				t.Fatalf("%d events, want 3", len(events))
			}
			for i, e := range events {
				if e.ID.String() != first[i].UUID || e.Type != "made" || string(e.Data) != string(first[i].Payload) ||
					first[i].Metadata.Get(logpubsub.MetaRevision) != fmt.Sprint(i) || strings.Contains(string(e.Meta), "eventlog_") {
					t.Errorf("event %d is %+v of %+v", i, e, first[i])
				}
			}
			if got := first[2].Metadata.Get(logpubsub.MetaPosition); got != events[2].Position.String() {
				t.Errorf("published to position %s, stands at %s", got, events[2].Position)
			}
			for _, at := range []eventlog.Expected{eventlog.NoStream, 1, 7} {
				var conflict *eventlog.ConflictError
				err := p.Publish("s", news("other", 2, at)...)
				if !errors.As(err, &conflict) || conflict.Actual != 2 || conflict.Expected != at {
					t.Errorf("at %d: %v, want a conflict with revision 2", at, err)
				}
			}
			if err := p.Publish("s", news("other", 2, 2)...); err != nil || len(stored(t, l, "s")) != 5 {
				t.Errorf("%v, %d events; want 5", err, len(stored(t, l, "s")))
			}
			big := news("big", 2, 4)
			big[1].Payload = make([]byte, eventlog.MaxAppendBytes)
			if err := p.Publish("s", big...); !errors.Is(err, eventlog.ErrTooLarge) || len(stored(t, l, "s")) != 5 {
				t.Errorf("too large: %v, %d events", err, len(stored(t, l, "s")))
			}
			if err := p.Publish("s"); err != nil {
				t.Errorf("nothing to publish: %v", err)
			}
		})
	}
}

// TestPublishRefuses what does not say where, or cannot become an event, and
// then appends nothing at all.
func TestPublishRefuses(t *testing.T) {
	l := memory.New()
	p := logpubsub.NewPublisher(l, logpubsub.PublisherOptions{})
	defer p.Close()
	for name, tc := range map[string]struct {
		spoil func([]*message.Message)
		want  error
	}{
		"no revision":          {func(m []*message.Message) { delete(m[1].Metadata, logpubsub.MetaExpected) }, logpubsub.ErrNoRevision},
		"none at the first":    {func(m []*message.Message) { m[0].Metadata = nil }, logpubsub.ErrNoRevision},
		"any":                  {func(m []*message.Message) { m[0].Metadata.Set(logpubsub.MetaExpected, "any") }, logpubsub.ErrInvalidMessage},
		"minus one":            {func(m []*message.Message) { m[0].Metadata.Set(logpubsub.MetaExpected, "-1") }, logpubsub.ErrInvalidMessage},
		"a jump":               {func(m []*message.Message) { m[2].Metadata.Set(logpubsub.MetaExpected, "2") }, logpubsub.ErrNotConsecutive},
		"both the same":        {func(m []*message.Message) { m[1].Metadata.Set(logpubsub.MetaExpected, logpubsub.NoStream) }, logpubsub.ErrNotConsecutive},
		"no UUID":              {func(m []*message.Message) { m[1].UUID = "01ARZ3NDEKTSV4RRFFQ69G5FAV" }, logpubsub.ErrInvalidMessage},
		"an unusual UUID":      {func(m []*message.Message) { m[1].UUID = "urn:uuid:" + m[1].UUID }, logpubsub.ErrInvalidMessage},
		"the zero UUID":        {func(m []*message.Message) { m[1].UUID = uuid.Nil.String() }, logpubsub.ErrInvalidMessage},
		"no type":              {func(m []*message.Message) { delete(m[2].Metadata, logpubsub.MetaType) }, logpubsub.ErrInvalidMessage},
		"the server's type":    {func(m []*message.Message) { m[2].Metadata.Set(logpubsub.MetaType, "$made") }, eventlog.ErrInvalid},
		"metadata of no UTF-8": {func(m []*message.Message) { m[2].Metadata.Set("who", "\xff") }, logpubsub.ErrInvalidMessage},
	} {
		list := news("made", 3, eventlog.NoStream)
		tc.spoil(list)
		if err := p.Publish("s", list...); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
	if err := p.Publish("$s", news("made", 1, eventlog.NoStream)...); !errors.Is(err, eventlog.ErrInvalid) {
		t.Errorf("a stream of the server's: %v", err)
	}
	if head, err := l.Head(t.Context()); err != nil || head != (eventlog.Position{}) {
		t.Errorf("something was written: %s, %v", head, err)
	}
}

// unsureLog answers appends as told, one error each; a nil lets the append pass.
type unsureLog struct {
	eventlog.Log
	answers []error
	written bool // behind the errors
	calls   int
	asked   chan bool // where set, told of every append
	hold    chan bool // where set, lets each append go on
}

func (l *unsureLog) Append(ctx context.Context, stream string, at eventlog.Expected, events []eventlog.Proposed) (eventlog.Appended, error) {
	if l.asked != nil {
		l.asked <- true
	}
	if l.hold != nil {
		<-l.hold
	}
	var answer error
	if l.calls < len(l.answers) {
		answer = l.answers[l.calls]
	}
	l.calls++
	if answer != nil && !l.written {
		return eventlog.Appended{}, answer
	}
	done, err := l.Log.Append(ctx, stream, at, events)
	return done, errors.Join(answer, err)
}

// TestPublishUntilClear: while it is not known whether an append was written
// it is repeated, whatever is true, and is there once in the end.
func TestPublishUntilClear(t *testing.T) {
	ambiguous := fmt.Errorf("the line was cut: %w", eventlog.ErrAmbiguous)
	for _, tc := range []struct {
		name    string
		answers []error
		written bool
		want    []error // all of them
		events  int
	}{
		{"not written", []error{ambiguous, eventlog.ErrUnavailable, ambiguous}, false, nil, 2},
		{"written", []error{ambiguous, eventlog.ErrUnavailable, ambiguous}, true, nil, 2},
		{"away from the start", []error{eventlog.ErrUnavailable}, false, []error{eventlog.ErrUnavailable}, 0},
		{"stopped, written", []error{ambiguous, eventlog.ErrStopped}, true, []error{eventlog.ErrAmbiguous, eventlog.ErrStopped}, 2},
		{"stopped", []error{ambiguous, eventlog.ErrStopped}, false, []error{eventlog.ErrAmbiguous, eventlog.ErrStopped}, 0},
	} {
		l := &unsureLog{Log: memory.New(), answers: tc.answers, written: tc.written}
		p := logpubsub.NewPublisher(l, logpubsub.PublisherOptions{})
		err := p.Publish("s", news("made", 2, eventlog.NoStream)...)
		if tc.want == nil && err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		for _, want := range tc.want {
			if !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", tc.name, err, want)
			}
		}
		if got := len(stored(t, l, "s")); got != tc.events || l.calls != len(tc.answers)+1 && tc.want == nil {
			t.Errorf("%s: %d events after %d appends, want %d", tc.name, got, l.calls, tc.events)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestConflictAfterAmbiguous is a clear answer: others were first.
func TestConflictAfterAmbiguous(t *testing.T) {
	l := &unsureLog{Log: memory.New(), answers: []error{eventlog.ErrAmbiguous}}
	p := logpubsub.NewPublisher(l, logpubsub.PublisherOptions{})
	defer p.Close()
	if _, err := l.Log.Append(t.Context(), "s", eventlog.NoStream, []eventlog.Proposed{{ID: uuid.New(), Type: "other"}}); err != nil {
		t.Fatal(err)
	}
	err := p.Publish("s", news("made", 1, eventlog.NoStream)...)
	if !errors.As(err, new(*eventlog.ConflictError)) || errors.Is(err, eventlog.ErrAmbiguous) {
		t.Errorf("%v, want a conflict and nothing open", err)
	}
}

// endless is more errors than a test waits for.
func endless(err error) (list []error) {
	for range 1000 {
		list = append(list, err)
	}
	return list
}

// TestPublishEnds while it is still unknown: with the message's context, and
// with Close, which says so.
func TestPublishEnds(t *testing.T) {
	for name, want := range map[string]error{"context": context.Canceled, "close": logpubsub.ErrClosed} {
		l := &unsureLog{Log: memory.New(), answers: endless(eventlog.ErrAmbiguous), asked: make(chan bool, 100)}
		p := logpubsub.NewPublisher(l, logpubsub.PublisherOptions{CloseTimeout: time.Millisecond})
		list := news("made", 1, eventlog.NoStream)
		ctx, cancel := context.WithCancel(t.Context())
		list[0].SetContext(ctx)
		ended := make(chan error)
		go func() { ended <- p.Publish("s", list...) }()
		<-l.asked
		if name == "context" {
			cancel()
		} else if err := p.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, eventlog.ErrAmbiguous) || !errors.Is(err, want) {
			t.Errorf("%s: %v, want it to be ambiguous and %v", name, err, want)
		}
		cancel()
		p.Close()
		if err := p.Publish("s", list...); !errors.Is(err, logpubsub.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
}

// TestCloseWaitsForAppends that end in time.
func TestCloseWaitsForAppends(t *testing.T) {
	l := &unsureLog{Log: memory.New(), asked: make(chan bool), hold: make(chan bool)}
	p := logpubsub.NewPublisher(l, logpubsub.PublisherOptions{})
	published, closed := make(chan error, 1), make(chan error, 1)
	go func() { published <- p.Publish("s", news("made", 1, eventlog.NoStream)...) }()
	<-l.asked
	go func() { closed <- p.Close() }()
	select {
	case <-closed:
		t.Error("Close did not wait")
	case <-time.After(20 * time.Millisecond):
	}
	l.hold <- true
	if err := <-published; err != nil {
		t.Error(err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// patience bounds every wait for something that must happen, however busy the machine is.
const patience = 2 * time.Minute

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come to pass: " + what)
		}
	}
}
