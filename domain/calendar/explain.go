package calendar

import (
	"strconv"
	"strings"
	"time"
)

// Explanation tells how a due date came about, line by line, in both
// languages. Instants are in UTC; the texts name civil times in Zone.
type Explanation struct {
	Start             time.Time `json:"start" doc:"public: when the clock was started"`
	Due               time.Time `json:"due" doc:"public: when the time is over"`
	Lines             []Line    `json:"lines" doc:"public: the steps in order"`
	Calendar          string    `json:"calendar" doc:"public: id of the calendar used"`
	CalendarVersion   string    `json:"calendar_version" doc:"public: content hash of the calendar used"`
	WeeklyPatternOnly bool      `json:"weekly_pattern_only,omitempty" doc:"public: some day looked at lies outside the table of holidays"`
}

// The kinds of lines this package writes.
const (
	KindStart     = "start"     // always first
	KindWork      = "work"      // a counted stretch From–To, over one or more days, Minutes of work; together they are the duration
	KindSkip      = "skip"      // one day off, by the week or by name
	KindMakeUp    = "make_up"   // a day worked that the week has off
	KindRoll      = "roll"      // a due date in calendar days or months moved off a day off
	KindAfter15h  = "after_15h" // received too late for the same day
	KindUncovered = "uncovered" // no full table of holidays for the year of Date
	KindDue       = "due"       // always last
)

// Line is one step of an Explanation.
type Line struct {
	Kind    string    `json:"kind" doc:"public: start, work, skip, make_up, roll, after_15h, uncovered or due; pause, resume, extended, imported and intake come from the dossier"`
	Date    Date      `json:"date,omitzero" doc:"public: the day the line is about"`
	From    time.Time `json:"from,omitzero" doc:"public: begin of the stretch"`
	To      time.Time `json:"to,omitzero" doc:"public: end of the stretch"`
	Minutes int       `json:"minutes,omitempty" doc:"public: working minutes counted, only in work lines"`
	VI      string    `json:"vi" doc:"public: the line in Vietnamese"`
	EN      string    `json:"en" doc:"public: the line in English"`
}

// reckoning is an Explanation in the making, and the stretch of work that is
// open in it.
type reckoning struct {
	Explanation
	cal      *Calendar
	from, to time.Time
	counted  int // minutes of work in the lines so far
}

func (c *Calendar) explain(start time.Time) *reckoning {
	return &reckoning{cal: c, Explanation: Explanation{
		Start: start.Round(0).UTC(), Calendar: c.def.ID, CalendarVersion: c.version,
	}}
}

func (x *reckoning) add(l Line) { x.Lines = append(x.Lines, l) }

// starts writes the first line; the texts say what is added.
func (x *reckoning) starts(vi, en string) {
	l := Line{Kind: KindStart, Date: DateOf(x.Start), From: x.Start, To: x.cal.opens(x.Start)}
	l.VI, l.EN = "Bắt đầu: "+momentVI(x.Start), "Start: "+momentEN(x.Start)
	if l.To.After(l.From) {
		l.VI += " (ngoài giờ làm việc; giờ làm việc kế tiếp: " + momentVI(l.To) + ")"
		l.EN += " (outside working hours; work next begins at " + momentEN(l.To) + ")"
	}
	l.VI, l.EN = l.VI+"; "+vi, l.EN+"; "+en
	x.add(l)
}

// count closes the open stretch. Each stretch gets the whole minutes that the
// total has grown by, so that seconds at the start never get lost in the sum.
func (x *reckoning) count() {
	if x.from.IsZero() {
		return
	}
	total := x.cal.Between(x.Start, x.to)
	l := Line{Kind: KindWork, Date: DateOf(x.from), From: x.from, To: x.to, Minutes: total - x.counted}
	vi, en := amount(l.Minutes)
	l.VI = "Tính " + vi + ": từ " + momentVI(x.from) + " đến " + momentVI(x.to)
	l.EN = "Counted " + en + ": from " + momentEN(x.from) + " to " + momentEN(x.to)
	x.add(l)
	x.counted, x.from = total, time.Time{}
}

func (x *reckoning) skip(d Date) {
	l := Line{Kind: KindSkip, Date: d, VI: "Bỏ qua " + dateVI(d), EN: "Skipped " + dateEN(d)}
	_, _, dated := x.cal.on(d)
	if dated == nil {
		l.VI += " (nghỉ hằng tuần)"
		l.EN += " (weekly day off)"
	} else {
		vi, en := dated.reason("nghỉ lễ", "holiday")
		if !strings.HasPrefix(vi, "Nghỉ") { // a name like "Nghỉ bù" says it already
			vi = "Nghỉ: " + vi
		}
		l.VI += ". " + vi
		l.EN += ". Day off: " + en
	}
	x.add(l)
}

// makesUp reports whether d is worked only because a dated day says so.
func (x *reckoning) makesUp(d Date) bool {
	_, h, dated := x.cal.on(d)
	return h.seconds > 0 && dated != nil && (dated.Kind == MakeUp || x.cal.week[d.Weekday()].seconds == 0)
}

func (x *reckoning) makeUp(d Date) {
	_, _, dated := x.cal.on(d)
	vi, en := dated.reason("làm bù", "make-up day")
	x.add(Line{Kind: KindMakeUp, Date: d, VI: "Vẫn làm việc " + dateVI(d) + ": " + vi, EN: "Worked on " + dateEN(d) + ": " + en})
}

// uncovered tells each year of which the dates from first to last looked at
// are not all in the table of days.
func (x *reckoning) uncovered(first, last Date) {
	for year := first.Year(); year <= last.Year(); year++ {
		from, to := first, last
		if begin := NewDate(year, time.January, 1); from.Before(begin) {
			from = begin
		}
		if end := NewDate(year, time.December, 31); to.After(end) {
			to = end
		}
		if x.cal.Covers(from) && x.cal.Covers(to) {
			continue
		}
		x.WeeklyPatternOnly = true
		y := strconv.Itoa(year)
		x.add(Line{
			Kind: KindUncovered, Date: from,
			VI: "Không có đủ lịch nghỉ lễ của năm " + y + ": chỉ tính theo tuần làm việc",
			EN: "No full table of holidays for " + y + ": reckoned by the working week alone",
		})
	}
}

// dueOn ends the reckoning with the end of work of a working day.
func (x *reckoning) dueOn(d Date) {
	if x.makesUp(d) {
		x.makeUp(d)
	}
	x.due(x.cal.closes(d))
}

func (x *reckoning) due(t time.Time) {
	x.Due = t
	x.add(Line{Kind: KindDue, Date: DateOf(t), From: t, To: t, VI: "Đến hạn: " + momentVI(t), EN: "Due: " + momentEN(t)})
}
