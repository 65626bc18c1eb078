package calendar

import "time"

// work reckons working time forwards: every stretch counted, every day off
// skipped and every make-up day between start and due becomes a line.
func (x *reckoning) work(minutes int, vi, en string) {
	due := x.cal.after(x.Start, minutes)
	x.starts(vi, en)
	x.uncovered(DateOf(x.Start), DateOf(due))
	for d := DateOf(x.Start); d.Start().Before(due); d = d.AddDays(1) {
		x.workOn(d, due)
	}
	x.count()
	x.due(due)
}

// workOn adds what the day d contributes on the way to due.
func (x *reckoning) workOn(d Date, due time.Time) {
	if !x.cal.IsWorkingDay(d) {
		x.count()
		x.skip(d)
		return
	}
	from, to := x.cal.opens(later(x.Start, d.Start().UTC())), earlier(due, x.cal.closes(d))
	if !from.Before(to) { // begun after the day's end, or over before its begin
		return
	}
	if x.makesUp(d) {
		x.count()
		x.makeUp(d)
	}
	if x.from.IsZero() {
		x.from = from
	}
	x.to = to
}

// back reckons working time backwards.
func (x *reckoning) back(minutes int) {
	due := x.cal.after(x.Start, minutes)
	vi, en := amount(-minutes)
	x.starts("tính lùi "+vi, "going back "+en)
	x.uncovered(DateOf(due), DateOf(x.Start))
	x.add(Line{
		Kind: KindWork, Date: DateOf(due), From: due, To: x.Start, Minutes: minutes,
		VI: "Tính lùi " + vi + ", từ " + momentVI(x.Start) + " về " + momentVI(due),
		EN: "Went back " + en + ", from " + momentEN(x.Start) + " to " + momentEN(due),
	})
	x.due(due)
}

// date reckons a due date counted on the calendar.
func (x *reckoning) date(counted Date, vi, en string) {
	x.starts("thời hạn: "+vi+", đến hết "+dateVI(counted), "time allowed: "+en+", up to "+dateEN(counted))
	on := x.cal.rolled(counted)
	x.uncovered(counted, on)
	for d := counted; d.Before(on); d = d.AddDays(1) {
		x.skip(d)
	}
	if on != counted {
		x.add(Line{
			Kind: KindRoll, Date: on, From: counted.Start().UTC(), To: on.Start().UTC(),
			VI: "Ngày cuối của thời hạn là ngày nghỉ: chuyển sang ngày làm việc tiếp theo, " + dateVI(on),
			EN: "The last day is a day off: moved to the next working day, " + dateEN(on),
		})
	}
	x.dueOn(on)
}

// sameDay reckons by the 15:00 rule.
func (x *reckoning) sameDay(vi, en string) {
	x.starts("thời hạn: "+vi, "time allowed: "+en)
	received, on, late := DateOf(x.Start), x.cal.sameDay(x.Start), Line{}
	switch {
	case on == received || !x.cal.IsWorkingDay(received):
	case !x.Start.Before(clock(received, sameDayLimit)):
		late = Line{VI: "Nhận từ 15:00 trở đi: chuyển sang " + dateVI(on), EN: "Received at or after 15:00: moved to " + dateEN(on)}
	default:
		late = Line{VI: "Nhận sau giờ làm việc: chuyển sang " + dateVI(on), EN: "Received after the end of work: moved to " + dateEN(on)}
	}
	x.uncovered(received, on)
	if late.VI != "" {
		late.Kind, late.Date, late.From, late.To = KindAfter15h, received, x.Start, on.Start().UTC()
		x.add(late)
	}
	for d := received; d.Before(on); d = d.AddDays(1) {
		if !x.cal.IsWorkingDay(d) {
			x.skip(d)
		}
	}
	x.dueOn(on)
}
