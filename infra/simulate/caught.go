package simulate

import (
	"slices"
	"time"

	"hoso/domain"
	"hoso/domain/calendar"
)

// catch turns two of the last dossiers, whatever the hour or the season: the very
// last comes in online just before To, and no desk has answered it nor asked for
// money; the latest that can be is still waiting for its supplement. A run of a
// few hundred dossiers mostly has such ones by itself, and now and then has none.
func (w *world) catch(arrivals []arrival, open []*desk) {
	last := &arrivals[len(arrivals)-1]
	last.at, last.channel, last.fate = w.To.Add(-3*time.Minute).Truncate(time.Second), domain.Online, slowIntake
	last.suit(open, w.rng)
	for tries := 0; tries < 50 && slices.ContainsFunc(last.procedure.Fees, dueAtReceipt); tries++ {
		last.desk = pickDesk(open, w.rng) // some have nothing but procedures with a fee
		last.suit(open, w.rng)
	}
	for i := len(arrivals) - 2; i >= 0; i-- {
		a := arrivals[i]
		a.fate = supplementLapses
		a.suit(open, w.rng)
		if a.waitsAt(w.To) {
			arrivals[i] = a
			return
		}
	}
}

func dueAtReceipt(f domain.Fee) bool { return f.DuePoint == domain.DueAtReceipt }

// waitsAt reports whether the dossier, one that never gets its supplement, was
// surely given its guide by then, with a day left to answer it: at the counter
// the fee is paid and the guide given within hours.
func (a arrival) waitsAt(t time.Time) bool {
	if a.fate != supplementLapses || a.channel != domain.Direct {
		return false
	}
	guided, _ := a.desk.reception.AddMinutes(a.at, 4*60)
	lapses, _ := a.desk.reception.Add(a.at, calendar.Duration{Quantity: a.procedure.SupplementDays - 1, Unit: calendar.CalendarDay})
	return guided.Before(t) && lapses.After(t)
}
