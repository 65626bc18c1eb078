package domain

// EventTypes lists a zero value of every event of the log, in the order in
// which the field's rules tell them.
func EventTypes() []Event {
	return []Event{
		Submitted{}, Accepted{}, ReturnedForSupplement{}, Routed{}, Decided{}, Paid{}, Delivered{},
		Supplemented{}, Refused{}, Progressed{},
		PaymentRequested{}, PaymentCancelled{}, PaymentReconciled{}, PaymentRefunded{},
		DueDateExtended{}, Stopped{}, Withdrawn{},
		OriginalsCompared{}, CancellationProposed{}, ResultCancelled{},
		Corrected{}, ResultReceived{}, ViolationReported{}, Contacted{}, Numbered{},
		CorrectionRequested{}, CorrectionDeclined{}, SupplementLapsed{}, Redacted{}, Rated{},
		SubjectErased{}, CodeDrawn{}, RootSigned{}, ProcedurePublished{}, AgencyEstablished{}, CalendarPublished{},
	}
}

// titles are the events' names for people, as histories show them.
var titles = map[string][2]string{
	"dossier.submitted":               {"Nộp hồ sơ", "Submitted"},
	"dossier.accepted":                {"Tiếp nhận hồ sơ", "Accepted"},
	"dossier.returned_for_supplement": {"Yêu cầu bổ sung, hoàn thiện hồ sơ", "Returned for supplement"},
	"dossier.routed":                  {"Chuyển hồ sơ", "Handed over"},
	"dossier.decided":                 {"Có kết quả giải quyết", "Decided"},
	"dossier.paid":                    {"Nộp tiền", "Paid"},
	"dossier.delivered":               {"Trả kết quả", "Result delivered"},
	"dossier.supplemented":            {"Bổ sung hồ sơ", "Supplemented"},
	"dossier.refused":                 {"Từ chối tiếp nhận hồ sơ", "Not accepted"},
	"dossier.progressed":              {"Bước xử lý", "Step of processing"},
	"dossier.payment_requested":       {"Yêu cầu thực hiện nghĩa vụ tài chính", "Payment requested"},
	"dossier.payment_cancelled":       {"Hủy nghĩa vụ tài chính", "Payment cancelled"},
	"dossier.payment_reconciled":      {"Đối soát khoản đã nộp", "Payment reconciled"},
	"dossier.payment_refunded":        {"Hoàn trả tiền", "Payment refunded"},
	"dossier.due_date_extended":       {"Xin lỗi và hẹn lại ngày trả kết quả", "Due date extended with apology"},
	"dossier.stopped":                 {"Dừng xử lý hồ sơ", "Processing stopped"},
	"dossier.withdrawn":               {"Người nộp rút hồ sơ", "Withdrawn by the applicant"},
	"dossier.originals_compared":      {"Đối chiếu bản chính", "Compared with the originals"},
	"dossier.cancellation_proposed":   {"Đề xuất hủy kết quả", "Cancelling the result proposed"},
	"dossier.result_cancelled":        {"Hủy kết quả đã giải quyết", "Result cancelled"},
	"dossier.corrected":               {"Đính chính", "Corrected"},
	"dossier.result_received":         {"Kết quả đã về bộ phận một cửa", "Result arrived at the desk"},
	"dossier.violation_reported":      {"Báo cáo vi phạm", "Violation reported"},
	"dossier.contacted":               {"Liên hệ, hướng dẫn", "Contacted"},
	"dossier.numbered":                {"Cấp mã hồ sơ", "Code given"},
	"dossier.correction_requested":    {"Đề nghị đính chính", "Correction requested"},
	"dossier.correction_declined":     {"Không đồng ý đính chính", "Correction declined"},
	"dossier.supplement_lapsed":       {"Hết thời hạn bổ sung", "Time to supplement passed"},
	"dossier.redacted":                {"Xóa dữ liệu cá nhân trong hồ sơ", "Personal data erased from the dossier"},
	"dossier.rated":                   {"Đánh giá", "Rated"},
	"subject.erased":                  {"Xóa dữ liệu cá nhân của một người", "A person's data erased"},
	"code.drawn":                      {"Rút số mã hồ sơ", "Number drawn"},
	"log.root_signed":                 {"Ký gốc xác thực của nhật ký", "Root of the log signed"},
	"procedure.published":             {"Công bố thủ tục", "Procedure published"},
	"agency.established":              {"Thiết lập cơ quan", "Agency established"},
	"calendar.published":              {"Công bố lịch làm việc", "Calendar published"},
}

// Title names an event for people; a type that is not known names itself.
func Title(eventType string) (vi, en string) {
	t, ok := titles[eventType]
	if !ok {
		return eventType, eventType
	}
	return t[0], t[1]
}
