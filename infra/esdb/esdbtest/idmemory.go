package esdbtest

import "github.com/google/uuid"

// remembered bounds how many event ids a server remembers for appends at any
// revision.
const remembered = 100_000

// idMemory is the server's memory of event ids: the first place of each.
type idMemory struct {
	places map[uuid.UUID]place
	order  []uuid.UUID
	next   int
}

type place struct {
	stream   string
	revision uint64
}

func newIDMemory() *idMemory { return &idMemory{places: map[uuid.UUID]place{}} }

// keep remembers where an id was first seen, and forgets the oldest in turn.
func (m *idMemory) keep(id uuid.UUID, p place) {
	if _, known := m.places[id]; known {
		return
	}
	m.places[id] = p
	if len(m.order) < remembered {
		m.order = append(m.order, id)
		return
	}
	delete(m.places, m.order[m.next])
	m.order[m.next] = id
	m.next = (m.next + 1) % remembered
}
