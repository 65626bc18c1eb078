package codec

import (
	"bytes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"hoso/domain"
)

func about(text string) domain.Personal { return domain.About(testSubject, text) }

func TestPersonalValuesAreCiphertext(t *testing.T) {
	c := &Codec{Keys: keyring{}.key}
	for typ := range schemas {
		r := store(t, c, filled(t, typ, testSubject))
		for _, trace := range []string{"Nguyễn", `Nguy\u1ec5n`, "Đào", hex.EncodeToString([]byte("Nguyễn")), base64.RawStdEncoding.EncodeToString([]byte("Nguyễn"))} {
			if bytes.Contains(r.Data, []byte(trace)) || bytes.Contains(r.Meta, []byte(trace)) {
				t.Errorf("%s: %q lies open in the log", typ, trace)
			}
		}
	}
	e := domain.Rated{Comment: about("gut")}
	if a, b := store(t, c, e), store(t, c, e); bytes.Equal(a.Data, b.Data) {
		t.Error("sealing twice gave the same bytes: the nonce is not random")
	}
}

func TestACiphertextCannotBeMoved(t *testing.T) {
	c := &Codec{Keys: keyring{}.key}
	whole := store(t, c, domain.Delivered{Receiver: about("Đào"), Proof: about("chữ ký")})
	if _, err := c.Decode(whole); err != nil {
		t.Fatal(err)
	}
	moved := whole
	moved.Stream = "dossier-other"
	if _, err := c.Decode(moved); err == nil {
		t.Error("it opens in another stream")
	}
	moved = whole
	moved.ID = uuid.New()
	if _, err := c.Decode(moved); err == nil {
		t.Error("it opens in another event")
	}
	moved = whole
	moved.Data = []byte(strings.NewReplacer(`"receiver":`, `"proof":`, `"proof":`, `"receiver":`).Replace(string(whole.Data)))
	if _, err := c.Decode(moved); err == nil {
		t.Error("it opens in another field")
	}
	moved = whole
	moved.Data = bytes.ReplaceAll(whole.Data, []byte(testSubject.String()), []byte(uuid.NewString()))
	if _, err := c.Decode(moved); err == nil {
		t.Error("it opens for another person")
	}
	two := store(t, c, domain.OriginalsCompared{Components: []domain.Comparison{{Note: about("a")}, {Note: about("b")}}})
	var boxes []string
	for _, part := range strings.Split(string(two.Data), `"`) {
		if strings.HasPrefix(part, sealedMark) {
			boxes = append(boxes, part)
		}
	}
	two.Data = []byte(strings.NewReplacer(boxes[0], boxes[1], boxes[1], boxes[0]).Replace(string(two.Data)))
	if _, err := c.Decode(two); err == nil {
		t.Error("it opens at another index of a list")
	}
}

func TestAMissingKeyReadsAsErased(t *testing.T) {
	keys := keyring{destroyed: map[domain.SubjectID]bool{}}
	c := &Codec{Keys: keys.key}
	other := uuid.New()
	r := store(t, c, domain.Delivered{Way: domain.ByPost, Receiver: about("Đào"), Proof: domain.About(other, "giấy ủy quyền")})
	keys.destroyed[testSubject] = true
	d, err := c.Read(Hash{}, r)
	if err != nil {
		t.Fatal(err)
	}
	want := domain.Delivered{
		Way: domain.ByPost, Receiver: domain.Personal{Subject: testSubject, Erased: true}, Proof: domain.About(other, "giấy ủy quyền"),
	}
	if d.Event != domain.Event(want) {
		t.Errorf("got %#v", d.Event)
	}
	if _, _, err := c.Encode(testStream, EmptyTip, []Draft{{domain.Rated{Comment: about("x")}, testMeta()}}); !errors.Is(err, ErrErased) {
		t.Errorf("writing about an erased person: %v", err)
	}
}

func TestOtherFaultsOfTheKeyStoreAreNotErasure(t *testing.T) {
	r := store(t, &Codec{Keys: keyring{}.key}, domain.Rated{Comment: about("x")})
	lost := errors.New("disk gone")
	c := &Codec{Keys: func(domain.SubjectID) (cipher.AEAD, error) { return nil, lost }}
	if _, err := c.Decode(r); !errors.Is(err, lost) {
		t.Errorf("got %v", err)
	}
}

func TestAPersonalValueNeedsASubject(t *testing.T) {
	c := &Codec{Keys: keyring{}.key}
	e := domain.Rated{Comment: domain.Personal{Text: "whose?"}}
	if _, _, err := c.Encode(testStream, EmptyTip, []Draft{{e, testMeta()}}); err == nil || strings.Contains(err.Error(), "whose") {
		t.Errorf("got %v", err)
	}
}

func TestPlainTextIsNotReadAsSealed(t *testing.T) {
	c := &Codec{Keys: keyring{}.key}
	sealed := store(t, c, domain.Rated{Comment: about("x")})
	for _, value := range []string{
		`"Nguyễn"`, `7`, `null`, `{}`, `"sealed:"`, `"sealed:x:y"`, `"sealed:` + testSubject.String() + `"`, `"sealed:` + testSubject.String() + `:"`,
		`"sealed:` + testSubject.String() + `:AAAA"`, `"sealed:` + testSubject.String() + `:!"`,
	} {
		r := sealed
		r.Data = []byte(`{"score":1,"comment":` + value + `}`)
		if d, err := c.Decode(r); err == nil {
			t.Errorf("%s was read as %#v", value, d.Event)
		}
	}
}
