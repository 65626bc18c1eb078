package esdbtest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/gofrs/flock"
)

// medium is where the log's bytes are; a byte's offset is its log position.
// Nothing is synced: a file outlives its process, killed or not, which is what
// tests need, and a power cut is not what they can make.
type medium interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
	Size() (int64, error)
	Close() error // a file can be opened again by its name; memory stays as it is
}

// openMedium opens a file for one process at a time, or memory where no name
// is given.
func openMedium(name string) (medium, error) {
	if name == "" {
		return &memory{}, nil
	}
	lock := flock.New(name + ".lock")
	ok, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock of %s: %w", name, err)
	}
	if !ok {
		return nil, fmt.Errorf("%s is in use by another process", name)
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return &file{File: f, lock: lock}, nil
}

type file struct {
	*os.File
	lock *flock.Flock
}

func (f *file) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f *file) Close() error { return errors.Join(f.File.Close(), f.lock.Unlock()) }

const chunkSize = 1 << 20

// memory is a file without a disk: chunks, so that it grows without copying.
type memory struct {
	mu     sync.RWMutex
	chunks [][]byte
	size   int64
}

func (m *memory) WriteAt(p []byte, off int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for done := 0; done < len(p); {
		at := off + int64(done)
		for int64(len(m.chunks)) <= at/chunkSize {
			m.chunks = append(m.chunks, make([]byte, chunkSize))
		}
		done += copy(m.chunks[at/chunkSize][at%chunkSize:], p[done:])
	}
	m.size = max(m.size, off+int64(len(p)))
	return len(p), nil
}

func (m *memory) ReadAt(p []byte, off int64) (int, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if off >= m.size {
		return 0, io.EOF
	}
	want := int(min(int64(len(p)), m.size-off))
	for done := 0; done < want; {
		at := off + int64(done)
		done += copy(p[done:want], m.chunks[at/chunkSize][at%chunkSize:])
	}
	if want < len(p) {
		return want, io.EOF
	}
	return want, nil
}

func (m *memory) Size() (int64, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.size, nil
}

func (m *memory) Truncate(size int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.size = size
	return nil
}

func (m *memory) Close() error { return nil }
