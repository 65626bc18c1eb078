package logpubsub_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"hoso/domain/eventlog"
	"hoso/domain/eventlog/memory"
	"hoso/infra/logpubsub"
)

// publish appends n events to a stream.
func publish(t *testing.T, l eventlog.Log, stream, what string, n int) {
	t.Helper()
	p := logpubsub.NewPublisher(l, logpubsub.PublisherOptions{})
	defer p.Close()
	at := eventlog.NoStream
	if last, found, err := l.Last(t.Context(), stream); err != nil {
		t.Fatal(err)
	} else if found {
		at = eventlog.Expected(last.Revision)
	}
	if err := p.Publish(stream, news(what, n, at)...); err != nil {
		t.Fatal(err)
	}
}

// next is the next message, or nil when the channel is closed.
func next(t *testing.T, messages <-chan *message.Message) *message.Message {
	t.Helper()
	select {
	case msg := <-messages:
		return msg
	case <-time.After(patience):
		t.Fatal("no message comes")
		return nil
	}
}

// place is a message's stream and revision.
func place(msg *message.Message) string {
	return msg.Metadata.Get(logpubsub.MetaStream) + "@" + msg.Metadata.Get(logpubsub.MetaRevision)
}

// read acknowledges n messages and gives their places.
func read(t *testing.T, messages <-chan *message.Message, n int) (places []string) {
	t.Helper()
	for range n {
		msg := next(t, messages)
		places = append(places, place(msg))
		msg.Ack()
	}
	return places
}

func subscribe(t *testing.T, s *logpubsub.Subscriber, topic string) <-chan *message.Message {
	t.Helper()
	messages, err := s.Subscribe(context.Background(), topic)
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

// follower is a Subscriber that the test closes at the latest.
func follower(t *testing.T, l eventlog.Log, o logpubsub.Options) *logpubsub.Subscriber {
	if o.Pace == (logpubsub.Pace{}) {
		o.Pace = quick
	}
	s := logpubsub.NewSubscriber(l, o)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestTopics: a stream, streams that begin alike, everything; what is there
// and what comes, in order; and what a message carries.
func TestTopics(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			l, _ := engine.open(t)
			for _, stream := range []string{"a", "a-b", "c", "a"} {
				publish(t, l, stream, "made", 2)
			}
			s := follower(t, l, logpubsub.Options{})
			for topic, want := range map[string]string{
				"a":                    "a@0 a@1 a@2 a@3",
				"a-b":                  "a-b@0 a-b@1",
				logpubsub.Prefix("a"):  "a@0 a@1 a-b@0 a-b@1 a@2 a@3",
				logpubsub.Prefix("a-"): "a-b@0 a-b@1",
				logpubsub.All:          "a@0 a@1 a-b@0 a-b@1 c@0 c@1 a@2 a@3",
				"nobody":               "",
			} {
				if got := strings.Join(read(t, subscribe(t, s, topic), len(strings.Fields(want))), " "); got != want {
					t.Errorf("topic %s: %s, want %s", topic, got, want)
				}
			}
			live, silent := subscribe(t, s, "new"), subscribe(t, s, "ne")
			publish(t, l, "new", "made", 70)
			for i, got := range read(t, live, 70) {
				if got != fmt.Sprintf("new@%d", i) {
					t.Fatalf("message %d of the new stream is %s", i, got)
				}
			}
			select {
			case msg := <-silent:
				t.Errorf("%s came to the topic ne", place(msg))
			default:
			}
			for _, bad := range []string{"", "$all-", "$ce-a"} {
				if _, err := s.Subscribe(t.Context(), bad); !errors.Is(err, eventlog.ErrInvalid) {
					t.Errorf("topic %q: %v", bad, err)
				}
			}
		})
	}
}

// TestBehindTheEnd: where reading a stream turns into following it nothing
// comes twice or is left out, also when it goes on from a kept position.
func TestBehindTheEnd(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			l, _ := engine.open(t)
			publish(t, l, "s", "made", 65) // more than are read at once
			positions := &logpubsub.Memory{}
			messages := subscribe(t, follower(t, l, logpubsub.Options{Checkpoints: positions}), "s")
			read(t, messages, 65)
			for revision := 65; revision < 75; revision++ {
				publish(t, l, "t", "made", 1)
				publish(t, l, "s", "made", 1)
				if got := read(t, messages, 1)[0]; got != fmt.Sprintf("s@%d", revision) {
					t.Fatalf("behind the end comes %s, want revision %d", got, revision)
				}
			}
			again := subscribe(t, follower(t, l, logpubsub.Options{Checkpoints: positions}), "s")
			publish(t, l, "s", "made", 1)
			if got := read(t, again, 1)[0]; got != "s@74" && got != "s@75" { // the last Ack may not be kept yet
				t.Errorf("the second one goes on with %s", got)
			}
		})
	}
}

