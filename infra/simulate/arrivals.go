package simulate

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"hoso/domain"
	"hoso/domain/calendar"
)

// arrival is a dossier that will be handed in.
type arrival struct {
	at        time.Time
	desk      *desk
	procedure domain.Procedure
	channel   domain.Channel
	fate      fate
	after     aftermath
}

// plan draws when, where and how each dossier comes in, and what becomes of it.
func (w *world) plan() ([]arrival, error) {
	open := w.open()
	days := w.days(open[0].reception)
	fates, afters := newDeck(fateCards, w.rng), newDeck(aftermathCards, w.rng)
	out := make([]arrival, w.Dossiers)
	for i := range out {
		day := days.pick(w.rng)
		out[i] = arrival{desk: pickDesk(open, w.rng), channel: pickChannel(w.rng)}
		if !out[i].desk.reception.IsWorkingDay(day) {
			out[i].channel = domain.Online
		}
		out[i].at = w.moment(day, out[i])
	}
	slices.SortStableFunc(out, func(a, b arrival) int { return a.at.Compare(b.at) })
	for i := range out { // dealt in the order of arrival, so that a short run has every fate early
		a := &out[i]
		a.fate, a.after = fates.draw(), afters.draw()
		a.suit(open, w.rng)
	}
	if w.Caught {
		w.catch(out, open)
	}
	return out, nil
}

// weightedDays are the days with how many dossiers come on each.
type weightedDays struct {
	days []calendar.Date
	upto []int
}

func (d weightedDays) pick(rng *rand.Rand) calendar.Date {
	n := rng.IntN(d.upto[len(d.upto)-1])
	i, _ := slices.BinarySearchFunc(d.upto, n, func(upto, n int) int { return cmp.Compare(upto, n+1) })
	return d.days[i]
}

// days weighs the days between From and To: few come on days off, most on Mondays.
func (w *world) days(cal *calendar.Calendar) weightedDays {
	var d weightedDays
	sum := 0
	for day, last := calendar.DateOf(w.From), calendar.DateOf(w.To); !day.After(last); day = day.AddDays(1) {
		weight := 12
		if cal.IsWorkingDay(day) {
			weight = 85 + w.rng.IntN(30)
			if day.Weekday() == time.Monday {
				weight += 25
			}
		}
		sum += weight
		d.days, d.upto = append(d.days, day), append(d.upto, sum)
	}
	return d
}

// moment is when on that day: at the desk within its hours, online with peaks
// in the morning, the afternoon and after dinner. Never outside From and To.
func (w *world) moment(day calendar.Date, a arrival) time.Time {
	var minute float64
	switch r := w.rng.IntN(100); {
	case a.channel != domain.Online && r < 60:
		minute = 7*60 + 5 + w.rng.Float64()*255
	case a.channel != domain.Online:
		minute = 13*60 + 32 + w.rng.Float64()*200
	case r < 40:
		minute = 8*60 + w.rng.Float64()*210
	case r < 70:
		minute = 13*60 + w.rng.Float64()*240
	case r < 95:
		minute = 19*60 + w.rng.Float64()*200
	default:
		minute = w.rng.Float64() * 24 * 60
	}
	at := day.Start().Add(time.Duration(minute * float64(time.Minute))).Truncate(time.Second)
	if at.Before(w.From) || at.After(w.To) {
		return w.From.Add(time.Duration(w.rng.Float64() * float64(w.To.Sub(w.From)))).Truncate(time.Second)
	}
	return at
}

func pickDesk(open []*desk, rng *rand.Rand) *desk {
	sum := 0
	for _, d := range open {
		sum += d.load
	}
	n := rng.IntN(sum)
	for _, d := range open {
		if n -= d.load; n < 0 {
			return d
		}
	}
	return open[0]
}

func pickChannel(rng *rand.Rand) domain.Channel {
	switch r := rng.IntN(100); {
	case r < 54:
		return domain.Online
	case r < 92:
		return domain.Direct
	}
	return domain.Post
}

// popular are the procedures people mostly come for.
var popular = map[string]int{
	"1.001193": 9, "2.000635": 12, "1.004873": 9, "1.000894": 5, "1.000656": 5, "1.004194": 10, "1.010041": 6,
	"1.013225": 5, "1.115784": 6, "1.115783": 4, "1.004859": 4, "1.002755": 4, "1.013217": 3,
}

// suit picks a procedure that the fate can happen to, at another desk where
// this one has none.
func (a *arrival) suit(open []*desk, rng *rand.Rand) {
	for tries := 0; ; tries++ {
		fit, sum := []domain.Procedure{}, 0
		for _, p := range a.desk.offers {
			if a.fate.needs(p, a.channel) {
				fit = append(fit, p)
				sum += 1 + popular[p.Code]
			}
		}
		if len(fit) == 0 && tries < 50 {
			a.desk = pickDesk(open, rng)
			continue
		}
		if len(fit) == 0 {
			a.fate, a.channel = plainSailing, domain.Direct
			continue
		}
		n := rng.IntN(sum)
		for _, p := range fit {
			if n -= 1 + popular[p.Code]; n < 0 {
				a.procedure = p
				return
			}
		}
	}
}
