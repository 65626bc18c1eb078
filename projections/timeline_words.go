package projections

import (
	"cmp"
	"strconv"
	"strings"
	"sync"
	"time"

	"hoso/domain"
	"hoso/domain/calendar"
)

// words puts an event's public fields into sentences, in both languages.
type words struct {
	it     *Item
	vi, en []byte
}

// detailsOf are an event's public details; the room they are put together in is
// used again, because a rebuild does it for every event of the log.
func detailsOf(it *Item) (vi, en string) {
	w := wordsRoom.Get().(*words)
	defer wordsRoom.Put(w)
	*w = words{it: it, vi: w.vi[:0], en: w.en[:0]}
	vi, en = w.details()
	w.it = nil
	return vi, en
}

var wordsRoom = sync.Pool{New: func() any { return new(words) }}

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

func (w *words) details() (vi, en string) {
	switch e := w.it.Event.(type) {
	case domain.Submitted, domain.Numbered, domain.Accepted, domain.ReturnedForSupplement, domain.Supplemented, domain.SupplementLapsed, domain.Refused:
		w.desk(e)
	case domain.Routed, domain.Progressed, domain.DueDateExtended, domain.Stopped, domain.Withdrawn, domain.Decided:
		w.processing(e)
	case domain.PaymentRequested, domain.Paid, domain.PaymentCancelled, domain.PaymentReconciled, domain.PaymentRefunded:
		w.money(e)
	case domain.ResultReceived, domain.OriginalsCompared, domain.Delivered, domain.ResultCancelled, domain.ViolationReported:
		w.result(e)
	case domain.CorrectionRequested:
		w.correction(e.Request, e.Correction, e.LegalBasis)
	case domain.Corrected:
		w.correction(e.Request, e.Correction, e.LegalBasis)
	case domain.CorrectionDeclined:
		w.say("Đề nghị số: ", "Request: ", e.Request)
	case domain.Contacted:
		w.say("Hình thức: ", "By: ", e.Means)
	case domain.Rated:
		w.say("Điểm (1–5): ", "Score (1–5): ", strconv.Itoa(e.Score))
	}
	return string(w.vi), string(w.en)
}

func (w *words) desk(e domain.Event) {
	switch e := e.(type) {
	case domain.Submitted:
		p := w.it.procedure()
		w.both(orCode("Thủ tục: ", p.Name, e.Procedure), orCode("Procedure: ", cmp.Or(p.NameEN, p.Name), e.Procedure))
		w.say("Nơi nhận: ", "Received by: ", w.agency(e.Agency))
		if e.Competent != e.Agency {
			w.say("Cơ quan có thẩm quyền: ", "Competent: ", w.agency(e.Competent))
		}
		w.pick(channels, string(e.Channel))
		w.count(len(e.Papers), "giấy tờ", "papers")
		if e.ImportedDue != nil {
			w.moment("Hẹn trả theo hệ thống nguồn", "Due by the source system", *e.ImportedDue)
		}
		w.say("Mã ở hệ thống nguồn: ", "Id in the source system: ", e.SourceID)
	case domain.Numbered:
		w.say("Mã hồ sơ: ", "Code: ", e.Code)
	case domain.Accepted:
		w.due(e.Deadline)
	case domain.ReturnedForSupplement:
		w.say("Còn thiếu hoặc chưa đúng: ", "Missing or wrong: ", strings.Join(e.Missing, "; "))
		if e.Until != nil {
			w.moment("Hạn bổ sung", "To be supplemented by", *e.Until)
		}
	case domain.Supplemented:
		w.count(len(e.Papers), "giấy tờ bổ sung", "papers added")
		w.due(e.Deadline)
	case domain.SupplementLapsed:
		w.moment("Hạn bổ sung", "Time limit", e.Until)
	case domain.Refused:
		w.basis(e.LegalBasis)
	}
}

func (w *words) processing(e domain.Event) {
	switch e := e.(type) {
	case domain.Routed:
		w.say("Từ: ", "From: ", w.agency(e.From))
		w.say("Đến: ", "To: ", w.agency(e.Agency))
		w.say("Đơn vị: ", "Unit: ", e.Unit)
	case domain.Progressed:
		w.say("", "", e.Title)
		w.say("Đơn vị: ", "Unit: ", e.Unit)
	case domain.DueDateExtended:
		w.due(e.Deadline)
	case domain.Stopped:
		w.basis(e.LegalBasis)
	case domain.Withdrawn:
		w.pick(askers, string(e.AskedBy))
	case domain.Decided:
		w.pick(outcomes, string(e.Outcome))
		w.say("Số: ", "Number: ", e.Number)
		w.date("Ngày: ", "Date: ", e.Date)
		if e.Late {
			w.both("Quá hạn", "Late")
		}
	}
}

func (w *words) money(e domain.Event) {
	switch e := e.(type) {
	case domain.PaymentRequested:
		w.say("", "", orCode("", e.Name, e.Obligation))
		w.sum(e.Amount, e.Currency)
		if e.Waits {
			w.both("Việc xử lý chờ khoản này", "Processing waits for it")
		}
	case domain.Paid:
		w.obligation(e.Obligation)
		w.sum(e.Amount, w.currency(e.Obligation))
		w.say("Biên lai: ", "Receipt: ", e.Receipt)
		w.due(e.Deadline)
	case domain.PaymentCancelled:
		w.obligation(e.Obligation)
		w.due(e.Deadline)
	case domain.PaymentReconciled:
		w.obligation(e.Obligation)
		w.say("Sao kê: ", "Statement: ", e.Statement)
	case domain.PaymentRefunded:
		w.obligation(e.Obligation)
		w.sum(e.Amount, w.currency(e.Obligation))
	}
}

func (w *words) result(e domain.Event) {
	switch e := e.(type) {
	case domain.ResultReceived:
		w.say("Số: ", "Number: ", e.Number)
		w.say("Tại: ", "At: ", w.agency(e.Place))
	case domain.OriginalsCompared:
		if e.Match {
			w.both("Khớp", "They match")
		} else {
			w.both("Không khớp", "They do not match")
		}
		for _, c := range e.Components {
			if !c.Match {
				w.say("Không khớp: ", "Differs: ", c.Component)
			}
		}
	case domain.Delivered:
		w.pick(ways, string(e.Way))
		w.say("Tại: ", "At: ", w.agency(e.Place))
	case domain.ResultCancelled:
		w.basis(e.LegalBasis)
	case domain.ViolationReported:
		w.say("Báo cho: ", "Reported to: ", e.Authority)
	}
}

func (w *words) correction(request string, c domain.Correction, basis string) {
	w.say("Đề nghị số: ", "Request: ", request)
	w.pick(correctedFields, string(c.Field))
	if c.Time != nil {
		w.moment("Thời điểm đúng", "Right time", *c.Time)
	}
	if c.Outcome != "" {
		w.pick(outcomes, string(c.Outcome))
	}
	w.basis(basis)
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
	for _, o := range w.it.After.Obligations {
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