// TestMessageOfAnEvent: nothing of an event is lost, by value and by reference.
func TestMessageOfAnEvent(t *testing.T) {
	l := memory.New()
	e := eventlog.Proposed{ID: [16]byte{15: 1}, Type: "made", Data: []byte("data"), Meta: []byte(`{"who":"Đức","n":7,"of":{"a":[1]},"eventlog_type":"forged"}`)}
	odd := eventlog.Proposed{ID: [16]byte{15: 2}, Type: "made", Meta: []byte(`[1]`)}
	if _, err := l.Append(t.Context(), "s", eventlog.NoStream, []eventlog.Proposed{e, odd}); err != nil {
		t.Fatal(err)
	}
	messages := subscribe(t, follower(t, l, logpubsub.Options{}), "s")
	msg := next(t, messages)
	want := message.Metadata{"who": "Đức", "n": "7", "of": `{"a":[1]}`, logpubsub.MetaType: "made",
		logpubsub.MetaStream: "s", logpubsub.MetaRevision: "0", logpubsub.MetaPosition: "1"}
	if msg.UUID != "00000000-0000-0000-0000-000000000001" || string(msg.Payload) != "data" || fmt.Sprint(msg.Metadata) != fmt.Sprint(want) {
		t.Errorf("the message is %s %q %v", msg.UUID, msg.Payload, msg.Metadata)
	}
	if r, ok := logpubsub.Value[eventlog.Recorded](msg); !ok || r.ID != e.ID || r.Stream != "s" {
		t.Errorf("it carries %+v, %v", r, ok)
	}
	if _, ok := logpubsub.Value[eventlog.Recorded](msg.Copy()); ok {
		t.Error("a copy carries the event too")
	}
	msg.Ack()
	if msg = next(t, messages); msg.Metadata.Get(logpubsub.MetaRaw) != "[1]" {
		t.Errorf("metadata that is no object: %v", msg.Metadata)
	}
}

// TestGoesOn: a refused event comes again before any other; what was
// acknowledged does not come after a restart, what was not does.
func TestGoesOn(t *testing.T) {
	for _, engine := range engines {
		for _, topic := range []string{"s", logpubsub.All} {
			t.Run(engine.name+" "+topic, func(t *testing.T) {
				l, _ := engine.open(t)
				positions := &logpubsub.Memory{}
				start := func() (<-chan *message.Message, func()) {
					s := logpubsub.NewSubscriber(l, logpubsub.Options{Checkpoints: positions, Pace: quick})
					return subscribe(t, s, topic), func() {
						if err := s.Close(); err != nil {
							t.Error(err)
						}
					}
				}
				publish(t, l, "s", "made", 5)
				messages, stop := start()
				got := read(t, messages, 2)
				for range 3 {
					msg := next(t, messages)
					got = append(got, "no "+place(msg))
					msg.Nack()
				}
				got = append(got, read(t, messages, 1)...)
				next(t, messages) // taken, never answered
				stop()
				if msg := next(t, messages); msg != nil {
					t.Errorf("%s comes after Close", place(msg))
				}
				publish(t, l, "s", "made", 2)
				messages, stop = start()
				got = append(got, read(t, messages, 4)...)
				stop()
				if want := "s@0 s@1 no s@2 no s@2 no s@2 s@2 s@3 s@4 s@5 s@6"; strings.Join(got, " ") != want {
					t.Errorf("%v, want %s", got, want)
				}
			})
		}
	}
}

// TestByReference: values come one at a time, again after a Nack, and as they are.
func TestByReference(t *testing.T) {
	type thing struct{ name string }
	things := []*thing{{"a"}, {"b"}, {"c"}}
	s := logpubsub.ByReference(func(context.Context) iter.Seq[*thing] { return slices.Values(things) }, quick)
	messages := subscribe(t, s, "whatever")
	var got []*thing
	for i := 0; ; i++ {
		msg := next(t, messages)
		if msg == nil {
			break
		}
		one, ok := logpubsub.Value[*thing](msg)
		if !ok || one.name == "" || len(msg.Payload) > 0 {
			t.Fatalf("message %d carries %v", i, msg)
		}
		if _, ok := logpubsub.Value[thing](msg); ok {
			t.Error("it carries another type too")
		}
		if i == 1 {
			msg.Nack()
			continue
		}
		got = append(got, one)
		msg.Ack()
	}
	if !slices.Equal(got, things) {
		t.Errorf("%v came of %v", got, things)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
