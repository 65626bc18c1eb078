package esdbtest

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/google/uuid"
)

// Expected revisions below zero, as the server counts them.
const (
	expectNoStream     int64 = -1
	expectAny          int64 = -2
	expectStreamExists int64 = -4
)

// verdict is what became of an append or a deletion.
type verdict struct {
	conflict bool   // the stream is at current, not where it was expected
	deleted  bool   // the stream has a tombstone
	current  int64  // the stream's last revision; of a success, the last of this append
	pos      uint64 // of a success: where its last event is
}

// append decides on an append by the server's rules of expected revision and
// event ids, and does it.
func (w *writing) append(name string, expected int64, events []event) (verdict, error) {
	st := w.stream(name, false)
	if st != nil && st.tombstone {
		return verdict{deleted: true}, nil
	}
	v, again, err := w.check(st, expected, events)
	if err != nil || again || v.conflict {
		return v, err
	}
	if len(events) == 0 {
		pos := w.put(event{kind: isEmpty, stream: name})
		return verdict{current: st.last(), pos: pos}, nil
	}
	first := uint64(st.last() + 1)
	undelete := st != nil && st.isSoftDeleted()
	for i := range events {
		events[i].kind, events[i].stream, events[i].revision = isEvent, name, first+uint64(i)
	}
	pos := w.put(events...)
	if undelete {
		w.putMeta(name, first)
	}
	return verdict{current: int64(first) + int64(len(events)) - 1, pos: pos}, nil
}

// check holds an append against its stream: a conflict, the same append again
// (then the verdict is the first result), or neither.
func (w *writing) check(st *stream, expected int64, events []event) (verdict, bool, error) {
	current := st.last()
	conflict := verdict{conflict: true, current: current}
	gone := current < 0 || st.isSoftDeleted()
	switch {
	case expected == expectAny || expected == expectStreamExists && !gone:
		return w.checkRemembered(st, events, conflict)
	case expected == expectStreamExists, expected > current, expected < -1:
		return conflict, false, nil
	case expected == current:
		return verdict{}, false, nil
	}
	for i, e := range events {
		revision := expected + 1 + int64(i)
		if revision <= current {
			id, err := w.idAt(st, uint64(revision))
			if err != nil {
				return verdict{}, false, err
			}
			if id == e.id {
				continue
			}
		}
		if i == 0 && expected == expectNoStream && st.isSoftDeleted() {
			return verdict{}, false, nil
		}
		return conflict, false, nil
	}
	if len(events) == 0 {
		if expected == expectNoStream && st.isSoftDeleted() {
			return verdict{}, false, nil
		}
		return conflict, false, nil
	}
	last := expected + int64(len(events))
	return verdict{current: last, pos: w.entries[st.entries[last]].pos}, true, nil
}

// checkRemembered looks for an append at any revision among the ids that the
// server remembers: all of them there is the same append again, none of them a
// new one, and anything between is no append at all.
func (w *writing) checkRemembered(st *stream, events []event, conflict verdict) (verdict, bool, error) {
	var last place
	for i, e := range events {
		p, known := w.ids.places[e.id]
		if !known || st == nil || p.stream != st.name {
			if i == 0 {
				return verdict{}, false, nil
			}
			return conflict, false, nil
		}
		last = p
	}
	if len(events) == 0 {
		return verdict{}, false, nil
	}
	return verdict{current: int64(last.revision), pos: w.entries[st.entries[last.revision]].pos}, true, nil
}

// delete soft-deletes a stream, or bars it for ever.
func (w *writing) delete(name string, expected int64, forEver bool) verdict {
	st := w.stream(name, false)
	if st != nil && st.tombstone {
		return verdict{deleted: true}
	}
	current := st.last()
	gone := current < 0 || st.isSoftDeleted()
	if expected == expectStreamExists && gone || expected >= -1 && expected != current {
		return verdict{conflict: true, current: current}
	}
	if forEver {
		pos := w.put(event{kind: isEvent, id: uuid.New(), stream: name, typ: "$streamDeleted", revision: tombstoned})
		return verdict{current: current, pos: pos}
	}
	return verdict{current: current, pos: w.putMeta(name, softDeleted)}
}

// putMeta sets from which revision on a stream is seen, and leaves its other
// settings as they are.
func (w *writing) putMeta(name string, before uint64) uint64 {
	settings := map[string]json.RawMessage{}
	meta := w.stream("$$"+name, true)
	if last := meta.last(); last >= 0 {
		if e, err := w.eventAt(w.entries[meta.entries[last]]); err == nil {
			_ = json.Unmarshal(e.data, &settings) // settings that are no JSON were none
		}
	}
	settings["$tb"] = json.RawMessage(strconv.FormatUint(before, 10))
	data, err := json.Marshal(settings)
	if err != nil {
		panic(fmt.Sprintf("settings of %s: %v", name, err)) // they were JSON a moment ago
	}
	return w.put(event{kind: isEvent, json: true, id: uuid.New(), stream: "$$" + name, typ: "$metadata",
		revision: uint64(meta.last() + 1), data: data})
}

// eventAt reads an event that may not be on disk yet.
func (w *writing) eventAt(e entry) (event, error) {
	if e.pos >= w.from {
		at := e.pos - w.from
		ev, _, err := decode(w.buf[at:at+uint64(e.size)], e.pos)
		return ev, err
	}
	r := reader{medium: w.medium, limit: w.from}
	return r.event(e)
}
