package projections

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"hoso/domain/calendar"
)

// TimesFacts are a dossier's facts for the figures, one row a dossier, so that
// figures over many are counted, never added up along the way.
type TimesFacts struct {
	Procedure     string
	Agency        string // the competent one; the receiving one where none is named
	Month         string // of submission, Viet Nam time: 2026-11
	Submitted     int64  // microseconds since 1970
	Decided       bool
	DecidedLate   bool
	Delivered     bool
	DeliveredLate bool // by instants, where there is a due date
	Open          bool
}

// StepTime is how long a step took, from the event that began it to the next
// one that begins a step (see Step).
type StepTime struct {
	Revision       uint64 // of the event that began it
	Step           string // its type without "dossier."
	WorkingMinutes int64
	WallSeconds    int64
	// WeeklyOnly: no calendar with a table of days was pinned or it does not
	// reach these days, so that only weekends were left out.
	WeeklyOnly bool
}

// FactsOf are the dossier's facts after an event.
func FactsOf(it *Item) TimesFacts {
	d, due := it.After, dueOf(it.After)
	f := TimesFacts{
		Procedure: d.Procedure, Agency: cmp.Or(d.Competent, d.ReceivedBy),
		Month: calendar.DateOf(d.SubmittedAt).String()[:len("2026-11")], Submitted: d.SubmittedAt.UnixMicro(),
		Decided: !d.DecidedAt.IsZero(), DecidedLate: d.DecidedLate,
		Delivered: !d.DeliveredAt.IsZero(), Open: !d.Status().Ended(),
	}
	f.DeliveredLate = f.Delivered && !due.IsZero() && d.DeliveredAt.After(due)
	return f
}

// StepOf is the step that an event ends; false when it ends none. Where an
// import's times run backwards a step took no time.
func StepOf(it *Item) (StepTime, bool) {
	if it.Open.Type == "" || !begins(it.Type) {
		return StepTime{}, false
	}
	from, to := it.Open.At, it.Meta.At()
	s := StepTime{Revision: it.Open.Revision, Step: strings.TrimPrefix(it.Open.Type, "dossier.")}
	cal := it.Catalogue.CalendarVersion(it.Calendar)
	if cal == nil {
		cal = weekly
	}
	if to.Before(from) {
		to = from
	}
	s.WeeklyOnly = !cal.Covers(calendar.DateOf(from)) || !cal.Covers(calendar.DateOf(to))
	s.WorkingMinutes = int64(cal.Between(from, to))
	s.WallSeconds = int64(to.Sub(from) / time.Second)
	return s, true
}

// weekly is the usual week without any holiday, for dossiers that pin no calendar.
var weekly = func() *calendar.Calendar {
	c, err := calendar.New(calendar.Definition{ID: "weekly", Name: "weekly pattern", Week: calendar.StandardWeek()})
	if err != nil {
		panic(err) // a constant definition
	}
	return c
}()

// NearestRank gives the percentiles of values by the nearest-rank method: the
// smallest value that at least p percent of them do not exceed. It sorts them.
func NearestRank(values []int64) Percentiles {
	if len(values) == 0 {
		return Percentiles{}
	}
	slices.Sort(values)
	at := func(p int) int64 { return values[(p*len(values)+99)/100-1] }
	return Percentiles{P50: at(50), P90: at(90), P99: at(99)}
}
