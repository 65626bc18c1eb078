package calendar

import (
	"fmt"
	"strconv"
)

// Unit says in what a Duration counts.
type Unit string

// The units of the procedure catalogue.
const (
	WorkingDay  Unit = "working_day"  // 480 working minutes
	WorkingHour Unit = "working_hour" // 60 working minutes
	CalendarDay Unit = "calendar_day" // days off count too; a due date on a day off rolls to the next working day
	Month       Unit = "month"        // same day of a later month, else that month's last (Civil Code 2015, art. 148.3); rolls likewise
	SameDay     Unit = "same_day"     // the working day of receipt when received before 15:00, else the next; the quantity is not read
)

const (
	hourMinutes = 60
	// DayMinutes is one working day in working minutes: 8 hours by definition,
	// also in a calendar whose own days are longer or shorter, so that a duration
	// is one amount of work wherever it starts.
	DayMinutes = 8 * hourMinutes
	// MaxQuantity is the largest quantity of a Duration; no procedure comes near.
	MaxQuantity = 10_000
)

// Duration is the time a procedure allows. The catalogue's free text ("+10
// working days in mountain communes") stays beside the number in Note and
// takes no part in reckoning.
type Duration struct {
	Quantity int    `json:"quantity" doc:"public: how many units, 0 to 10000"`
	Unit     Unit   `json:"unit" doc:"public: working_day (8 working hours), working_hour, calendar_day, month or same_day; empty where no time is given"`
	Note     string `json:"note,omitempty" doc:"public: the catalogue's free text beside the number"`
}

// IsZero reports whether d allows no time that could be reckoned: nothing, or
// a note alone. Such a duration gives no due date; ask before Calendar.Due.
// Because JSON's omitzero asks this method too, do not put that option on a
// Duration whose note must be kept.
func (d Duration) IsZero() bool { return d.Quantity == 0 && d.Unit != SameDay }

// Validate refuses an unknown unit and a quantity below 0 or above MaxQuantity.
func (d Duration) Validate() error {
	switch d.Unit {
	case WorkingDay, WorkingHour, CalendarDay, Month, SameDay:
	case "":
		if d.Quantity != 0 {
			return fmt.Errorf("calendar: a duration of %d has no unit; say working_day, working_hour, calendar_day, month or same_day", d.Quantity)
		}
	default:
		return fmt.Errorf("calendar: unknown unit %q; say working_day, working_hour, calendar_day, month or same_day", d.Unit)
	}
	if d.Quantity < 0 || d.Quantity > MaxQuantity {
		return fmt.Errorf("calendar: a duration of %d is out of range; give 0 to %d", d.Quantity, MaxQuantity)
	}
	return nil
}

// Text words the duration for people, without the note: "5 ngày làm việc" and
// "5 working days". Both are empty where d.IsZero().
func (d Duration) Text() (vi, en string) {
	if d.IsZero() {
		return "", ""
	}
	n := strconv.Itoa(d.Quantity)
	switch d.Unit {
	case WorkingDay:
		return n + " ngày làm việc", plural(d.Quantity, "working day")
	case WorkingHour:
		return n + " giờ làm việc", plural(d.Quantity, "working hour")
	case CalendarDay:
		return n + " ngày, kể cả ngày nghỉ", plural(d.Quantity, "calendar day")
	case Month:
		return n + " tháng", plural(d.Quantity, "month")
	case SameDay:
		return "trong ngày", "the same day"
	}
	return n, n
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
