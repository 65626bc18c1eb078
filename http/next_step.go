package http

import (
	"fmt"
	"strconv"
	"time"

	"hoso/domain"
	"hoso/domain/calendar"
	"hoso/projections"
)

// nextStep says in a sentence what happens next and what the applicant can do.
// It names no person and no paper: anyone with the code may read it.
func (s *Server) nextStep(v projections.DossierView) (vi, en string) {
	agency := s.agencyName(v.Agency)
	switch v.Status {
	case domain.StatusSubmitted:
		if v.DueAt.IsZero() {
			return "Hồ sơ đã gửi tới " + agency.Vi + " và đang chờ kiểm tra. Bạn chưa cần làm gì.",
				"The dossier was sent to " + agency.En + " and waits to be checked. There is nothing you need to do."
		}
		return agency.Vi + " sẽ kiểm tra và trả lời trước " + momentVI(v.DueAt) + ". Bạn chưa cần làm gì.",
			agency.En + " checks it and answers by " + momentEN(v.DueAt) + ". There is nothing you need to do."
	case domain.StatusAccepted, domain.StatusProcessing:
		if v.DueAt.IsZero() {
			return "Hồ sơ đang được giải quyết. Bạn chưa cần làm gì.", "The dossier is being processed. There is nothing you need to do."
		}
		return "Hồ sơ đang được giải quyết, hẹn trả kết quả " + momentVI(v.DueAt) + ". Bạn chưa cần làm gì.",
			"The dossier is being processed; the result is due at " + momentEN(v.DueAt) + ". There is nothing you need to do."
	case domain.StatusSupplement:
		return "Hãy bổ sung giấy tờ theo hướng dẫn của " + agency.Vi + until(v.SupplementUntil, " trước ", momentVI) + ". Thời hạn giải quyết tạm dừng cho đến khi bạn bổ sung.",
			"Please hand in what " + agency.En + " asked for" + until(v.SupplementUntil, " by ", momentEN) + ". The clock stands still until you do."
	case domain.StatusPayment:
		return "Hãy nộp phí, lệ phí theo thông báo. Thời hạn giải quyết tạm dừng cho đến khi nộp xong.",
			"Please pay the fee you were told of. The clock stands still until it is paid."
	case domain.StatusNotAccepted:
		return "Hồ sơ không được tiếp nhận. Hãy xem lý do trong thông báo của " + agency.Vi + "; bạn có thể chuẩn bị lại và nộp hồ sơ mới.",
			"The dossier was not accepted. See the reason in the notice from " + agency.En + "; you can prepare it anew and submit again."
	case domain.StatusWithdrawn:
		return "Hồ sơ đã được rút theo yêu cầu của người nộp. Nếu còn nhu cầu, hãy nộp hồ sơ mới.",
			"The dossier was withdrawn as the applicant asked. If it is still needed, submit a new one."
	case domain.StatusStopped:
		return "Việc giải quyết đã dừng. Hãy xem lý do và căn cứ trong thông báo của " + agency.Vi + ".",
			"Processing has stopped. See the reason and its basis in the notice from " + agency.En + "."
	case domain.StatusDecided:
		return s.afterDecision(v)
	case domain.StatusDelivered:
		return "Kết quả đã được trả. Không còn việc gì phải làm.", "The result was handed over. There is nothing left to do."
	}
	return "Hãy hỏi " + agency.Vi + ".", "Please ask " + agency.En + "."
}

func (s *Server) afterDecision(v projections.DossierView) (vi, en string) {
	switch {
	case v.ResultCancelled:
		return "Kết quả đã bị hủy. Hãy liên hệ " + s.agencyName(v.Agency).Vi + ".", "The result was cancelled. Please contact " + s.agencyName(v.Agency).En + "."
	case v.ResultPlace == "":
		return "Hồ sơ đã giải quyết xong, kết quả đang được chuyển về nơi trả. Bạn sẽ nhận được thông báo.",
			"The dossier is decided and the result is on its way to the desk. You will be told when it is there."
	}
	place := s.agencyName(v.ResultPlace)
	vi, en = "Kết quả đã có tại "+place.Vi+". Khi đến nhận, hãy mang theo giấy hẹn, giấy tờ tùy thân và bản chính các giấy tờ đã gửi bản chụp",
		"The result is ready at "+place.En+". Bring your receipt, your identity card and the originals of papers you sent as scans"
	if v.Unpaid > 0 {
		return vi + ", và nộp khoản phí, lệ phí còn lại.", en + ", and pay the fee that is left."
	}
	return vi + ".", en + "."
}

func until(t time.Time, before string, moment func(time.Time) string) string {
	if t.IsZero() {
		return ""
	}
	return before + moment(t)
}

// momentVI writes an instant as people in Viet Nam do: 15:00 ngày 24/11/2026.
func momentVI(t time.Time) string { return t.In(calendar.Zone).Format("15:04 ngày 02/01/2006") }

// momentEN writes an instant in Vietnam time: 15:00 on 24 November 2026.
func momentEN(t time.Time) string { return t.In(calendar.Zone).Format("15:04 on 2 January 2006") }

// money writes an amount: 150.000 đồng, which have no smaller unit, or 150.25 EUR.
func (l lang) money(amount int64, currency string) string {
	if currency != "" && currency != "VND" {
		return fmt.Sprintf("%d.%02d %s", amount/100, amount%100, currency)
	}
	digits := strconv.FormatInt(amount, 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + l.say(".", ",") + digits[i:]
	}
	return digits + l.say(" đồng", " VND")
}
