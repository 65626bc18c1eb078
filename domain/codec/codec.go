// Package codec turns domain events into the log's bytes and back. Writing:
// encode, seal, hash. Reading, in this order: check the hash over the stored
// bytes, open the seals, upcast, decode. Nothing re-encodes a stored event.
package codec

import (
	"crypto/cipher"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/eventlog"
)

// Codec encodes and decodes.
type Codec struct {
	// Keys gives a person's key, or ErrErased.
	Keys func(domain.SubjectID) (cipher.AEAD, error)
	// NewID makes an event's id; nil means uuid.New. Ids are new at every
	// encoding: an engine takes an append with known ids for a repetition and
	// answers success without looking at the bytes, so two encodings of one
	// command, whose seals differ, must never share ids. That a command is done
	// once is decided by its id in the folded history instead.
	NewID func() uuid.UUID
}

// Tip is the end of a stream as a writer knows it: what the next event follows.
type Tip struct {
	Revision   eventlog.Expected
	Hash       Hash
	RecordedAt time.Time
}

// EmptyTip is the tip of a stream without events.
var EmptyTip = Tip{Revision: eventlog.NoStream}

// Draft is an event to be written. Its metadata's Schema, Hash and, where it
// lies before the tip's, RecordedAt are filled in by Encode: it then is what a
// reader of the event gets.
type Draft struct {
	Event domain.Event
	Meta  Meta
}

// Encode seals and hashes drafts as the events that follow the tip, and fills in
// their metadata (also of some of them, where it ends in an error). Nonces are
// random: whoever retries an append must resend these bytes, not encode again.
func (c *Codec) Encode(stream string, tip Tip, drafts []Draft) ([]eventlog.Proposed, Tip, error) {
	out := make([]eventlog.Proposed, len(drafts))
	for i, d := range drafts {
		typ := d.Event.EventType()
		m := d.Meta
		m.Schema = schemas[typ].version
		if m.Schema == 0 {
			return nil, tip, &UnknownTypeError{Type: typ}
		}
		m.RecordedAt = laterOf(m.RecordedAt, tip.RecordedAt).UTC()
		if !m.OccurredAt.IsZero() {
			m.OccurredAt = m.OccurredAt.UTC()
		}
		id := c.FreshID()
		sealer := c.sealer(stream, id)
		data, err := json.Marshal(d.Event, sealer.marshal)
		sealer.release()
		if err != nil {
			return nil, tip, fmt.Errorf("codec: %s: %w", typ, err)
		}
		bare, err := json.Marshal(&m)
		if err != nil {
			return nil, tip, fmt.Errorf("codec: %s: metadata: %w", typ, err)
		}
		tip.Revision++
		tip.Hash = chain(tip.Hash, stream, uint64(tip.Revision), id, typ, data, bare[:len(bare)-1])
		tip.RecordedAt = m.RecordedAt
		m.Hash = tip.Hash
		drafts[i].Meta = m
		out[i] = eventlog.Proposed{ID: id, Type: typ, Data: data, Meta: sealMeta(bare, tip.Hash)}
	}
	return out, tip, nil
}

// Decoded is a stored event, opened.
type Decoded struct {
	eventlog.Recorded
	Meta  Meta
	Event domain.Event
}

// Decode opens and decodes a stored event, without checking its hash. Errors:
// *UnknownTypeError, or what is wrong with the bytes.
func (c *Codec) Decode(r eventlog.Recorded) (Decoded, error) {
	d := Decoded{Recorded: r}
	var err error
	if d.Meta, err = ParseMeta(r.Meta); err != nil {
		return d, err
	}
	s, ok := schemas[r.Type]
	if !ok || !s.reads(d.Meta.Schema) {
		return d, &UnknownTypeError{Type: r.Type, Version: d.Meta.Schema}
	}
	sealer := c.sealer(r.Stream, r.ID)
	d.Event, err = s.decode(r.Data, sealer.unmarshal)
	sealer.release()
	if err != nil {
		return d, fmt.Errorf("codec: %s at position %s: %w", r.Type, r.Position, err)
	}
	return d, nil
}

// Read checks a stored event against its predecessor's hash, then decodes it.
func (c *Codec) Read(prev Hash, r eventlog.Recorded) (Decoded, error) {
	if _, err := Check(prev, r); err != nil {
		return Decoded{Recorded: r}, err
	}
	return c.Decode(r)
}

// At is when the event happened: occurred-at where known, else recorded-at.
func (m Meta) At() time.Time {
	if m.OccurredAt.IsZero() {
		return m.RecordedAt
	}
	return m.OccurredAt
}

// Fact is the event as Evolve folds it.
func (d Decoded) Fact() domain.Fact {
	return domain.Fact{Event: d.Event, At: d.Meta.At(), Recorded: d.Meta.RecordedAt, By: d.Meta.Actor, Revision: d.Revision}
}

// Tip is the stream's end if this is its last event.
func (d Decoded) Tip() Tip {
	return Tip{Revision: eventlog.Expected(d.Revision), Hash: d.Meta.Hash, RecordedAt: d.Meta.RecordedAt}
}

// FreshID makes an id that nothing has yet.
func (c *Codec) FreshID() uuid.UUID {
	if c.NewID == nil {
		return uuid.New()
	}
	return c.NewID()
}

func laterOf(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
