package keys

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/uuid"
	sq "zombiezen.com/go/sqlite"

	"hoso/domain"
	"hoso/domain/codec"
)

func swapKeys(a, b domain.SubjectID) func(*sq.Conn) error {
	return func(conn *sq.Conn) error {
		ka, err := wrappedOf(conn, a)
		if err != nil {
			return err
		}
		kb, err := wrappedOf(conn, b)
		if err != nil {
			return err
		}
		const set = `UPDATE person SET wrapped = ? WHERE subject = ?`
		return errors.Join(execute(conn, set, kb, a.String()), execute(conn, set, ka, b.String()))
	}
}

func wrappedOf(conn *sq.Conn, subject domain.SubjectID) (wrapped []byte, err error) {
	_, err = queryRow(conn, `SELECT wrapped FROM person WHERE subject = ?`, func(stmt *sq.Stmt) { wrapped = blob(stmt, 0) }, subject.String())
	return wrapped, err
}

// rawFiles are the bytes of everything in the folder.
func rawFiles(t *testing.T, dir string) []byte {
	t.Helper()
	var all []byte
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}

// crowd makes persons in a random order of subjects, so that pages are split
// in the middle, and tells what of each lies in the files.
func crowd(t *testing.T, s *Store, n int) (subjects []domain.SubjectID, traces [][][]byte) {
	var wg sync.WaitGroup
	subjects, traces = make([]domain.SubjectID, n), make([][][]byte, n)
	for i := range n {
		subjects[i] = uuid.New()
		wg.Go(func() { resolve(t, s, subjects[i], fmt.Sprintf("%012d", i)) })
	}
	wg.Wait()
	err := fileOf(s).readers.Read(context.Background(), func(conn *sq.Conn) error {
		for i, subject := range subjects {
			wrapped, err := wrappedOf(conn, subject)
			if err != nil {
				return err
			}
			traces[i] = [][]byte{wrapped, wrapped[12:44], []byte(s.IDHash(fmt.Sprintf("%012d", i)))}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return subjects, traces
}

func TestDestroyedKeysAreNotInTheRawFiles(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	subjects, traces := crowd(t, s, 1000)
	before := rawFiles(t, dir)
	for i := 0; i < len(subjects); i += 50 {
		for _, trace := range traces[i] {
			if !bytes.Contains(before, trace) {
				t.Fatal("this test looks for bytes that never were there")
			}
		}
		if err := s.Destroy(context.Background(), subjects[i]); err != nil {
			t.Fatal(err)
		}
	}
	after := rawFiles(t, dir)
	for i, subject := range subjects {
		for n, trace := range traces[i] {
			if there := bytes.Contains(after, trace); there != (i%50 != 0) {
				t.Fatalf("person %d, trace %d: in the files: %v", i, n, there)
			}
		}
		if _, err := s.Key(subject); (i%50 == 0) != errors.Is(err, codec.ErrErased) || i%50 != 0 && err != nil {
			t.Fatalf("person %d: %v", i, err)
		}
	}
}

func TestATraceLeftInTheFileIsFoundAndRemoved(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	subjects, _ := crowd(t, s, 300)
	ctx := context.Background()
	secret := []byte("a copy that SQLite left in an unused part of the file")
	// A row deleted without secure_delete leaves its bytes in the file.
	conn, err := sq.OpenConn(fileOf(s).path, sq.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(
		execute(conn, `PRAGMA secure_delete = OFF`),
		execute(conn, `INSERT INTO about VALUES ('zz', ?)`, string(secret)),
		execute(conn, `DELETE FROM about WHERE name = 'zz'`),
		conn.Close(), fileOf(s).writer.Truncate(ctx))
	if err != nil {
		t.Fatal(err)
	}
	if found, err := fileOf(s).anyInFile([][]byte{secret}); !found || err != nil {
		t.Fatal("a trace that is there was not found", err)
	}
	f := fileOf(s)
	f.traces = [][]byte{[]byte("not there"), secret}
	if err := f.cleanFiles(ctx); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(rawFiles(t, dir), secret) {
		t.Error("the trace is still in the files")
	}
	for _, subject := range subjects {
		if _, err := s.Key(subject); err != nil {
			t.Fatal("cleaning cost a living person the key:", err)
		}
	}
}

func TestDestroyAgainFinishesAnErasure(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	subjects, traces := crowd(t, s, 50)
	if err := fileOf(s).Forget(context.Background(), subjects[7]); err != nil { // and the WAL could not be cut
		t.Fatal(err)
	}
	if raw := rawFiles(t, dir); !bytes.Contains(raw, traces[7][0]) {
		t.Fatal("this test has nothing to finish")
	}
	if err := s.Destroy(context.Background(), subjects[7]); err != nil {
		t.Fatal(err)
	}
	if raw := rawFiles(t, dir); bytes.Contains(raw, traces[7][0]) {
		t.Error("the key is still in the files")
	}
}

func TestOpenFinishesAnErasure(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	subjects, traces := crowd(t, s, 200)
	if err := fileOf(s).Forget(context.Background(), subjects[7]); err != nil { // and here the process dies
		t.Fatal(err)
	}
	s.Close()
	s = open(t, dir)
	raw := rawFiles(t, dir)
	for _, trace := range traces[7] {
		if bytes.Contains(raw, trace) {
			t.Error("what was destroyed before the crash is still in the files")
		}
	}
	err := fileOf(s).readers.Read(context.Background(), func(conn *sq.Conn) error {
		due, err := queryRow(conn, `SELECT 1 FROM about WHERE name = ?`, nil, erasingMark)
		if due {
			t.Error("it does not know that it is done")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestOldWrappingsAreNotInTheRawFiles(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	subjects, traces := crowd(t, s, 300)
	if err := s.Rewrap(context.Background(), NewMaster()); err != nil {
		t.Fatal(err)
	}
	raw := rawFiles(t, dir)
	for i := range traces {
		if bytes.Contains(raw, traces[i][0]) {
			t.Fatal("a key wrapped by the old master key is still in the files")
		}
		if _, err := s.Key(subjects[i]); err != nil {
			t.Fatal(err)
		}
	}
}
