package projections

import (
	"strconv"
	"strings"
	"time"

	"hoso/domain"
	"hoso/domain/calendar"
)

// say adds a sentence; with no value it adds nothing.
func (w *words) say(vi, en, value string) {
	if value != "" {
		w.vi, w.en = sentence(w.vi, vi, value), sentence(w.en, en, value)
	}
}

func (w *words) both(vi, en string) { w.vi, w.en = sentence(w.vi, vi, ""), sentence(w.en, en, "") }

// sentence adds one, made of two parts, to a text.
func sentence(text []byte, part, rest string) []byte {
	if len(text) > 0 {
		text = append(text, ". "...)
	}
	return append(append(text, part...), rest...)
}

func (w *words) basis(text string) { w.say("Căn cứ: ", "Basis: ", text) }

func (w *words) due(d *domain.Deadline) {
	if d != nil && !d.Due.IsZero() {
		w.moment("Hẹn trả", "Due", d.Due)
	}
}

// moment tells an instant in Viet Nam time.
func (w *words) moment(vi, en string, t time.Time) {
	t = t.In(calendar.Zone)
	w.both(vi+t.Format(": 15:04 02/01/2006"), en+t.Format(": 15:04 2006-01-02"))
}

// date tells a day that an event holds as year-month-day; what is no date
// stands as it is.
func (w *words) date(vi, en, text string) {
	day, err := calendar.ParseDate(text)
	if err != nil {
		w.say(vi, en, text)
		return
	}
	w.both(vi+day.Start().Format("02/01/2006"), en+text)
}

func (w *words) count(n int, vi, en string) {
	if n > 0 {
		digits := strconv.Itoa(n)
		w.both(digits+" "+vi, digits+" "+en)
	}
}

func (w *words) obligation(code string) {
	w.say("Khoản: ", "Obligation: ", code)
}

func (w *words) currency(obligation string) string {
	for _, o := range w.it.Obligations {
		if o.Code == obligation {
			return o.Currency
		}
	}
	return ""
}

// sum tells an amount; đồng has no smaller unit, others are told in theirs.
func (w *words) sum(amount int64, currency string) {
	digits := strconv.FormatInt(amount, 10)
	if currency != "VND" {
		w.both(digits+" (đơn vị nhỏ nhất của "+currency+")", digits+" (smallest unit of "+currency+")")
		return
	}
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "." + digits[i:]
	}
	w.both(digits+" đồng", strings.ReplaceAll(digits, ".", ",")+" VND")
}

// agency names an agency as the catalogue did at the event's position.
func (w *words) agency(code string) string {
	a, ok := w.it.Catalogue.Agency(code)
	if !ok || a.Name == "" {
		return code
	}
	return a.Name + " (" + code + ")"
}

func orCode(before, name, code string) string {
	if name == "" {
		return before + code
	}
	return before + name + " (" + code + ")"
}

// pick says a value of a closed list; one that is not in it stands as it is.
func (w *words) pick(list map[string][2]string, value string) {
	if value == "" {
		return
	}
	t, ok := list[value]
	if !ok {
		t = [2]string{value, value}
	}
	w.both(t[0], t[1])
}

var (
	channels = map[string][2]string{
		"direct": {"Nộp trực tiếp", "In person"}, "online": {"Nộp trực tuyến", "Online"}, "post": {"Nộp qua bưu chính", "By post"},
	}
	ways = map[string][2]string{
		"counter": {"Nhận tại quầy", "At the counter"}, "online": {"Nhận trực tuyến", "Online"}, "post": {"Nhận qua bưu chính", "By post"},
	}
	outcomes = map[string][2]string{
		"granted": {"Chấp thuận", "Granted"}, "refused": {"Không chấp thuận", "Refused"},
		"not_required": {"Không cần giải quyết", "Not required"}, "unknown": {"Kết quả không rõ (nhập từ hệ thống khác)", "Outcome unknown (imported)"},
	}
	means = map[string][2]string{
		"phone": {"Gọi điện thoại", "By phone"}, "message": {"Nhắn tin", "By message"}, "email": {"Gửi thư điện tử", "By e-mail"}, "counter": {"Tại quầy", "At the counter"},
	}
	askers = map[string][2]string{
		"owner":     {"Chủ hồ sơ đề nghị, cán bộ ghi nhận", "Asked for by the owner, recorded by an officer"},
		"submitter": {"Người nộp đề nghị, cán bộ ghi nhận", "Asked for by the submitter, recorded by an officer"},
	}
	correctedFields = map[string][2]string{
		"note": {"Ghi chú", "Note"}, "decided_at": {"Thời điểm quyết định", "Time of the decision"}, "due_at": {"Ngày hẹn trả", "Due date"},
		"outcome": {"Kết quả", "Outcome"}, "owner_name": {"Tên chủ hồ sơ", "Owner's name"},
	}
)

// ChannelText names how a dossier came in; what is not known names itself.
func ChannelText(c domain.Channel) (vi, en string) {
	if t, ok := channels[string(c)]; ok {
		return t[0], t[1]
	}
	return string(c), string(c)
}
