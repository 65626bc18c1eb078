package codec

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"hoso/domain"
	"hoso/domain/eventlog"
)

const testStream = "dossier-0d9c1c3e-55f1-4a57-9a4e-0b7d5b1c2d02"

// stored is what a log would give back for the proposals.
func stored(stream string, first uint64, proposed []eventlog.Proposed) []eventlog.Recorded {
	out := make([]eventlog.Recorded, len(proposed))
	for i, p := range proposed {
		at := first + uint64(i)
		out[i] = eventlog.Recorded{
			ID: p.ID, Stream: stream, Revision: at, Type: p.Type, Data: p.Data, Meta: p.Meta,
			Position: eventlog.Position{Commit: at + 1, Prepare: at + 1},
		}
	}
	return out
}

// store encodes one event as the first of testStream.
func store(t testing.TB, c *Codec, e domain.Event) eventlog.Recorded {
	t.Helper()
	p, _, err := c.Encode(testStream, EmptyTip, []Draft{{e, testMeta()}})
	if err != nil {
		t.Fatal(err)
	}
	return stored(testStream, 0, p)[0]
}

func TestEveryEventComesBackAsItWas(t *testing.T) {
	c := &Codec{Keys: keyring{}.key}
	for typ := range schemas {
		t.Run(typ, func(t *testing.T) {
			want := filled(t, typ, testSubject)
			if want.EventType() != typ {
				t.Fatalf("the type under this name calls itself %s", want.EventType())
			}
			got, err := c.Read(Hash{}, store(t, c, want))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.Event, want) {
				t.Errorf("got  %+v\nwant %+v", got.Event, want)
			}
			m := testMeta()
			m.Schema, m.Hash = Version(typ), got.Meta.Hash
			if got.Meta != m {
				t.Errorf("metadata: got %+v, want %+v", got.Meta, m)
			}
			if empty, err := c.Read(Hash{}, store(t, c, zeroEvent(t, typ))); err != nil {
				t.Error("an event without content:", err)
			} else if empty.Event.EventType() != typ {
				t.Error("an event without content became", empty.Event.EventType())
			}
		})
	}
}

func TestAnyTextComesBack(t *testing.T) {
	c := &Codec{Keys: keyring{}.key}
	rapid.Check(t, func(rt *rapid.T) {
		secret, public := rapid.String().Draw(rt, "sealed"), rapid.String().Draw(rt, "public")
		want := domain.Progressed{Title: public, Text: domain.About(testSubject, secret)}
		got, err := c.Read(Hash{}, store(t, c, want))
		if err != nil {
			rt.Fatal(err)
		}
		if e := got.Event.(domain.Progressed); e.Title != public || e.Text.Text != secret {
			rt.Fatalf("got %q and %q", e.Title, e.Text.Text)
		}
	})
	// What JSON cannot carry is refused when it is written, never changed in silence.
	broken := domain.Progressed{Title: "\xff"}
	if _, _, err := c.Encode(testStream, EmptyTip, []Draft{{broken, testMeta()}}); err == nil || utf8.ValidString(broken.Title) {
		t.Error("text that is not UTF-8 was written")
	}
}

func TestEncodeContinuesTheStream(t *testing.T) {
	c := &Codec{Keys: keyring{}.key}
	late, early := testMeta(), testMeta()
	late.RecordedAt = time.Now() // with a monotonic reading, which no stored time has
	early.RecordedAt = late.RecordedAt.Add(-time.Hour).In(time.FixedZone("+7", 7*3600))
	tip := EmptyTip
	var all []eventlog.Recorded
	var written []Draft
	for _, m := range []Meta{late, early} {
		drafts := []Draft{{domain.Rated{Score: 5}, m}, {domain.Rated{Score: 4}, m}}
		p, next, err := c.Encode(testStream, tip, drafts)
		written = append(written, drafts...)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, stored(testStream, uint64(tip.Revision+1), p)...)
		tip = next
	}
	var prev Hash
	for i, r := range all {
		d, err := c.Read(prev, r)
		if err != nil {
			t.Fatal(err)
		}
		if !d.Meta.RecordedAt.Equal(late.RecordedAt) || d.Meta.RecordedAt.Location() != time.UTC {
			t.Errorf("event %d: recorded at %v: before its predecessor, or not UTC", i, d.Meta.RecordedAt)
		}
		if d.Meta != written[i].Meta {
			t.Errorf("event %d: the writer goes on with %+v, a reader with %+v", i, written[i].Meta, d.Meta)
		}
		prev = d.Meta.Hash
		if i == len(all)-1 && d.Tip() != tip {
			t.Errorf("the last event's tip is %+v, the writer's %+v", d.Tip(), tip)
		}
	}
	ids := map[uuid.UUID]bool{}
	for _, r := range all {
		ids[r.ID] = true
	}
	if len(ids) != len(all) {
		t.Error("an engine takes events of one id for one event; here two share theirs")
	}
}

type fromTomorrow struct{}

func (fromTomorrow) EventType() string { return "dossier.dreamt" }

func TestUnknownTypesAndVersionsAreTold(t *testing.T) {
	c := &Codec{Keys: keyring{}.key}
	var unknown *UnknownTypeError
	if _, _, err := c.Encode(testStream, EmptyTip, []Draft{{fromTomorrow{}, testMeta()}}); !errors.As(err, &unknown) {
		t.Errorf("encoding: %v", err)
	}
	r := store(t, c, domain.Rated{Score: 3})
	other := r
	other.Type = "dossier.dreamt"
	if _, err := c.Decode(other); !errors.As(err, &unknown) || unknown.Type != "dossier.dreamt" || unknown.Version != 1 {
		t.Errorf("decoding an unknown type: %v", err)
	}
	other = r
	other.Meta = []byte(strings.Replace(string(r.Meta), `"v":1`, `"v":2`, 1))
	if _, err := c.Decode(other); !errors.As(err, &unknown) || unknown.Version != 2 {
		t.Errorf("decoding an unknown version: %v", err)
	}
	if _, err := c.Read(Hash{}, other); errors.As(err, &unknown) {
		t.Errorf("the hash comes before anything else: %v", err)
	}
}
