package keys

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
	"hoso/domain/eventlog"
)

func open(t testing.TB, dir string) *Store {
	t.Helper()
	m, err := LoadMaster(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(dir, m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func resolve(t testing.TB, s *Store, candidate domain.SubjectID, ids ...string) domain.SubjectID {
	t.Helper()
	got, err := s.Resolve(context.Background(), candidate, ids...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// seal and unseal show that two ciphers have the same key.
func seal(t *testing.T, s *Store, subject domain.SubjectID, text string) []byte {
	t.Helper()
	aead, err := s.Key(subject)
	if err != nil {
		t.Fatal(err)
	}
	return aead.Seal(nil, make([]byte, aead.NonceSize()), []byte(text), nil)
}

func unseal(t *testing.T, s *Store, subject domain.SubjectID, box []byte) string {
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

func TestResolve(t *testing.T) {
	s := open(t, t.TempDir())
	a, b, c := uuid.New(), uuid.New(), uuid.New()
	if got := resolve(t, s, a, "001085000001"); got != a {
		t.Error("a new number makes the candidate a person")
	}
	if got := resolve(t, s, a, "001085000001"); got != a {
		t.Error("again, the same")
	}
	if got := resolve(t, s, b, "", "001085000001", "012345678"); got != a {
		t.Error("a known number names its person, whatever the candidate")
	}
	if _, err := s.Key(b); !errors.Is(err, codec.ErrErased) {
		t.Error("a candidate that was not needed has a key:", err)
	}
	if got := resolve(t, s, b, "012345678"); got != a {
		t.Error("the second number of a person was not kept")
	}
	if got := resolve(t, s, b, "0312345678"); got != b {
		t.Error("another number is another person")
	}
	if got := resolve(t, s, c, "0312345678", "001085000001"); got != b {
		t.Error("with two persons the first number wins")
	}
	if got := resolve(t, s, c, "001085000001", "0312345678"); got != a {
		t.Error("and nobody is merged")
	}
	if got := resolve(t, s, c); got != c {
		t.Error("without numbers the candidate itself")
	}
	if got := resolve(t, s, c, "079200000009"); got != c || resolve(t, s, uuid.New(), "079200000009") != c {
		t.Error("a number learnt later belongs to the candidate that exists")
	}
	if _, err := s.Resolve(context.Background(), uuid.Nil, "x"); err == nil {
		t.Error("nobody was made a person")
	}
	if who, ok, err := s.Find(context.Background(), "012345678"); who != a || !ok || err != nil {
		t.Error("Find:", who, ok, err)
	}
	if _, ok, err := s.Find(context.Background(), "999"); ok || err != nil {
		t.Error("Find found", ok, err)
	}
}

func TestFirstSubmissionsAtOnceShareOnePerson(t *testing.T) {
	s := open(t, t.TempDir())
	const callers = 100
	got := make([]domain.SubjectID, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			ids := []string{"001085000001", fmt.Sprintf("0123456%02d", i%10)}
			var err error
			if got[i], err = s.Resolve(context.Background(), uuid.New(), ids...); err != nil {
				t.Error(err)
			} else if _, err := s.Key(got[i]); err != nil {
				t.Error("resolved, and no key:", err)
			}
		})
	}
	wg.Wait()
	for _, g := range got {
		if g != got[0] {
			t.Fatal("two persons for one number")
		}
	}
	n := 0
	for _, err := range s.Each(context.Background()) {
		if n++; err != nil {
			t.Error(err)
		}
	}
	if n != 1 {
		t.Errorf("%d persons were made", n)
	}
}

func TestKeysOutliveTheProcess(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	a := resolve(t, s, uuid.New(), "001085000001")
	box := seal(t, s, a, "Nguyễn Thị Đào")
	hash, digest, open1 := s.IDHash("1"), s.LogDigest([]byte("1")), s.ProofHash("last4", "1")
	own, err := s.Digest(a, []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	// A copy taken while the store is open is what a kill -9 would leave.
	killed := t.TempDir()
	if err := os.CopyFS(filepath.Join(killed, "x"), os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	os.Chmod(filepath.Join(killed, "x", masterFile), 0o600)
	s.Close()
	for _, where := range []string{dir, filepath.Join(killed, "x")} {
		again := open(t, where)
		if unseal(t, again, a, box) != "Nguyễn Thị Đào" || resolve(t, again, uuid.New(), "001085000001") != a {
			t.Error("the key or the number is lost")
		}
		if again.IDHash("1") != hash || again.LogDigest([]byte("1")) != digest || again.ProofHash("last4", "1") != open1 {
			t.Error("the hashes changed")
		}
		if d, err := again.Digest(a, []byte("1")); d != own || err != nil {
			t.Error("the digest changed", err)
		}
	}
}

func TestHashesAreKeyedAndDoNotMix(t *testing.T) {
	s, other := open(t, t.TempDir()), open(t, t.TempDir())
	a, b := resolve(t, s, uuid.New(), "1"), resolve(t, s, uuid.New(), "2")
	da, _ := s.Digest(a, []byte("1"))
	db, _ := s.Digest(b, []byte("1"))
	seen := map[string]bool{}
	for _, h := range []string{
		s.IDHash("1"), s.IDHash("2"), other.IDHash("1"), s.ProofHash("", "1"), s.ProofHash("x", "1"), s.ProofHash("x1", ""), s.LogDigest([]byte("1")),
		s.PaperHash([]byte("1")), da, db,
	} {
		if len(h) != 64 || seen[h] {
			t.Errorf("%q twice, or no hash", h)
		}
		seen[h] = true
	}
}

func TestEachTellsWhoLivesAndSinceWhen(t *testing.T) {
	s := open(t, t.TempDir())
	began := time.Now().Add(-time.Second)
	want := map[domain.SubjectID]bool{}
	for range 1203 { // more than two pages
		want[resolve(t, s, uuid.New())] = true
	}
	gone := resolve(t, s, uuid.New())
	if err := s.Destroy(context.Background(), gone); err != nil {
		t.Fatal(err)
	}
	for l, err := range s.Each(context.Background()) {
		if err != nil || !want[l.Subject] || l.CreatedAt.Before(began) || l.CreatedAt.After(time.Now()) {
			t.Fatal(l, err)
		}
		delete(want, l.Subject)
	}
	if len(want) != 0 {
		t.Errorf("%d were left out", len(want))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, err := range s.Each(ctx) {
		if !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

func TestReadOnlyBesideAWriter(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenReadOnly(dir, NewMaster()); err == nil {
		t.Error("a store that is not there was opened")
	}
	s := open(t, dir)
	m, _ := LoadMaster(dir, "")
	r, err := OpenReadOnly(dir, m)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	a := resolve(t, s, uuid.New(), "001085000001")
	if unseal(t, r, a, seal(t, s, a, "x")) != "x" || resolve(t, r, uuid.New(), "001085000001") != a {
		t.Error("the reader does not see what the writer wrote")
	}
	if _, err := r.Resolve(context.Background(), uuid.New(), "2"); !errors.Is(err, eventlog.ErrReadOnly) {
		t.Error(err)
	}
	if err := r.Destroy(context.Background(), a); !errors.Is(err, eventlog.ErrReadOnly) {
		t.Error(err)
	}
}

func TestFilesAreForTheOwnerOnly(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	resolve(t, s, uuid.New(), "1")
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if info, _ := d.Info(); !d.IsDir() && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", path, info.Mode().Perm())
		}
		return err
	})
}

func TestAWrappedKeyBelongsToItsPerson(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	a, b := resolve(t, s, uuid.New(), "1"), resolve(t, s, uuid.New(), "2")
	if err := s.write(context.Background(), swapKeys(a, b)); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = open(t, dir)
	if _, err := s.Key(a); err == nil || errors.Is(err, codec.ErrErased) || !strings.Contains(err.Error(), "does not open") {
		t.Errorf("another person's key was taken: %v", err)
	}
}
