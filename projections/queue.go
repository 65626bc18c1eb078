package projections

import (
	"math"
	"time"

	"hoso/domain"
)

// Queue is a list of dossiers that wait for an officer's work: those that have
// not ended, in the agency where they are now. What awaits only delivery has
// ended and is found by its status.
type Queue string

// The queues.
const (
	QueueMine    Queue = "mine"     // assigned to the officer
	QueueUnit    Queue = "unit"     // all of the agency, or of one of its units
	QueueSoon    Queue = "due_soon" // of those, due between Now and Soon
	QueueOverdue Queue = "overdue"  // of those, due before Now
)

// Queues are all there are.
var Queues = []Queue{QueueMine, QueueUnit, QueueSoon, QueueOverdue}

// Text names a queue for people.
func (q Queue) Text() (vi, en string) {
	switch q {
	case QueueMine:
		return "Việc của tôi", "Mine"
	case QueueSoon:
		return ClockSoon.Text()
	case QueueOverdue:
		return ClockOverdue.Text()
	}
	return "Việc của đơn vị", "My unit's"
}

// QueueQuery asks for a queue. They are sorted by due date, the most urgent
// first, then by id; paused dossiers come behind, then those without due date.
type QueueQuery struct {
	Queue   Queue
	Agency  string // where the dossiers are now
	Unit    string // of the agency, as they were routed to it; narrows all queues but mine; "" for all
	Officer string // the account's opaque id
	// Now is the moment of the answer and Soon the one before which a dossier is
	// due soon. A page that goes on later is of its own moment.
	Now, Soon time.Time
	Limit     int // 1 to 200; 0 means 50
	Cursor    string
}

// QueueCounts tell how long each queue is.
type QueueCounts struct {
	Counts   map[Queue]int `json:"counts"`
	Position string        `json:"position"`
}

// QueueBounds are what the dossiers of a queue have in common.
type QueueBounds struct {
	Agency   string
	Unit     string // "" for any
	Officer  string // "" for any
	From, To int64  // deadline, both inclusive
}

// The refusals of a queue.
var (
	errBadQueue error = &domain.Error{Code: "bad_queue",
		VI: "Hàng đợi phải là mine, unit, due_soon hoặc overdue.",
		EN: "The queue must be mine, unit, due_soon or overdue."}
	errNoAgency error = &domain.Error{Code: "queue_agency_missing",
		VI: "Hãy cho biết cơ quan (agency) của hàng đợi.",
		EN: "Say whose queue it is (agency)."}
)

// Plan makes a page of a queue ready. Errors: bad_queue, queue_agency_missing,
// bad_limit, bad_cursor.
func (q QueueQuery) Plan() (limit int, after Cursor, b QueueBounds, err error) {
	if b, err = q.Bounds(q.Queue); err != nil {
		return 0, after, b, err
	}
	if limit, err = PageLimit(q.Limit); err != nil {
		return 0, after, b, err
	}
	after, err = ParseCursor(q.Cursor, "queue", string(q.Queue), q.Agency, q.Unit, q.Officer)
	return limit, after, b, err
}

// Bounds say what belongs to a queue. Errors: bad_queue, queue_agency_missing.
func (q QueueQuery) Bounds(queue Queue) (QueueBounds, error) {
	b := QueueBounds{Agency: q.Agency, Unit: q.Unit, From: math.MinInt64, To: math.MaxInt64}
	switch queue {
	case QueueMine:
		if b.Unit, b.Officer = "", q.Officer; q.Officer == "" {
			b.From, b.To = NoDue, math.MinInt64 // nobody's: nothing
		}
	case QueueUnit:
	case QueueSoon:
		b.From, b.To, _ = ClockSoon.Deadlines(q.Now, q.Soon)
	case QueueOverdue:
		b.From, b.To, _ = ClockOverdue.Deadlines(q.Now, q.Soon)
	default:
		return b, errBadQueue
	}
	if q.Agency == "" {
		return b, errNoAgency
	}
	return b, nil
}
