// Package keystest is the contract of a key store: every engine passes it.
package keystest

import (
	"testing"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/infra/keys"
)

// Place is where one test's keys lie: a folder, or a schema.
type Place struct {
	// Open opens the store there, and makes it the first time.
	Open func(keys.Master) (*keys.Store, error)
	// OpenReadOnly opens one that must be there.
	OpenReadOnly func(keys.Master) (*keys.Store, error)
}

// tests hold for one writing store at a time.
var tests = map[string]func(*testing.T, Place){
	"resolve": resolve,
	"first submissions at once share a person":  firstAtOnce,
	"keys outlive the store":                    outlive,
	"hashes are keyed and do not mix":           hashes,
	"each tells who lives and since when":       each,
	"a reader beside a writer":                  readOnly,
	"a destroyed person does not come back":     destroyed,
	"key and destroy at once":                   destroyAtOnce,
	"resolve and destroy at once":               resolveAndDestroy,
	"another master key":                        rewrap,
	"another master key while persons are made": rewrapAtOnce,
	"a wrong master key is told at once":        wrongMaster,
	"a bar, its end, and what ends it":          bars,
	"a bar waits for who writes":                barWaits,
	"what is at hand goes with the key":         destroyedIsTold,
	"a context that ended":                      ended,
	"closed":                                    closed,
}

// several hold where several stores have one place open.
var several = map[string]func(*testing.T, Place){
	"two stores opened at once on an empty place": openedAtOnce,
	"two stores race for the same persons":        race,
	"a key destroyed by one is gone for all":      goneForAll,
	"destroyed by one while another reads":        destroyedElsewhere,
	"a bar holds in all":                          heldForAll,
	"two bar one person":                          barAtOnce,
	"a bar among writers":                         barAmongWriters,
	"a master key changed by another":             rewrappedElsewhere,
}

// Run runs the contract. Each test gets a place of its own; shared says that
// several stores may write there at once.
func Run(t *testing.T, shared bool, place func(t *testing.T) Place) {
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, place(t)) })
	}
	for name, test := range several {
		t.Run(name, func(t *testing.T) {
			if !shared {
				t.Skip("one process writes here")
			}
			test(t, place(t))
		})
	}
}

// Open opens a store for the length of the test.
func (p Place) open(t testing.TB, m keys.Master) *keys.Store {
	t.Helper()
	s, err := p.Open(m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// person resolves, which must succeed.
func person(t testing.TB, s *keys.Store, candidate domain.SubjectID, ids ...string) domain.SubjectID {
	t.Helper()
	got, err := s.Resolve(t.Context(), candidate, ids...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// someone is a new person.
func someone(t testing.TB, s *keys.Store) domain.SubjectID { return person(t, s, uuid.New()) }

// seal and unseal show that two ciphers have the same key.
func seal(t testing.TB, s *keys.Store, subject domain.SubjectID, text string) []byte {
	t.Helper()
	aead, err := s.Key(subject)
	if err != nil {
		t.Fatal(err)
	}
	return aead.Seal(nil, make([]byte, aead.NonceSize()), []byte(text), nil)
}

func unseal(t testing.TB, s *keys.Store, subject domain.SubjectID, box []byte) string {
	t.Helper()
	aead, err := s.Key(subject)
	if err != nil {
		t.Fatal(err)
	}
	text, err := aead.Open(nil, make([]byte, aead.NonceSize()), box, nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
