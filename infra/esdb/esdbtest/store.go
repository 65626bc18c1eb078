package esdbtest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// store is the log: its bytes, its index, and one goroutine that writes.
type store struct {
	*index
	medium  medium
	queue   chan *change
	quit    chan struct{}
	stopped chan struct{}
	broken  error     // why writing ended; only the writing goroutine uses it
	ids     *idMemory // event ids remembered since the store was opened
}

var errStopped = errors.New("the server was stopped")

// openStore reads what is on the medium, cuts what was never answered, and
// begins to write.
func openStore(m medium) (*store, error) {
	s := &store{index: newIndex(), medium: m, queue: make(chan *change), quit: make(chan struct{}),
		stopped: make(chan struct{}), ids: newIDMemory()}
	if err := s.load(); err != nil {
		return nil, err
	}
	go s.write()
	return s, nil
}

// close ends writing. What was answered stays on the medium.
func (s *store) close() {
	close(s.quit)
	<-s.stopped
}

// load indexes the medium up to the last record that ends an append.
func (s *store) load() error {
	size, err := s.medium.Size()
	if err != nil {
		return err
	}
	in := bufio.NewReaderSize(io.NewSectionReader(s.medium, 0, size), 1<<20)
	var open []event // of an append whose end is still to come
	for pos := uint64(0); ; {
		e, n, err := readRecord(in, pos, uint64(size)-pos)
		if errors.Is(err, errTorn) || errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		pos += uint64(n)
		if open = append(open, e); !e.last {
			continue
		}
		for i := range open {
			s.add(&open[i])
		}
		open = open[:0]
	}
	if size > 0 && s.end == 0 {
		return errors.New("the file holds something else than this double's events")
	}
	s.visible, s.events = len(s.entries), s.added
	return s.medium.Truncate(int64(s.end))
}

// readRecord reads the next record, of which left bytes may be there.
func readRecord(in *bufio.Reader, pos, left uint64) (event, int, error) {
	head, err := in.Peek(4)
	if err != nil {
		return event{}, 0, err
	}
	size := binary.LittleEndian.Uint32(head)
	if size < recordBase || uint64(size) > left {
		return event{}, 0, errTorn
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(in, b); err != nil {
		return event{}, 0, err
	}
	return decode(b, pos)
}

// reader reads records, with a buffer for those in a row.
type reader struct {
	medium medium
	limit  uint64 // bytes from here on are not yet to be read
	ahead  int    // how much to read at once where records are wanted in a row
	buf    []byte
	off    uint64
}

// event reads a visible record. Its bytes hold until the next call.
func (r *reader) event(e entry) (event, error) {
	end := e.pos + uint64(e.size)
	if e.pos < r.off || end > r.off+uint64(len(r.buf)) {
		want := max(int(e.size), min(r.ahead, int(r.limit-e.pos)))
		if err := r.fill(e.pos, want); err != nil {
			return event{}, err
		}
	}
	ev, _, err := decode(r.buf[e.pos-r.off:end-r.off], e.pos)
	if err != nil {
		return event{}, fmt.Errorf("record at %d: %w", e.pos, err)
	}
	return ev, nil
}

func (r *reader) fill(pos uint64, want int) error {
	if cap(r.buf) < want {
		r.buf = make([]byte, want)
	}
	r.buf, r.off = r.buf[:want], pos
	if _, err := r.medium.ReadAt(r.buf, int64(pos)); err != nil {
		r.buf = r.buf[:0]
		return err
	}
	return nil
}

func now() int64 { return ticks(time.Now()) }
