package projections

import (
	"math"
	"time"

	"hoso/domain"
)

// ClockState is how a dossier stands with its due date at a moment. Each
// dossier is in exactly one.
type ClockState string

// The states. By instants, as everywhere but in the legal tables, which compare
// dates. A dossier that waits for a supplement or a payment has no running due
// date and counts as in time: it is neither overdue nor due soon, even where it
// was late before the pause.
const (
	ClockOverdue ClockState = "overdue"
	ClockSoon    ClockState = "due_soon"
	ClockInTime  ClockState = "in_time" // due later
	ClockPaused  ClockState = "paused"
	ClockNone    ClockState = "no_limit"
	ClockEnded   ClockState = "ended" // decided, refused, withdrawn, stopped: what came of it is settled
)

// SoonHours are the working hours within which a dossier is due soon, unless one
// asks otherwise: two days, so that who looks on Friday evening sees what is due
// on Tuesday.
const SoonHours = 16

// ClockStates are all there are.
var ClockStates = []ClockState{ClockOverdue, ClockSoon, ClockInTime, ClockPaused, ClockNone, ClockEnded}

// Text names a state for people.
func (c ClockState) Text() (vi, en string) {
	switch c {
	case ClockOverdue:
		return "Quá hạn", "Overdue"
	case ClockSoon:
		return "Sắp đến hạn", "Due soon"
	case ClockInTime:
		return "Trong hạn", "In time"
	case ClockPaused:
		return "Tạm dừng tính hạn", "Paused"
	case ClockNone:
		return "Không có hạn", "No time limit"
	}
	return "Đã kết thúc xử lý", "Processing has ended"
}

// pausedDeadline stands in a search document whose clock stands still: behind
// all dates, before those without.
const pausedDeadline = NoDue - 1

var errBadClock error = &domain.Error{Code: "bad_clock",
	VI: "Tình trạng thời hạn (clock) phải là overdue, due_soon, in_time, paused, no_limit hoặc ended.",
	EN: "The clock must be overdue, due_soon, in_time, paused, no_limit or ended."}

// Deadlines are the deadlines, both inclusive, that a dossier in this state has
// at a moment; ended ones have none, which is told by ended.
func (c ClockState) Deadlines(now, soon time.Time) (from, to int64, ended bool) {
	at, near := now.UnixMicro(), max(now.UnixMicro(), soon.UnixMicro())
	switch c {
	case ClockOverdue:
		return math.MinInt64, at - 1, false
	case ClockSoon:
		return at, near - 1, false
	case ClockInTime:
		return near, pausedDeadline - 1, false
	case ClockPaused:
		return pausedDeadline, pausedDeadline, false
	case ClockNone:
		return NoDue, NoDue, false
	}
	return 0, 0, true
}
