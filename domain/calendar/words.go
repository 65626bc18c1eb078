package calendar

import (
	"strconv"
	"strings"
	"time"
)

var weekdaysVI = [7]string{"Chủ nhật", "thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy"}

// dateVI words a date as "thứ Hai 27/04/2026".
func dateVI(d Date) string {
	return weekdaysVI[d.Weekday()] + d.Start().Format(" 02/01/2006")
}

// dateEN words a date as "Monday 27 April 2026".
func dateEN(d Date) string { return d.Start().Format("Monday 2 January 2006") }

// momentVI words an instant as "09:00 thứ Hai 27/04/2026".
func momentVI(t time.Time) string { return clockText(t) + " " + dateVI(DateOf(t)) }

// momentEN words an instant as "09:00 on Monday 27 April 2026".
func momentEN(t time.Time) string { return clockText(t) + " on " + dateEN(DateOf(t)) }

// clockText shows seconds only where there are some.
func clockText(t time.Time) string {
	if t = t.In(Zone); t.Second() != 0 {
		return t.Format("15:04:05")
	}
	return t.Format("15:04")
}

// amount words working minutes in days of 8 hours, hours and minutes:
// "4 ngày 6 giờ làm việc". Below one minute it says so.
func amount(minutes int) (vi, en string) {
	if minutes == 0 {
		return "chưa đến 1 phút làm việc", "less than a minute of work"
	}
	var partsVI, partsEN []string
	for _, unit := range []struct {
		size   int
		vi, en string
	}{{DayMinutes, "ngày", "day"}, {hourMinutes, "giờ", "hour"}, {1, "phút", "minute"}} {
		if n := minutes / unit.size; n > 0 {
			partsVI = append(partsVI, strconv.Itoa(n)+" "+unit.vi)
			partsEN = append(partsEN, plural(n, unit.en))
			minutes -= n * unit.size
		}
	}
	return strings.Join(partsVI, " ") + " làm việc", strings.Join(partsEN, " ") + " of work"
}

// reason gives a dated day's name, else the texts given, and says when it is
// not confirmed. Names are Vietnamese in both languages: they are the law's.
func (day Day) reason(vi, en string) (string, string) {
	if day.Name != "" {
		vi, en = day.Name, day.Name
	}
	if day.Unconfirmed {
		vi += " (chưa có thông báo chính thức)"
		en += " (not officially confirmed)"
	}
	return vi, en
}
