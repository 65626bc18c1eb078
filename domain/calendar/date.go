package calendar

import (
	"cmp"
	"fmt"
	"time"
)

// offset of Zone east of Greenwich, in seconds. Viet Nam keeps no daylight
// saving, so an instant and its civil time differ by this constant alone.
const offset = 7 * 60 * 60

// Zone is Asia/Ho_Chi_Minh as a fixed UTC+7; it needs no time zone database.
var Zone = time.FixedZone("Asia/Ho_Chi_Minh", offset)

const (
	daySeconds = 24 * 60 * 60
	unixDay    = 719163 // day number of 1970-01-01
)

// Date is a civil date in Zone. Dates compare with == and serve as map keys;
// their text form, also in JSON, is "2026-11-24". The zero Date is "no date"
// and has the empty text.
type Date struct {
	n int // days, 1 = 0001-01-01, a Monday; so n mod 7 is the time.Weekday
}

// NewDate gives the date of a year, month and day; values out of range carry
// over as in time.Date (32 January is 1 February).
func NewDate(year int, month time.Month, day int) Date {
	return dateOfUnix(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix())
}

// DateOf gives the date on which an instant falls in Zone.
func DateOf(t time.Time) Date {
	return dateOfUnix(t.Unix() + offset)
}

func dateOfUnix(civilSeconds int64) Date {
	days, _ := floorDiv(civilSeconds, daySeconds)
	return Date{n: int(days) + unixDay}
}

// ParseDate reads "2026-11-24", years 0001 to 9999. The error says which form is wanted.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1 {
		return Date{}, fmt.Errorf("%q is not a date; write year-month-day as in 2026-11-24", s)
	}
	return dateOfUnix(t.Unix()), nil
}

// Start is midnight at which the date begins, in Zone.
func (d Date) Start() time.Time {
	return time.Unix(int64(d.n-unixDay)*daySeconds-offset, 0).In(Zone)
}

// AddDays gives the date n days later, earlier when n is negative.
func (d Date) AddDays(n int) Date { return Date{n: d.n + n} }

// AddMonths gives the same day of the month n months later, or that month's
// last day where it has no such day: 31 January + 1 month = 28 or 29 February.
func (d Date) AddMonths(n int) Date {
	year, month, day := d.Start().Date()
	last := NewDate(year, month+time.Month(n)+1, 0)
	first := NewDate(year, month+time.Month(n), 1)
	return Date{n: min(first.n+day-1, last.n)}
}

// Year is the civil year.
func (d Date) Year() int { return d.Start().Year() }

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday {
	_, w := floorDiv(int64(d.n), 7)
	return time.Weekday(w)
}

// Before reports whether d comes earlier than e.
func (d Date) Before(e Date) bool { return d.n < e.n }

// After reports whether d comes later than e.
func (d Date) After(e Date) bool { return d.n > e.n }

// Compare orders dates: -1 when d is earlier than e, 0 when equal, +1 when later.
func (d Date) Compare(e Date) int { return cmp.Compare(d.n, e.n) }

// IsZero reports whether d is "no date".
func (d Date) IsZero() bool { return d == Date{} }

// String gives "2026-11-24", and "" for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.Start().Format(time.DateOnly)
}

// MarshalText gives the form of String. It never fails.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the form of String; its errors are those of ParseDate.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// floorDiv divides rounding down, so that days before the epoch count like
// those after it; the remainder is never negative.
func floorDiv(a, b int64) (quotient, remainder int64) {
	quotient, remainder = a/b, a%b
	if remainder < 0 {
		quotient, remainder = quotient-1, remainder+b
	}
	return quotient, remainder
}
