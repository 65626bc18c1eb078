package esdbtest

import (
	"runtime"

	"github.com/google/uuid"
)

// change is work that adds records, done by the writing goroutine alone.
type change struct {
	work func(*writing)
	err  error
	done chan struct{}
}

// writing is a group of changes on its way to the file: one write.
type writing struct {
	*store
	from uint64 // position of the first byte of buf
	buf  []byte
}

const groupAtMost = 256

// change does work in its turn and returns when it is written.
func (s *store) change(work func(*writing)) error {
	c := &change{work: work, done: make(chan struct{})}
	select {
	case s.queue <- c:
	case <-s.stopped:
		return errStopped
	}
	<-c.done
	return c.err
}

// write runs until the store is closed.
func (s *store) write() {
	defer close(s.stopped)
	for {
		select {
		case c := <-s.queue:
			s.writeGroup(s.gather(c))
		case <-s.quit:
			return
		}
	}
}

// gather takes the changes that wait beside the first. Those about to come
// get a moment: it makes fuller groups at the price of nothing one can see.
func (s *store) gather(first *change) []*change {
	group := []*change{first}
	for idle := 0; len(group) < groupAtMost && idle < 3; {
		select {
		case c := <-s.queue:
			group = append(group, c)
		default:
			idle++
			runtime.Gosched()
		}
	}
	return group
}

func (s *store) writeGroup(group []*change) {
	s.mu.Lock()
	w := &writing{store: s, from: s.end}
	if s.broken == nil {
		for _, c := range group {
			c.work(w)
		}
	}
	s.mu.Unlock()
	if len(w.buf) > 0 && s.broken == nil {
		if _, s.broken = s.medium.WriteAt(w.buf, int64(w.from)); s.broken == nil {
			s.publish()
		}
	}
	for _, c := range group {
		c.err = s.broken
		close(c.done)
	}
}

// put adds the events of one append, all or none after a crash, and gives the
// position of the last.
func (w *writing) put(events ...event) uint64 {
	var pos uint64
	for i := range events {
		e := &events[i]
		if e.last = i == len(events)-1; e.created == 0 {
			e.created = now()
		}
		e.pos = w.end
		pos = e.pos
		w.buf = e.encode(w.buf)
		w.add(e)
		if e.kind == isEvent && e.revision != tombstoned {
			w.ids.keep(e.id, place{e.stream, e.revision})
		}
	}
	return pos
}

// idAt is the id of an event of a stream.
func (w *writing) idAt(st *stream, revision uint64) (uuid.UUID, error) {
	e := w.entries[st.entries[revision]]
	b := make([]byte, headerSize)
	if e.pos >= w.from {
		copy(b, w.buf[e.pos-w.from:])
	} else if _, err := w.medium.ReadAt(b, int64(e.pos)); err != nil {
		return uuid.UUID{}, err
	}
	return uuid.UUID(b[12:28]), nil
}
