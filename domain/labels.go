package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// labels are the names of the commands' fields for people. The part after the
// last dot of a field's path is looked up, so owner.name and submitter.name
// share one.
var labels = map[string][2]string{
	"address":     {"Địa chỉ", "The address"},
	"agency":      {"Mã cơ quan", "The agency code"},
	"amount":      {"Số tiền", "The amount"},
	"asked_by":    {"Người đề nghị", "Who asked"},
	"assignee":    {"Người được giao", "The assignee"},
	"authority":   {"Cơ quan được báo", "The authority"},
	"channel":     {"Cách nộp", "The channel"},
	"code":        {"Mã hồ sơ", "The dossier code"},
	"comment":     {"Lời đánh giá", "The comment"},
	"competent":   {"Mã cơ quan có thẩm quyền", "The competent agency's code"},
	"component":   {"Tên giấy tờ", "The component's name"},
	"components":  {"Danh sách giấy tờ", "The list of components"},
	"copies":      {"Số bản", "The number of copies"},
	"currency":    {"Loại tiền", "The currency"},
	"date":        {"Ngày quyết định", "The date of the decision"},
	"document":    {"Mã băm tài liệu", "The document's hash"},
	"due_at":      {"Ngày hẹn trả mới", "The new due date"},
	"due_point":   {"Thời điểm nộp tiền", "The due point"},
	"email":       {"Địa chỉ e-mail", "The e-mail address"},
	"field":       {"Thông tin cần đính chính", "The field to correct"},
	"guide":       {"Nội dung hướng dẫn bổ sung", "The guide for supplement"},
	"hash":        {"Mã băm giấy tờ", "The paper's hash"},
	"id_number":   {"Số giấy tờ tùy thân", "The ID number"},
	"kind":        {"Loại", "The kind"},
	"legal_basis": {"Căn cứ pháp lý", "The legal basis"},
	"matter":      {"Nội dung vi phạm", "The matter"},
	"means":       {"Hình thức liên hệ", "The means of contact"},
	"method":      {"Cách nộp tiền", "The method"},
	"missing":     {"Danh sách giấy tờ thiếu", "The list of what is missing"},
	"name":        {"Họ tên hoặc tên gọi", "The name"},
	"note":        {"Ghi chú", "The note"},
	"number":      {"Số văn bản", "The number"},
	"obligation":  {"Mã nghĩa vụ tài chính", "The obligation's code"},
	"other_id":    {"Số giấy tờ tùy thân thứ hai", "The second ID number"},
	"outcome":     {"Kết quả", "The outcome"},
	"paper":       {"Số, ngày của đơn đề nghị", "The paper's reference"},
	"papers":      {"Danh sách giấy tờ", "The list of papers"},
	"parent":      {"Mã hồ sơ liên thông", "The linked group's id"},
	"phone":       {"Số điện thoại", "The phone number"},
	"place":       {"Nơi trả kết quả", "The place"},
	"procedure":   {"Mã thủ tục", "The procedure code"},
	"proof":       {"Giấy tờ chứng minh đã nhận", "The proof of receipt"},
	"reason":      {"Lý do", "The reason"},
	"receipt":     {"Số biên lai", "The receipt number"},
	"receiver":    {"Người nhận kết quả", "The receiver"},
	"request":     {"Số đề nghị đính chính", "The request's number"},
	"sign_in":     {"Cách đăng nhập", "The sign-in method"},
	"signer":      {"Người ký", "The signer"},
	"source":      {"Nguồn giấy tờ", "The paper's source"},
	"source_text": {"Số tiền theo nguồn", "The amount's source text"},
	"statement":   {"Số sao kê", "The statement"},
	"summary":     {"Nội dung yêu cầu", "The summary"},
	"text":        {"Nội dung", "The text"},
	"time":        {"Thời điểm đúng", "The right time"},
	"title":       {"Tên bước xử lý", "The step's title"},
	"transaction": {"Mã giao dịch", "The transaction id"},
	"unit":        {"Tên đơn vị", "The unit"},
	"way":         {"Cách nhận kết quả", "The way of receiving"},
	"wished_time": {"Thời gian mong muốn", "The wished time"},
}

func labelVI(field string) string { return label(field, 0) }
func labelEN(field string) string { return label(field, 1) }

// label names a field for people and, in brackets, for programs.
func label(field string, language int) string {
	l, ok := labels[field[strings.LastIndexByte(field, '.')+1:]]
	if !ok {
		return field
	}
	return l[language] + " (" + field + ")"
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}
