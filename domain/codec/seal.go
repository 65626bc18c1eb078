package codec

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
	"github.com/google/uuid"

	"hoso/domain"
)

// ErrErased is what a key lookup answers for a person whose key was destroyed
// (or never was): the value reads as erased, it is not an error of the event.
var ErrErased = errors.New("codec: the person's key is gone")

// sealedMark begins a sealed value in the log: sealed:<subject>:<base64url of nonce and ciphertext>.
const (
	sealedMark = "sealed:"
	boxAt      = len(sealedMark) + len("6a1e6c0e-9d4b-4c55-8d0f-3f0f5f1f0a01:")
)

var boxCoding = base64.RawURLEncoding.Strict() // one text for one ciphertext

// sealer seals and opens the personal values of one event. Each ciphertext is
// bound to stream, event and field, so that it cannot be moved elsewhere.
type sealer struct {
	keys  func(domain.SubjectID) (cipher.AEAD, error)
	place []byte // stream, NUL, event id, NUL

	subject domain.SubjectID // whose key was asked for last: one event mostly speaks of one person
	key     cipher.AEAD

	text, box, bound []byte // room to work in

	// The JSON library keeps what it learned about a type in its options, so
	// these live longer than one event.
	marshal, unmarshal json.Options
}

var sealers = sync.Pool{New: func() any {
	s := &sealer{}
	s.marshal = json.JoinOptions(
		json.WithMarshalers(json.MarshalToFunc(s.seal)),
		jsonv1.OmitEmptyWithLegacySemantics(true), // omitempty drops 0 and false too: smaller events, the same values
	)
	s.unmarshal = json.WithUnmarshalers(json.UnmarshalFromFunc(s.open))
	return s
}}

// sealer lends a sealer for one event; give it back with release.
func (c *Codec) sealer(stream string, id uuid.UUID) *sealer {
	s := sealers.Get().(*sealer)
	s.keys = c.Keys
	s.place = append(append(s.place[:0], stream...), 0)
	s.place = append(appendUUID(s.place, id), 0)
	return s
}

// release forgets the key and what was worked on.
func (s *sealer) release() {
	s.keys, s.key, s.subject = nil, nil, uuid.Nil
	clear(s.text[:cap(s.text)])
	sealers.Put(s)
}

func (s *sealer) keyOf(subject domain.SubjectID) (cipher.AEAD, error) {
	if s.key != nil && s.subject == subject {
		return s.key, nil
	}
	key, err := s.keys(subject)
	if err != nil {
		return nil, err
	}
	s.subject, s.key = subject, key
	return key, nil
}

func (s *sealer) seal(enc *jsontext.Encoder, p domain.Personal) error {
	if p.Text == "" {
		return enc.WriteToken(jsontext.String(""))
	}
	field := enc.StackPointer()
	if p.Subject == uuid.Nil {
		return fmt.Errorf("codec: personal value at %s has no subject", field)
	}
	key, err := s.keyOf(p.Subject)
	if err != nil {
		return fmt.Errorf("codec: %s: %w", field, err)
	}
	s.text = append(s.text[:0], p.Text...)
	s.box = append(s.box[:0], make([]byte, key.NonceSize())...)
	rand.Read(s.box)
	s.box = key.Seal(s.box, s.box, s.text, s.bind(field))
	out := append(enc.AvailableBuffer(), '"')
	out = append(appendUUID(append(out, sealedMark...), p.Subject), ':')
	return enc.WriteValue(append(boxCoding.AppendEncode(out, s.box), '"'))
}

func (s *sealer) open(dec *jsontext.Decoder, p *domain.Personal) error {
	field := dec.StackPointer()
	value, err := dec.ReadValue()
	if err != nil {
		return err
	}
	if string(value) == `""` {
		*p = domain.Personal{}
		return nil
	}
	if value.Kind() != '"' || len(value) < boxAt+2 || value[boxAt] != ':' || !bytes.HasPrefix(value[1:], []byte(sealedMark)) {
		return fmt.Errorf("codec: %s is not a sealed value", field)
	}
	subject, err := uuid.ParseBytes(value[1+len(sealedMark) : boxAt])
	if err != nil {
		return fmt.Errorf("codec: %s: subject: %w", field, err)
	}
	key, err := s.keyOf(subject)
	if errors.Is(err, ErrErased) {
		*p = domain.Personal{Subject: subject, Erased: true}
		return nil
	} else if err != nil {
		return err
	}
	if s.box, err = boxCoding.AppendDecode(s.box[:0], value[boxAt+1:len(value)-1]); err != nil {
		return fmt.Errorf("codec: %s: %w", field, err)
	}
	n := key.NonceSize()
	if len(s.box) < n {
		return fmt.Errorf("codec: %s: too short", field)
	}
	if s.text, err = key.Open(s.text[:0], s.box[:n], s.box[n:], s.bind(field)); err != nil {
		return fmt.Errorf("codec: %s does not open with its person's key: %w", field, err)
	}
	*p = domain.Personal{Subject: subject, Text: string(s.text)}
	return nil
}

// bind gives the additional data for a field; it holds until the next call.
func (s *sealer) bind(field jsontext.Pointer) []byte {
	s.bound = append(append(s.bound[:0], s.place...), field...)
	return s.bound
}

// appendUUID appends the canonical text of an id.
func appendUUID(b []byte, id uuid.UUID) []byte {
	for i, part := range [...][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, part)
	}
	return b
}
