package codec

import (
	"testing"

	"github.com/google/uuid"

	"hoso/domain/eventlog"
)

func FuzzParseMeta(f *testing.F) {
	r := store(f, &Codec{Keys: keyring{}.key}, filled(f, "dossier.rated", testSubject))
	f.Add(r.Meta)
	f.Add(append(r.Meta[:len(r.Meta)-hashMember:len(r.Meta)-hashMember], '}'))
	f.Add([]byte(`{}`))
	f.Add(r.Meta[len(r.Meta)-hashMember:])
	f.Fuzz(func(t *testing.T, meta []byte) {
		m, err := ParseMeta(meta)
		h, err2 := HashOf(eventlog.Recorded{Meta: meta})
		if err == nil && (err2 != nil || h != m.Hash) {
			t.Errorf("two readings of one hash: %v and %v (%v)", m.Hash, h, err2)
		}
		if len(meta) > 0 {
			if m, err := ParseMeta(sealMeta(meta, Hash{7})); err == nil && m.Hash != (Hash{7}) {
				t.Error("the hash is not the one that was sealed")
			}
		}
	})
}

func FuzzDecode(f *testing.F) {
	c := &Codec{Keys: keyring{}.key}
	for typ := range schemas {
		r := store(f, c, filled(f, typ, testSubject))
		f.Add(typ, r.Data, r.Meta)
	}
	f.Fuzz(func(t *testing.T, typ string, data, meta []byte) {
		r := eventlog.Recorded{ID: uuid.NameSpaceOID, Stream: testStream, Type: typ, Data: data, Meta: meta}
		d, err := c.Decode(r)
		if err == nil && d.Event.EventType() != typ {
			t.Errorf("%s was decoded as %s", typ, d.Event.EventType())
		}
		if _, err := c.Read(Hash{}, r); err == nil {
			t.Error("bytes that nobody hashed passed the check")
		}
	})
}
