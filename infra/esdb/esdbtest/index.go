package esdbtest

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

// entry is what the index knows of a record.
type entry struct {
	pos      uint64
	revision uint64
	stream   *stream // nil for an epoch
	size     uint32
	kind     kind
}

// stream is a stream's index. Revisions have no gaps, also over a soft delete.
type stream struct {
	name      string
	entries   []uint32 // indexes of the log's entries, by revision
	tombstone bool
	meta      streamMeta
}

// streamMeta are the settings of a stream, from the last event of its metadata
// stream.
type streamMeta struct {
	MaxCount       uint64              `json:"$maxCount"`
	MaxAge         int64               `json:"$maxAge"` // seconds
	TruncateBefore uint64              `json:"$tb"`     // math.MaxInt64: soft-deleted
	ACL            map[string]oneOrAll `json:"$acl"`
}

// oneOrAll is a list in JSON, or a single text instead of one.
type oneOrAll []string

func (l *oneOrAll) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*l = oneOrAll{one}
		return nil
	}
	var all []string
	err := json.Unmarshal(b, &all)
	*l = all
	return err
}

const softDeleted = math.MaxInt64

// last is the revision of the stream's newest event, −1 where it has none.
func (st *stream) last() int64 {
	if st == nil {
		return -1
	}
	return int64(len(st.entries)) - 1
}

func (st *stream) isSoftDeleted() bool { return st.meta.TruncateBefore == softDeleted }

// index finds records by position, and by stream and revision. Entries are
// added when they are decided on and seen when they are on disk.
type index struct {
	mu      sync.RWMutex
	entries []entry
	visible int // how many entries are on disk
	end     uint64
	added   int // events among the entries
	events  int // those that are visible
	streams map[string]*stream
	changed chan struct{} // closed when more becomes visible
}

func newIndex() *index {
	return &index{streams: map[string]*stream{}, changed: make(chan struct{})}
}

// stream finds a stream or, with make, begins one. The caller holds the lock.
func (x *index) stream(name string, make bool) *stream {
	st := x.streams[name]
	if st == nil && make {
		st = &stream{name: name}
		x.streams[name] = st
	}
	return st
}

// add indexes a record that begins at the end of the log. The caller holds
// the lock.
func (x *index) add(e *event) {
	ent := entry{pos: x.end, revision: e.revision, size: uint32(e.size()), kind: e.kind}
	if e.kind == isEvent {
		x.added++
		st := x.stream(e.stream, true)
		ent.stream = st
		if e.revision == tombstoned {
			st.tombstone = true
		} else {
			st.entries = append(st.entries, uint32(len(x.entries)))
		}
		if of, ok := strings.CutPrefix(e.stream, "$$"); ok {
			var m streamMeta
			if json.Unmarshal(e.data, &m) == nil {
				x.stream(of, true).meta = m
			}
		}
	}
	x.entries = append(x.entries, ent)
	x.end += uint64(ent.size)
}

// publish lets everything added be seen.
func (x *index) publish() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.visible, x.events = len(x.entries), x.added
	close(x.changed)
	x.changed = make(chan struct{})
}

// news is how many entries are visible, and a channel that closes when there
// are more.
func (x *index) news() (int, <-chan struct{}) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.visible, x.changed
}

// count is how many events are visible.
func (x *index) count() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.events
}

// at finds the index of the record that begins at a position: found, or where
// the next later one is.
func (x *index) at(pos uint64) (int, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return slices.BinarySearchFunc(x.entries[:x.visible], pos, func(e entry, pos uint64) int {
		return cmp.Compare(e.pos, pos)
	})
}

// visibleEnd is where the next visible record will begin.
func (x *index) visibleEnd() uint64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.visible == 0 {
		return 0
	}
	e := x.entries[x.visible-1]
	return e.pos + uint64(e.size)
}

// before is the position of the entry before an index, 0 where there is none.
func (x *index) before(i int) uint64 {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if i == 0 {
		return 0
	}
	return x.entries[i-1].pos
}

// some copies entries from an index on, at most max of them.
func (x *index) some(from, most int) []entry {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if from >= x.visible {
		return nil
	}
	return slices.Clone(x.entries[from:min(x.visible, from+most)])
}

// first is the first revision a reader of the stream may see, by the stream's
// settings except its greatest age. The caller holds the lock.
func (st *stream) first(count int) uint64 {
	first := st.meta.TruncateBefore
	if most := st.meta.MaxCount; most > 0 && uint64(count) > most {
		first = max(first, uint64(count)-most)
	}
	return first
}

// streamView is a stream as a reader sees it.
type streamView struct {
	exists    bool
	tombstone bool
	first     uint64 // first revision that may be seen
	count     uint64 // its last revision + 1
	oldest    int64  // events created before may not be seen
}

// view looks at a stream.
func (x *index) view(name string) streamView {
	x.mu.RLock()
	defer x.mu.RUnlock()
	st := x.streams[name]
	if st == nil {
		return streamView{}
	}
	count := len(st.entries)
	for count > 0 && int(st.entries[count-1]) >= x.visible {
		count--
	}
	v := streamView{tombstone: st.tombstone, first: st.first(count), count: uint64(count)}
	v.exists = count > 0 && !st.isSoftDeleted()
	if st.meta.MaxAge > 0 {
		v.oldest = ticks(time.Now().Add(-time.Duration(st.meta.MaxAge) * time.Second))
	}
	return v
}

// revision is the entry of an event that a view has shown.
func (x *index) revision(name string, revision uint64) entry {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.entries[x.streams[name].entries[revision]]
}

// ticks is a time in units of 100 ns since 1970.
func ticks(t time.Time) int64 { return t.UnixNano() / 100 }
