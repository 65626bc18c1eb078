package postgres

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/infra/keys"
)

// made is what a store acknowledged: a number, its person, and a sealed word.
type made struct {
	number string
	who    domain.SubjectID
	box    []byte
}

func sealed(s *keys.Store, who domain.SubjectID) ([]byte, error) {
	aead, err := s.Key(who)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, make([]byte, aead.NonceSize()), []byte("x"), nil), nil
}

// makePersons lets the stores make persons, and race for some, until stop is
// closed. What fails for a while is done again.
func makePersons(t *testing.T, stop chan struct{}, stores ...*keys.Store) (wait func() []made) {
	var mu sync.Mutex
	var all []made
	var wg sync.WaitGroup
	for n, s := range stores {
		for worker := range 4 {
			wg.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					number := fmt.Sprint("shared-", worker, "-", i) // the stores' workers walk the same numbers
					if i%3 == 0 {
						number = fmt.Sprint("own-", n, "-", worker, "-", i)
					}
					who, err := s.Resolve(t.Context(), uuid.New(), number)
					for ; errors.Is(err, keys.ErrUnavailable); who, err = s.Resolve(t.Context(), uuid.New(), number) {
						time.Sleep(20 * time.Millisecond)
					}
					if err != nil {
						t.Error("Resolve:", err)
						return
					}
					box, err := sealed(s, who)
					for ; errors.Is(err, keys.ErrUnavailable); box, err = sealed(s, who) {
						time.Sleep(20 * time.Millisecond)
					}
					if err != nil {
						t.Error("Key:", err)
						return
					}
					mu.Lock()
					all = append(all, made{number, who, box})
					mu.Unlock()
				}
			})
		}
	}
	return func() []made { wg.Wait(); return all }
}

// allThere checks on a store opened anew that every acknowledged person is the
// only one with the number, and has the key that sealed the word.
func allThere(t *testing.T, s *keys.Store, all []made) {
	t.Helper()
	owners := map[string]domain.SubjectID{}
	for _, m := range all {
		if first, known := owners[m.number]; known && first != m.who {
			t.Fatal("two persons for", m.number)
		}
		owners[m.number] = m.who
		if who, _, err := s.Find(t.Context(), m.number); err != nil || who != m.who {
			t.Fatal("an acknowledged person is lost:", m.number, err)
		}
		aead, err := s.Key(m.who)
		if err == nil {
			_, err = aead.Open(nil, make([]byte, aead.NonceSize()), m.box, nil)
		}
		if err != nil {
			t.Fatal("sealed with a key that was not the one on disk:", err)
		}
	}
}

// Connections are cut all the time; nothing is lost, nobody is doubled, and no
// call fails, since each is tried again.
func TestConnectionsThatAreCut(t *testing.T) {
	m := keys.NewMaster()
	name := "hoso test " + uuid.NewString()
	plain := schemaOf(t)
	at := with(t, plain, "application_name", name)
	one, two := openAt(t, at, m), openAt(t, at, m)
	stop := make(chan struct{})
	wait := makePersons(t, stop, one, two)
	var gone []domain.SubjectID
	for i := range 20 {
		execute(t, plain, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", name)
		time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
		if i%4 == 0 {
			a := someone(t, one)
			if _, err := two.Key(a); err != nil {
				t.Error(err)
			}
			if err := one.Destroy(t.Context(), a); err != nil {
				t.Error(err)
			}
			gone = append(gone, a)
			if _, err := two.Key(a); !errors.Is(err, codec.ErrErased) {
				t.Error("erased, and the other store still gives the key:", err)
			}
		}
	}
	close(stop)
	all := wait()
	until(t, "well again", 5*time.Second, func() bool { return one.Healthy() == nil && two.Healthy() == nil })
	t.Log(len(all), "persons acknowledged")
	s := openAt(t, plain, m)
	allThere(t, s, all)
	for _, a := range gone {
		if _, err := s.Key(a); !errors.Is(err, codec.ErrErased) {
			t.Error(err)
		}
	}
}

// The server dies in the middle, as a crash would have it, and comes back: at
// once, and after longer than keys at hand are good for.
func TestTheServerDiesAndComesBack(t *testing.T) {
	at, m := schemaOf(t), keys.NewMaster()
	kill, start := server(t, "HOSO_TEST_POSTGRES_STOP"), server(t, "HOSO_TEST_POSTGRES_START")
	t.Cleanup(start) // also where the test ends in the middle
	one, two := openAt(t, at, m), openAt(t, at, m)
	stop := make(chan struct{})
	wait := makePersons(t, stop, one, two)
	time.Sleep(200 * time.Millisecond)
	kill()
	start() // within patience: no call fails for good
	time.Sleep(200 * time.Millisecond)
	known := someone(t, one)

	kill()
	began := time.Now()
	if _, err := one.Key(known); err != nil {
		t.Error("a key at hand is given while it is good:", err)
	}
	until(t, "it says that it is not well", lease+time.Second, func() bool { return one.Healthy() != nil })
	if err := one.Healthy(); !errors.Is(err, keys.ErrUnavailable) {
		t.Error(err)
	}
	if _, err := one.Key(known); !errors.Is(err, keys.ErrUnavailable) {
		t.Errorf("%v after the server died: %v", time.Since(began), err)
	}
	if _, err := one.Resolve(t.Context(), uuid.New()); !errors.Is(err, keys.ErrUnavailable) {
		t.Error(err)
	}
	start()
	until(t, "well again", 5*time.Second, func() bool { return one.Healthy() == nil && two.Healthy() == nil })
	if _, err := one.Key(known); err != nil {
		t.Error(err)
	}
	time.Sleep(100 * time.Millisecond)
	close(stop)
	all := wait()
	t.Log(len(all), "persons acknowledged")
	allThere(t, openAt(t, at, m), all)
}
