package domain

import "time"

// model is a second, plainer account of a dossier's life, written from the
// field's rules: phases and counters, and a clock that counts minute by minute.
type model struct {
	phase    string // "", desk, work, closed, decided, delivered
	closedBy Status
	moved    bool // past "accepted"
	asked    bool // a guide waits for its answer
	until    time.Time
	guides   map[string]int // by phase
	debts    map[string]*debt
	extended bool
	compared string // "", match, differ
	proposed bool
	void     bool
	rated    bool
	late     bool

	due     time.Time
	left    int
	overdue bool
	now     time.Time
}

type debt struct {
	waits, atReturn          bool
	paid, cancelled, matched bool
	refunded                 int
}

// works tells by the standard week whether the minute that begins at t is worked.
func works(t time.Time) bool {
	t = t.UTC().Add(7 * time.Hour)
	if t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
		return false
	}
	m := t.Hour()*60 + t.Minute()
	return m >= 420 && m < 690 || m >= 810 && m < 1020
}

func minutesFrom(start time.Time, n int) time.Time {
	for ; n > 0; start = start.Add(time.Minute) {
		if works(start) {
			n--
		}
	}
	return start
}

func minutesBetween(a, b time.Time) (n int) {
	for ; a.Before(b); a = a.Add(time.Minute) {
		if works(a) {
			n++
		}
	}
	return n
}

// day is the number of the day in Viet Nam.
func day(t time.Time) int { return int(t.Add(7*time.Hour).Unix() / 86400) }

func (m *model) open() bool { return m.phase == "desk" || m.phase == "work" }
func (m *model) owes() bool {
	for _, b := range m.debts {
		if b.waits && !b.paid && !b.cancelled {
			return true
		}
	}
	return false
}
func (m *model) paused() bool  { return m.open() && (m.asked || m.owes()) }
func (m *model) expired() bool { return m.asked && m.now.After(m.until) }

func (m *model) status() Status {
	switch {
	case m.phase == "":
		return 0
	case m.phase == "closed":
		return m.closedBy
	case m.phase == "decided":
		return 9
	case m.phase == "delivered":
		return 10
	case m.asked:
		return 5
	case m.owes():
		return 6
	case m.phase == "desk":
		return 1
	case m.moved:
		return 4
	}
	return 2
}

// pausing changes what is waited for and keeps the clock's books.
func (m *model) pausing(change func()) {
	was := m.paused()
	change()
	switch {
	case !was && m.paused():
		m.overdue = !m.due.After(m.now)
		m.left = minutesBetween(m.now, m.due)
	case was && m.open() && !m.paused() && !m.overdue:
		m.due = minutesFrom(m.now, m.left)
	}
}

func (m *model) close(by Status) { m.phase, m.closedBy, m.asked = "closed", by, false }

// limit is the last second of the thirtieth day, of the Monday after on a weekend.
func (m *model) limit() time.Time {
	d := time.Unix(int64(day(m.now)+30)*86400, 0).UTC()
	for d.Weekday() == time.Saturday || d.Weekday() == time.Sunday {
		d = d.AddDate(0, 0, 1)
	}
	return d.Add(17*time.Hour - time.Second) // midnight in Viet Nam is 17:00 UTC
}

// extendable: some working day from today on lies before the day it is due.
func (m *model) extendable() bool {
	for d := day(m.now); d < day(m.due); d++ {
		if w := time.Unix(int64(d)*86400, 0).UTC().Weekday(); w != time.Saturday && w != time.Sunday {
			return true
		}
	}
	return false
}
