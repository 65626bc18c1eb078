package keys

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"hoso/domain"
	"hoso/domain/codec"
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

// fileOf is the engine under a store.
func fileOf(s *Store) *file { return s.engine.(*file) }

func resolve(t testing.TB, s *Store, candidate domain.SubjectID, ids ...string) domain.SubjectID {
	t.Helper()
	got, err := s.Resolve(context.Background(), candidate, ids...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// A copy taken while the store is open is what a kill -9 would leave.
func TestKeysOutliveAKill(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	a := resolve(t, s, uuid.New(), "001085000001")
	killed := filepath.Join(t.TempDir(), "x")
	if err := os.CopyFS(killed, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	os.Chmod(filepath.Join(killed, masterFile), 0o600)
	again := open(t, killed)
	if _, err := again.Key(a); err != nil || resolve(t, again, uuid.New(), "001085000001") != a || again.IDHash("1") != s.IDHash("1") {
		t.Error("the key, the number or the hashes are lost:", err)
	}
}

func TestTwoFoldersHaveTwoSeeds(t *testing.T) {
	m := NewMaster()
	a, err1 := Open(t.TempDir(), m)
	b, err2 := Open(t.TempDir(), m)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	defer a.Close()
	defer b.Close()
	if a.IDHash("1") == b.IDHash("1") {
		t.Error("a hash of one store means something in another")
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
	if err := fileOf(s).write(context.Background(), swapKeys(a, b)); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = open(t, dir)
	if _, err := s.Key(a); err == nil || errors.Is(err, codec.ErrErased) || !strings.Contains(err.Error(), "does not open") {
		t.Errorf("another person's key was taken: %v", err)
	}
}

// slow is an engine whose answer about a key takes until it is let go.
type slow struct {
	Engine
	read, release chan struct{}
}

func (e slow) Wrapped(ctx context.Context, subject domain.SubjectID) ([]byte, error) {
	wrapped, err := e.Engine.Wrapped(ctx, subject)
	e.read <- struct{}{}
	<-e.release
	return wrapped, err
}

// A key that was read before the erasure and arrives after it is not kept.
func TestALateAnswerBringsNoDestroyedKeyBack(t *testing.T) {
	dir, m := t.TempDir(), NewMaster()
	first, err := Open(dir, m)
	if err != nil {
		t.Fatal(err)
	}
	a := resolve(t, first, uuid.New())
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(dir, m)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	plain := s.engine
	e := slow{plain, make(chan struct{}), make(chan struct{})}
	s.engine = e
	var reading sync.WaitGroup
	reading.Go(func() { s.Key(a) })
	<-e.read
	if err := s.Destroy(context.Background(), a); err != nil {
		t.Fatal(err)
	}
	close(e.release)
	reading.Wait()
	s.engine = plain
	if _, err := s.Key(a); !errors.Is(err, codec.ErrErased) {
		t.Error("it came back:", err)
	}
}
