package calendar

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"time"
)

// Span is a stretch of work within a day, in minutes since midnight: 420–690
// is 07:00–11:30. To is at most 1440; what is due at the end of such a span is due
// at midnight, an instant of the next date.
type Span struct {
	From int `json:"from" doc:"public: begin, minutes since midnight"`
	To   int `json:"to" doc:"public: end, minutes since midnight"`
}

// DayKind says how a dated day differs from the weekly pattern.
type DayKind string

// The kinds of dated days.
const (
	Off     DayKind = "off"     // no work, whatever the weekday
	MakeUp  DayKind = "make_up" // worked for a bridge day, with the hours of the week's first working day from Monday on
	Working DayKind = "working" // worked with its weekday's own hours, or a make-up day's where that has none
)

// Day is a dated day of a calendar.
type Day struct {
	Date        Date    `json:"date" doc:"public: the day, 2026-11-24"`
	Kind        DayKind `json:"kind" doc:"public: off, make_up or working"`
	Name        string  `json:"name,omitempty" doc:"public: what the day is, in Vietnamese"`
	Unconfirmed bool    `json:"unconfirmed,omitempty" doc:"public: expected, or from a source not checked against the official notice"`
}

// Definition is a calendar as the event calendar.published carries it.
// CoversFrom and CoversTo bound the dates for which Days was made; outside
// them the weekly pattern stands alone. Both zero: no table at all.
type Definition struct {
	ID         string    `json:"id" doc:"public: the calendar's name in the log"`
	Name       string    `json:"name" doc:"public: the calendar's name for people"`
	Week       [7][]Span `json:"week" doc:"public: the working spans of each weekday, Sunday first"`
	Days       []Day     `json:"days" doc:"public: the days that differ from the week"`
	CoversFrom Date      `json:"covers_from" doc:"public: first date the table of days reaches, empty without a table"`
	CoversTo   Date      `json:"covers_to" doc:"public: last date the table of days reaches, empty without a table"`
}

// minWeek keeps a due date of MaxQuantity working days within year 9999.
const minWeek = 60

// StandardWeek is 07:00–11:30 and 13:30–17:00, Monday to Friday: 480 minutes a day.
func StandardWeek() [7][]Span {
	var week [7][]Span
	for w := time.Monday; w <= time.Friday; w++ {
		week[w] = []Span{{From: 7 * 60, To: 11*60 + 30}, {From: 13*60 + 30, To: 17 * 60}}
	}
	return week
}

// canonical copies the definition deeply, its days sorted by date.
func (def Definition) canonical() Definition {
	for w := range def.Week {
		def.Week[w] = slices.Clone(def.Week[w])
	}
	def.Days = slices.Clone(def.Days)
	slices.SortStableFunc(def.Days, func(a, b Day) int { return a.Date.Compare(b.Date) })
	return def
}

// validate expects a canonical definition.
func (def Definition) validate() error {
	if def.ID == "" {
		return fmt.Errorf("calendar: the definition has no id")
	}
	week := 0
	for w, spans := range def.Week {
		for i, s := range spans {
			if s.From < 0 || s.From >= s.To || s.To > 24*60 || i > 0 && s.From < spans[i-1].To {
				return fmt.Errorf("calendar %s: %s, span %d (%d–%d): spans are minutes since midnight, 0 to 1440, in order, not overlapping", def.ID, time.Weekday(w), i+1, s.From, s.To)
			}
			week += s.To - s.From
		}
	}
	if week < minWeek {
		return fmt.Errorf("calendar %s: the week has %d working minutes; give at least %d", def.ID, week, minWeek)
	}
	return def.validateDays()
}

func (def Definition) validateDays() error {
	if def.CoversFrom.IsZero() != def.CoversTo.IsZero() || def.CoversTo.Before(def.CoversFrom) {
		return fmt.Errorf("calendar %s: covers_from %q and covers_to %q must both be empty or bound the table of days", def.ID, def.CoversFrom, def.CoversTo)
	}
	for i, day := range def.Days {
		switch {
		case i > 0 && day.Date == def.Days[i-1].Date:
			return fmt.Errorf("calendar %s: %s stands twice among the days; keep one", def.ID, day.Date)
		case day.Kind != Off && day.Kind != MakeUp && day.Kind != Working:
			return fmt.Errorf("calendar %s: %s has the unknown kind %q; say off, make_up or working", def.ID, day.Date, day.Kind)
		case day.Date.IsZero() || !def.covers(day.Date):
			return fmt.Errorf("calendar %s: day %q lies outside covers_from %q to covers_to %q; widen them to the dates the table was made for", def.ID, day.Date, def.CoversFrom, def.CoversTo)
		}
	}
	return nil
}

func (def Definition) covers(d Date) bool {
	return !def.CoversFrom.IsZero() && !d.Before(def.CoversFrom) && !d.After(def.CoversTo)
}

// version hashes a canonical definition. The encoding is spelt out here, free
// of any JSON library's ways: due dates in the log name versions for ever.
func (def Definition) version() string {
	h := sha256.New()
	writeText(h, "calendar 1", def.ID, def.Name, def.CoversFrom.String(), def.CoversTo.String())
	for _, spans := range def.Week {
		fmt.Fprintf(h, "%d;", len(spans))
		for _, s := range spans {
			fmt.Fprintf(h, "%d-%d;", s.From, s.To)
		}
	}
	for _, day := range def.Days {
		writeText(h, day.Date.String(), string(day.Kind), day.Name)
		fmt.Fprintf(h, "%t;", day.Unconfirmed)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// writeText writes each text behind its length, so that no two lists of texts give the same bytes.
func writeText(h hash.Hash, texts ...string) {
	for _, s := range texts {
		fmt.Fprintf(h, "%d:%s;", len(s), s)
	}
}
