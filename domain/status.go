package domain

// Status is a dossier's status as the National Public Service Portal numbers it.
type Status int

// The ten statuses.
const (
	StatusNone        Status = 0
	StatusSubmitted   Status = 1
	StatusAccepted    Status = 2
	StatusNotAccepted Status = 3
	StatusProcessing  Status = 4
	StatusSupplement  Status = 5
	StatusPayment     Status = 6
	StatusWithdrawn   Status = 7
	StatusStopped     Status = 8
	StatusDecided     Status = 9
	StatusDelivered   Status = 10
)

var statusNames = [...]struct{ key, vi, en string }{
	{"none", "Chưa có", "None"},
	{"submitted", "Mới đăng ký", "Submitted"},
	{"accepted", "Được tiếp nhận", "Accepted"},
	{"not_accepted", "Không được tiếp nhận", "Not accepted"},
	{"processing", "Đang xử lý", "In process"},
	{"supplement_requested", "Yêu cầu bổ sung giấy tờ", "Supplement requested"},
	{"payment_requested", "Yêu cầu thực hiện nghĩa vụ tài chính", "Payment requested"},
	{"withdrawn", "Công dân yêu cầu rút hồ sơ", "Withdrawn by the applicant"},
	{"stopped", "Dừng xử lý", "Stopped"},
	{"decided", "Đã xử lý xong", "Decided"},
	{"delivered", "Đã trả kết quả", "Result delivered"},
}

// Key is the status's stable name in JSON.
func (s Status) Key() string { return statusNames[s].key }

// VI is the status in Vietnamese, as the portals write it.
func (s Status) VI() string { return statusNames[s].vi }

// EN is the status in English.
func (s Status) EN() string { return statusNames[s].en }

// Ended reports whether the dossier's processing is over.
func (s Status) Ended() bool {
	return s == StatusNotAccepted || s >= StatusWithdrawn
}
