package logpubsub

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"

	"hoso/domain/eventlog"
)

// reserved begins the names of all metadata that is the log's own. It is never
// stored as an event's metadata, so a message that was received can be
// published to another stream as it is, once Expect has said where.
const reserved = "eventlog_"

// Names in a message's metadata.
const (
	MetaType     = reserved + "type"              // event type, e.g. "dossier.submitted"
	MetaExpected = reserved + "expected_revision" // NoStream, or the revision of the event before it; read by Publish
	MetaStream   = reserved + "stream"            // of a received message
	MetaRevision = reserved + "revision"          // of a received or published message, decimal
	MetaPosition = reserved + "position"          // of a received message, and the last one of a Publish; opaque
	MetaRaw      = reserved + "metadata"          // of a received message: an event's metadata that is no JSON object
)

// NoStream is the value of MetaExpected for the first event of a stream.
const NoStream = "no_stream"

var (
	// ErrNoRevision refuses a message that does not say at which revision it is to be appended.
	ErrNoRevision = errors.New("logpubsub: the message names no expected revision (see Expect)")
	// ErrNotConsecutive refuses messages of one Publish whose revisions do not follow each other.
	ErrNotConsecutive = errors.New("logpubsub: the messages of one Publish must have consecutive revisions (see Expect)")
	// ErrInvalidMessage refuses a message that cannot become an event.
	ErrInvalidMessage = errors.New("logpubsub: the message cannot become an event")
	// ErrClosed is what a closed Publisher or Subscriber answers.
	ErrClosed = errors.New("logpubsub: closed")
)

// Expect says at which revision messages are appended: the first behind the
// event at this revision (eventlog.NoStream: the stream has none), each other
// behind the one before it. Give it all messages of one Publish.
func Expect(at eventlog.Expected, messages ...*message.Message) {
	for i, msg := range messages {
		text := NoStream
		if next := at + eventlog.Expected(i); next != eventlog.NoStream {
			text = strconv.FormatInt(int64(next), 10)
		}
		msg.Metadata.Set(MetaExpected, text)
	}
}

// expected reads what Expect wrote.
func expected(msg *message.Message) (eventlog.Expected, error) {
	switch text := msg.Metadata.Get(MetaExpected); text {
	case "":
		return 0, ErrNoRevision
	case NoStream:
		return eventlog.NoStream, nil
	default:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return 0, fmt.Errorf("%w: %s is %q, want %q or a revision", ErrInvalidMessage, MetaExpected, text, NoStream)
		}
		return eventlog.Expected(n), nil
	}
}

// Mapping turns messages into events and back. The zero Mapping is the one the
// package's comment declares; a field that is set replaces that half.
type Mapping struct {
	// Event makes an event of a message. Errors refuse the whole Publish.
	Event func(*message.Message) (eventlog.Proposed, error)
	// Message makes a message of an event. It must not keep or hand out the
	// event's bytes: they are the log's.
	Message func(eventlog.Recorded) *message.Message
}

func (m Mapping) orDefault() Mapping {
	if m.Event == nil {
		m.Event = toEvent
	}
	if m.Message == nil {
		m.Message = toMessage
	}
	return m
}

func toEvent(msg *message.Message) (eventlog.Proposed, error) {
	id, err := uuid.Parse(msg.UUID)
	if err != nil || id.String() != msg.UUID || id == uuid.Nil {
		return eventlog.Proposed{}, fmt.Errorf("%w: its UUID is %q, want the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx in lower case, for it is the event's id", ErrInvalidMessage, msg.UUID)
	}
	e := eventlog.Proposed{ID: id, Type: msg.Metadata.Get(MetaType), Data: bytes.Clone(msg.Payload)}
	if e.Type == "" {
		return e, fmt.Errorf("%w: it has no %s", ErrInvalidMessage, MetaType)
	}
	own := map[string]string{}
	for name, value := range msg.Metadata {
		if strings.HasPrefix(name, reserved) {
			continue
		}
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return e, fmt.Errorf("%w: metadata %q is not UTF-8 text", ErrInvalidMessage, name)
		}
		own[name] = value
	}
	e.Meta, err = json.Marshal(own) // sorted: the same message gives the same bytes
	return e, err
}

func toMessage(e eventlog.Recorded) *message.Message {
	msg := message.NewMessage(e.ID.String(), bytes.Clone(e.Data))
	var own map[string]json.RawMessage
	if json.Unmarshal(e.Meta, &own) != nil {
		msg.Metadata.Set(MetaRaw, string(e.Meta))
	}
	for name, value := range own {
		var text string
		if json.Unmarshal(value, &text) != nil {
			text = string(value) // a number, a list …: as it stands
		}
		msg.Metadata.Set(name, text)
	}
	msg.Metadata.Set(MetaType, e.Type)
	msg.Metadata.Set(MetaStream, e.Stream)
	msg.Metadata.Set(MetaRevision, strconv.FormatUint(e.Revision, 10))
	msg.Metadata.Set(MetaPosition, e.Position.String())
	return msg
}
