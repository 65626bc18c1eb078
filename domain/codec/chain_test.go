package codec

import (
	"bytes"
	"errors"
	"testing"

	"hoso/domain"
	"hoso/domain/eventlog"
)

func TestAnyChangedByteIsFound(t *testing.T) {
	c := &Codec{Keys: keyring{}.key}
	prev := Hash{1, 2, 3}
	p, _, err := c.Encode(testStream, Tip{Revision: 6, Hash: prev}, []Draft{{filled(t, "dossier.submitted", testSubject), testMeta()}})
	if err != nil {
		t.Fatal(err)
	}
	whole := stored(testStream, 7, p)[0]
	if _, err := Check(prev, whole); err != nil {
		t.Fatal(err)
	}
	found := func(part string, at int, prev Hash, r eventlog.Recorded) {
		var broken *BrokenError
		if _, err := Check(prev, r); !errors.As(err, &broken) {
			t.Fatalf("%s, byte %d changed and not found (%v)", part, at, err)
		} else if broken.Stream != r.Stream || broken.Revision != r.Revision || broken.Position != r.Position {
			t.Fatalf("%s: the wrong place is named: %v", part, broken)
		}
	}
	for _, flip := range []byte{0x01, 0x20, 0x80, 0xff} {
		each := func(part string, b []byte, with func(changed []byte) (Hash, eventlog.Recorded)) {
			for i := range b {
				changed := bytes.Clone(b)
				changed[i] ^= flip
				h, r := with(changed)
				found(part, i, h, r)
			}
		}
		each("data", whole.Data, func(b []byte) (Hash, eventlog.Recorded) { r := whole; r.Data = b; return prev, r })
		each("metadata", whole.Meta, func(b []byte) (Hash, eventlog.Recorded) { r := whole; r.Meta = b; return prev, r })
		each("stream", []byte(whole.Stream), func(b []byte) (Hash, eventlog.Recorded) { r := whole; r.Stream = string(b); return prev, r })
		each("type", []byte(whole.Type), func(b []byte) (Hash, eventlog.Recorded) { r := whole; r.Type = string(b); return prev, r })
		each("id", whole.ID[:], func(b []byte) (Hash, eventlog.Recorded) { r := whole; copy(r.ID[:], b); return prev, r })
		each("predecessor", prev[:], func(b []byte) (Hash, eventlog.Recorded) { return Hash(b), whole })
	}
	r := whole
	r.Revision++
	found("revision", 0, prev, r)
	r = whole
	r.Data, r.Type = append([]byte(whole.Type[:1]), whole.Data...), whole.Type[1:]
	found("the border between two parts", 0, prev, r)
	for _, cut := range []int{0, 1, hashMember, len(whole.Meta) - 1} {
		r = whole
		r.Meta = whole.Meta[:cut]
		found("metadata cut short", cut, prev, r)
	}
}

func TestHashOfReadsWhatCheckProves(t *testing.T) {
	c := &Codec{Keys: keyring{}.key}
	r := store(t, c, domain.Rated{Score: 5})
	checked, err := Check(Hash{}, r)
	if err != nil {
		t.Fatal(err)
	}
	if read, err := HashOf(r); err != nil || read != checked {
		t.Errorf("read %v, proven %v, %v", read, checked, err)
	}
	m, err := ParseMeta(r.Meta)
	if err != nil || m.Hash != checked || len(checked.String()) != 64 {
		t.Errorf("metadata says %v, %v", m.Hash, err)
	}
	if _, err := HashOf(eventlog.Recorded{Meta: []byte(`{"v":1}`)}); err == nil {
		t.Error("metadata without a hash passed")
	}
}
