package domain

import (
	"fmt"
	"strings"
	"time"

	"hoso/domain/calendar"
)

// The kinds of explanation lines that come from a dossier, beside calendar's own.
const (
	lineCorrected = "corrected"
	lineEnd       = "end"
	linePaused    = "paused" // still waiting: the due date shown is that before the pause
	lineNoLimit   = "no_limit"
)

// ExplainDue tells how the due date came about: every mark of the clock in
// order, each reckoned again with the calendar version it was made with, so
// that the lines are those of that day. calendars gives a calendar by version,
// nil where it is not known; then the stored due date stands without its
// stretches. The intake clock is told in full only until acceptance.
func ExplainDue(d Dossier, calendars func(version string) *calendar.Calendar) calendar.Explanation {
	x := explanation{calendars: calendars}
	x.Due = d.Clock.Due
	started := 0
	for i, m := range d.Clock.Marks {
		if m.Kind == MarkStart {
			started = i
		}
	}
	for i, m := range d.Clock.Marks {
		x.brief = i < started
		x.mark(m)
	}
	switch {
	case d.Clock.Paused:
		x.line(linePaused, d.LastAt, "Đang tạm dừng: ngày hẹn trả được tính lại khi hồ sơ chạy tiếp", "Paused now: the due date is reckoned again when the dossier goes on")
	case d.Clock.Due.IsZero():
		x.line(lineNoLimit, d.LastAt, "Không có thời hạn", "There is no time limit")
	}
	return x.Explanation
}

// explanation is an Explanation in the making.
type explanation struct {
	calendar.Explanation
	calendars func(version string) *calendar.Calendar
	brief     bool // the clock told is no longer the one that runs
}

func (x *explanation) line(kind string, at time.Time, vi, en string) {
	x.Lines = append(x.Lines, calendar.Line{Kind: kind, Date: calendar.DateOf(at), From: at, VI: vi, EN: en})
}

func (x *explanation) mark(m Mark) {
	at, due := moment(m.At), moment(m.Due)
	leftVI, leftEN := workingTime(m.Remaining)
	switch m.Kind {
	case MarkIntake:
		x.Start = m.At
		x.line(string(MarkIntake), m.At, "Nộp hồ sơ lúc "+at+": bộ phận một cửa trả lời trước "+due, "Submitted at "+at+": the desk answers by "+due)
		x.reckon(m)
	case MarkStart:
		x.Start = m.At
		if m.Due.IsZero() {
			x.line(calendar.KindStart, m.At, "Tiếp nhận lúc "+at+"; thủ tục không quy định thời hạn", "Accepted at "+at+"; the procedure sets no time limit")
			return
		}
		x.line(calendar.KindStart, m.At, "Tiếp nhận lúc "+at, "Accepted at "+at)
		x.reckon(m)
	case MarkImported:
		x.Start = m.At
		x.line(string(MarkImported), m.At, "Ngày hẹn trả "+due+" được nhập từ hệ thống khác", "The due date "+due+" was imported from another system")
	case MarkPause:
		whyVI, whyEN := pauseReason(m.Basis)
		x.line(string(MarkPause), m.At, "Tạm dừng lúc "+at+" ("+whyVI+"), còn "+leftVI, "Paused at "+at+" ("+whyEN+"), "+leftEN+" left")
	case MarkResume:
		x.resume(m)
	case MarkExtend:
		x.line(string(MarkExtend), m.At, "Gia hạn lúc "+at+": ngày hẹn trả mới "+due, "Extended at "+at+": the new due date is "+due)
	case MarkCorrect:
		x.line(lineCorrected, m.At, "Đính chính lúc "+at+": ngày hẹn trả là "+due, "Corrected at "+at+": the due date is "+due)
	case MarkEnd:
		x.line(lineEnd, m.At, "Kết thúc xử lý lúc "+at, "Processing ended at "+at)
	}
}

func (x *explanation) resume(m Mark) {
	at, due := moment(m.At), moment(m.Due)
	leftVI, leftEN := workingTime(m.Remaining)
	switch {
	case m.Due.IsZero():
		x.line(string(MarkResume), m.At, "Chạy tiếp lúc "+at+", không có thời hạn", "Resumed at "+at+", without a time limit")
	case m.Remaining == 0 && m.Due.Equal(m.At):
		x.line(string(MarkResume), m.At, "Chạy tiếp lúc "+at+"; không còn thời gian, đến hạn ngay", "Resumed at "+at+"; no time is left, due at once")
	case m.Remaining == 0:
		x.line(string(MarkResume), m.At, "Chạy tiếp lúc "+at+"; ngày hẹn trả giữ nguyên "+due, "Resumed at "+at+"; the due date stays "+due)
	default:
		x.line(string(MarkResume), m.At, "Chạy tiếp lúc "+at+" với "+leftVI, "Resumed at "+at+" with "+leftEN)
		x.reckon(m)
	}
}

// reckon adds the stretches and skipped days that lead to a mark's due date.
// Where the calendar gives another date than the one stored, the stored one
// holds and no stretches are told.
func (x *explanation) reckon(m Mark) {
	if x.brief {
		return
	}
	cal := x.calendars(m.Calendar)
	if cal == nil {
		x.due(m)
		return
	}
	var why calendar.Explanation
	if d, ok := parseBasis(m.Basis); ok {
		_, why = cal.Add(m.At, d)
	} else {
		_, why = cal.AddMinutes(m.At, m.Remaining)
	}
	x.Calendar, x.CalendarVersion = why.Calendar, m.Calendar
	if !why.Due.Equal(m.Due) {
		x.due(m)
		return
	}
	x.WeeklyPatternOnly = x.WeeklyPatternOnly || why.WeeklyPatternOnly
	x.Lines = append(x.Lines, why.Lines...)
	last := &x.Lines[len(x.Lines)-1]
	last.VI += fmt.Sprintf(" (lịch %s, phiên bản %s)", why.Calendar, short(m.Calendar))
	last.EN += fmt.Sprintf(" (calendar %s, version %s)", why.Calendar, short(m.Calendar))
}

func (x *explanation) due(m Mark) {
	x.line(calendar.KindDue, m.Due, "Đến hạn: "+moment(m.Due), "Due: "+moment(m.Due))
}

func pauseReason(basis string) (vi, en string) {
	if basis == "payment" {
		return "chờ nộp tiền", "waiting for a payment"
	}
	return "chờ bổ sung giấy tờ", "waiting for a supplement"
}

// short is the beginning of a version, enough to tell two apart.
func short(version string) string { return version[:min(len(version), 8)] }

// moment writes an instant as people in Viet Nam do, in both languages.
func moment(t time.Time) string { return t.In(calendar.Zone).Format("15:04 02/01/2006") }

// workingTime words working minutes in hours and minutes.
func workingTime(minutes int) (vi, en string) {
	if minutes < 1 {
		return "0 phút làm việc", "no working time"
	}
	var v, e []string
	if h := minutes / 60; h > 0 {
		v, e = append(v, fmt.Sprintf("%d giờ", h)), append(e, fmt.Sprintf("%d h", h))
	}
	if m := minutes % 60; m > 0 {
		v, e = append(v, fmt.Sprintf("%d phút", m)), append(e, fmt.Sprintf("%d min", m))
	}
	return strings.Join(v, " ") + " làm việc", strings.Join(e, " ") + " of working time"
}
