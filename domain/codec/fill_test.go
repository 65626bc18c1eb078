package codec

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/calendar"
)

// filler gives every field of a value, however deep, a content of its own.
type filler struct {
	t       testing.TB
	n       int
	subject domain.SubjectID
}

var (
	personalType = reflect.TypeFor[domain.Personal]()
	timeType     = reflect.TypeFor[time.Time]()
	uuidType     = reflect.TypeFor[uuid.UUID]()
	dateType     = reflect.TypeFor[calendar.Date]()
)

func (f *filler) fill(v reflect.Value) {
	f.n++
	switch v.Type() {
	case personalType:
		v.Set(reflect.ValueOf(domain.About(f.subject, fmt.Sprintf("Nguyễn Thị \"Đào\" <%d>", f.n))))
		return
	case timeType:
		v.Set(reflect.ValueOf(time.Date(2026, 11, 24, 7, 30, f.n%60, 123456789, time.UTC)))
		return
	case uuidType:
		v.Set(reflect.ValueOf(uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, f.n))))
		return
	case dateType:
		v.Set(reflect.ValueOf(calendar.NewDate(2026, 1, 1).AddDays(f.n)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("chữ %d", f.n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(f.n))
	case reflect.Uint64:
		v.SetUint(uint64(f.n))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		f.fillEach(v)
	case reflect.Array:
		f.fillEach(v)
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
	default:
		f.t.Fatalf("an event holds a %s: teach the test to fill it", v.Type())
	}
}

func (f *filler) fillEach(v reflect.Value) {
	for i := range v.Len() {
		f.fill(v.Index(i))
	}
}

// zeroEvent gives the zero value of an event type, as the codec itself decodes it.
func zeroEvent(t testing.TB, typ string) domain.Event {
	e, err := schemas[typ].decode([]byte("{}"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// filled is an event of the type with every field set.
func filled(t testing.TB, typ string, subject domain.SubjectID) domain.Event {
	v := reflect.New(reflect.TypeOf(zeroEvent(t, typ))).Elem()
	(&filler{t: t, subject: subject}).fill(v)
	return v.Interface().(domain.Event)
}

// keyring is a key store in memory whose keys derive from the subject.
type keyring struct{ destroyed map[domain.SubjectID]bool }

func (k keyring) key(s domain.SubjectID) (cipher.AEAD, error) {
	if k.destroyed[s] {
		return nil, ErrErased
	}
	sum := sha256.Sum256(append([]byte("key of a test person "), s[:]...))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

var (
	testSubject = uuid.MustParse("6a1e6c0e-9d4b-4c55-8d0f-3f0f5f1f0a01")
	testCommand = uuid.MustParse("0d9c1c3e-55f1-4a57-9a4e-0b7d5b1c2d02")
)

func testMeta() Meta {
	return Meta{
		Command: testCommand, Digest: "d1", Correlation: testCommand, Causation: testCommand,
		Actor:      domain.Actor{Role: domain.IntakeOfficer, Agency: "H99.14", ID: "officer-7"},
		RecordedAt: time.Date(2026, 11, 24, 8, 0, 0, 5000, time.UTC),
		OccurredAt: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC),
	}
}
