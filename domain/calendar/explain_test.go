package calendar_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"hoso/domain/calendar"
)

func lines(why calendar.Explanation, kind string) []calendar.Line {
	return slices.DeleteFunc(slices.Clone(why.Lines), func(l calendar.Line) bool { return l.Kind != kind })
}

// told joins the lines of one language.
func told(why calendar.Explanation, text func(calendar.Line) string) string {
	var all []string
	for _, l := range why.Lines {
		all = append(all, l.Kind+" | "+text(l))
	}
	return strings.Join(all, "\n")
}

func vi(l calendar.Line) string { return l.VI }
func en(l calendar.Line) string { return l.EN }

func expect(t *testing.T, got string, want ...string) {
	t.Helper()
	if got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestExplainWorkingDays(t *testing.T) {
	_, why := vietnam(t).Add(at(t, "2026-04-24 15:00"), calendar.Duration{Quantity: 2, Unit: calendar.WorkingDay})
	// Fri 120; Sat, Sun and Mon off; Tue 480; Wed 360: the morning's 270 and 90 from 13:30.
	expect(t, told(why, vi),
		"start | Bắt đầu: 15:00 thứ Sáu 24/04/2026; thời hạn: 2 ngày làm việc",
		"work | Tính 2 giờ làm việc: từ 15:00 thứ Sáu 24/04/2026 đến 17:00 thứ Sáu 24/04/2026",
		"skip | Bỏ qua thứ Bảy 25/04/2026 (nghỉ hằng tuần)",
		"skip | Bỏ qua Chủ nhật 26/04/2026. Nghỉ: Giỗ Tổ Hùng Vương",
		"skip | Bỏ qua thứ Hai 27/04/2026. Nghỉ bù Giỗ Tổ Hùng Vương",
		"work | Tính 1 ngày 6 giờ làm việc: từ 07:00 thứ Ba 28/04/2026 đến 15:00 thứ Tư 29/04/2026",
		"due | Đến hạn: 15:00 thứ Tư 29/04/2026")
	expect(t, told(why, en),
		"start | Start: 15:00 on Friday 24 April 2026; time allowed: 2 working days",
		"work | Counted 2 hours of work: from 15:00 on Friday 24 April 2026 to 17:00 on Friday 24 April 2026",
		"skip | Skipped Saturday 25 April 2026 (weekly day off)",
		"skip | Skipped Sunday 26 April 2026. Day off: Giỗ Tổ Hùng Vương",
		"skip | Skipped Monday 27 April 2026. Day off: Nghỉ bù Giỗ Tổ Hùng Vương",
		"work | Counted 1 day 6 hours of work: from 07:00 on Tuesday 28 April 2026 to 15:00 on Wednesday 29 April 2026",
		"due | Due: 15:00 on Wednesday 29 April 2026")
	if why.WeeklyPatternOnly {
		t.Error("2026 is covered")
	}
}

func TestExplainMakeUpAndSeconds(t *testing.T) {
	_, why := vietnam(t).Add(at(t, "2026-08-21 16:59:30"), calendar.Duration{Quantity: 1, Unit: calendar.WorkingDay})
	expect(t, told(why, vi),
		"start | Bắt đầu: 16:59:30 thứ Sáu 21/08/2026; thời hạn: 1 ngày làm việc",
		"work | Tính chưa đến 1 phút làm việc: từ 16:59:30 thứ Sáu 21/08/2026 đến 17:00 thứ Sáu 21/08/2026",
		"make_up | Vẫn làm việc thứ Bảy 22/08/2026: Làm bù cho 31/08 (chưa có thông báo chính thức)",
		"work | Tính 1 ngày làm việc: từ 07:00 thứ Bảy 22/08/2026 đến 16:59:30 thứ Bảy 22/08/2026",
		"due | Đến hạn: 16:59:30 thứ Bảy 22/08/2026")
}

func TestExplainOutsideWorkAndTable(t *testing.T) {
	c := vietnam(t)
	_, why := c.AddMinutes(at(t, "2027-12-31 18:00"), 90)
	expect(t, told(why, vi),
		"start | Bắt đầu: 18:00 thứ Sáu 31/12/2027 (ngoài giờ làm việc; giờ làm việc kế tiếp: 07:00 thứ Hai 03/01/2028); cộng 1 giờ 30 phút làm việc",
		"uncovered | Không có đủ lịch nghỉ lễ của năm 2028: chỉ tính theo tuần làm việc",
		"skip | Bỏ qua thứ Bảy 01/01/2028 (nghỉ hằng tuần)",
		"skip | Bỏ qua Chủ nhật 02/01/2028 (nghỉ hằng tuần)",
		"work | Tính 1 giờ 30 phút làm việc: từ 07:00 thứ Hai 03/01/2028 đến 08:30 thứ Hai 03/01/2028",
		"due | Đến hạn: 08:30 thứ Hai 03/01/2028")
	if !why.WeeklyPatternOnly {
		t.Error("2028 is not covered")
	}
	_, why = c.AddMinutes(at(t, "2011-12-30 16:00"), 480)
	if got := lines(why, calendar.KindUncovered); len(got) != 2 || got[0].Date != date(t, "2011-12-30") || got[1].Date != date(t, "2012-01-01") {
		t.Errorf("two years without a table, told as %v", got)
	}
}

func TestExplainRoll(t *testing.T) {
	c := vietnam(t)
	_, why := c.Add(at(t, "2026-04-15 09:00"), calendar.Duration{Quantity: 10, Unit: calendar.CalendarDay})
	expect(t, told(why, vi),
		"start | Bắt đầu: 09:00 thứ Tư 15/04/2026; thời hạn: 10 ngày, kể cả ngày nghỉ, đến hết thứ Bảy 25/04/2026",
		"skip | Bỏ qua thứ Bảy 25/04/2026 (nghỉ hằng tuần)",
		"skip | Bỏ qua Chủ nhật 26/04/2026. Nghỉ: Giỗ Tổ Hùng Vương",
		"skip | Bỏ qua thứ Hai 27/04/2026. Nghỉ bù Giỗ Tổ Hùng Vương",
		"roll | Ngày cuối của thời hạn là ngày nghỉ: chuyển sang ngày làm việc tiếp theo, thứ Ba 28/04/2026",
		"due | Đến hạn: 17:00 thứ Ba 28/04/2026")
	// From 20 December 2023, uncovered, into 2024: only the due date was looked up, and the table has it.
	_, why = c.Add(at(t, "2023-12-20 09:00"), calendar.Duration{Quantity: 1, Unit: calendar.Month})
	if why.WeeklyPatternOnly || len(lines(why, calendar.KindUncovered)) > 0 {
		t.Error("told as uncovered though the days looked at are covered")
	}
	_, why = c.Add(at(t, "2026-08-12 09:00"), calendar.Duration{Quantity: 10, Unit: calendar.CalendarDay})
	if got := lines(why, calendar.KindMakeUp); len(got) != 1 || got[0].Date != date(t, "2026-08-22") {
		t.Errorf("due on a make-up Saturday, told as %v", why.Lines)
	}
}

func TestExplainSameDayAndZero(t *testing.T) {
	c := vietnam(t)
	_, why := c.Add(at(t, "2026-11-23 15:20"), calendar.Duration{Unit: calendar.SameDay})
	expect(t, told(why, vi),
		"start | Bắt đầu: 15:20 thứ Hai 23/11/2026; thời hạn: trong ngày",
		"after_15h | Nhận từ 15:00 trở đi: chuyển sang thứ Tư 25/11/2026",
		"skip | Bỏ qua thứ Ba 24/11/2026. Nghỉ: Ngày Văn hóa Việt Nam",
		"due | Đến hạn: 17:00 thứ Tư 25/11/2026")
	_, why = c.AddMinutes(at(t, "2026-04-18 10:00"), 0)
	expect(t, told(why, en),
		"start | Start: 10:00 on Saturday 18 April 2026 (outside working hours; work next begins at 07:00 on Monday 20 April 2026); no time to add",
		"due | Due: 10:00 on Saturday 18 April 2026")
}

// Begun exactly as work ends: outside working hours, and no empty stretch.
func TestExplainFromTheEndOfWork(t *testing.T) {
	_, why := vietnam(t).AddMinutes(at(t, "2026-04-20 17:00"), 30)
	expect(t, told(why, vi),
		"start | Bắt đầu: 17:00 thứ Hai 20/04/2026 (ngoài giờ làm việc; giờ làm việc kế tiếp: 07:00 thứ Ba 21/04/2026); cộng 30 phút làm việc",
		"work | Tính 30 phút làm việc: từ 07:00 thứ Ba 21/04/2026 đến 07:30 thứ Ba 21/04/2026",
		"due | Đến hạn: 07:30 thứ Ba 21/04/2026")
}

// Work until midnight is over on the day itself; the day off after it is not skipped.
func TestExplainDueAtMidnight(t *testing.T) {
	c := compile(t, calendar.Definition{ID: "wednesday", Week: [7][]calendar.Span{3: {{From: 600, To: 1440}}}})
	_, why := c.AddMinutes(at(t, "2026-04-22 23:00"), 60)
	if civil(why.Due) != "2026-04-23 00:00:00" || len(lines(why, calendar.KindSkip)) != 0 {
		t.Errorf("got\n%s", told(why, vi))
	}
}

func TestExplainBackwards(t *testing.T) {
	_, why := vietnam(t).AddMinutes(at(t, "2026-04-21 08:00"), -120)
	expect(t, told(why, vi),
		"start | Bắt đầu: 08:00 thứ Ba 21/04/2026; tính lùi 2 giờ làm việc",
		"work | Tính lùi 2 giờ làm việc, từ 08:00 thứ Ba 21/04/2026 về 16:00 thứ Hai 20/04/2026",
		"due | Đến hạn: 16:00 thứ Hai 20/04/2026")
}

func TestExplanationAsJSON(t *testing.T) {
	_, why := vietnam(t).Add(at(t, "2026-04-20 09:00"), calendar.Duration{Quantity: 1, Unit: calendar.WorkingHour})
	data, err := json.Marshal(why)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"due":"2026-04-20T03:00:00Z"`, `"kind":"due","date":"2026-04-20"`, `"minutes":60`, `"calendar":"vn"`, `"calendar_version":"`,
	} {
		if !strings.Contains(string(data), want) {
			t.Errorf("%s is not in %s", want, data)
		}
	}
}
