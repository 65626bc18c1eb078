package projections

import (
	"cmp"
	"strconv"
	"strings"
	"sync"

	"hoso/domain"
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
		w.pick(means, e.Means)
	case domain.Rated:
		w.say("Điểm (1–5): ", "Score (1–5): ", strconv.Itoa(e.Score))
	}
	return string(w.vi), string(w.en)
}

func (w *words) desk(e domain.Event) {
	switch e := e.(type) {
	case domain.Submitted:
		p := inForce(w.it.Catalogue, e.Procedure, w.it.Meta.At())
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
