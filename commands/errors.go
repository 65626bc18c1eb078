package commands

import (
	"errors"
	"fmt"

	"hoso/domain"
	"hoso/domain/eventlog"
)

// errNothingToDo: the command decided that everything is as it asks already.
var errNothingToDo = errors.New("commands: nothing to do")

// errPaperByOfficer: what an applicant sends themselves has come online, with
// all that the rules ask of online dossiers.
var errPaperByOfficer = &domain.Error{Code: "field_invalid",
	VI: "Kênh nộp phải là online khi người nộp tự gửi; hồ sơ giấy do cán bộ một cửa nhập.",
	EN: "The channel must be online for what applicants send themselves; a paper dossier is entered by the desk's officer."}

// Refusals of the command layer; the guards' own are in package domain.
var (
	// ErrNotFound: there is no such dossier.
	ErrNotFound = &domain.Error{Code: "not_found", VI: "Không tìm thấy hồ sơ. Hãy kiểm tra lại mã.", EN: "There is no such dossier. Please check the code."}
	// ErrForbidden: the policy does not allow it.
	ErrForbidden = &domain.Error{Code: "forbidden", VI: "Bạn không có quyền thực hiện việc này với hồ sơ này.", EN: "You may not do this with this dossier."}
	// ErrKeyReused: the idempotency key came with another body before.
	ErrKeyReused = &domain.Error{Code: "key_reused", VI: "Khóa Idempotency-Key này đã dùng cho một yêu cầu khác. Hãy dùng khóa mới.", EN: "This Idempotency-Key was used for another request. Use a new key."}
	// ErrLogMayLag: this instance reads the log where it may lag, and an erasure must miss nothing.
	ErrLogMayLag = &domain.Error{Code: "log_may_lag",
		VI: "Tiến trình này đọc nhật ký sự kiện từ một nút có thể chậm hơn nút chính nên không xóa dữ liệu cá nhân được: hãy bỏ nodePreference (hoặc đặt là leader) trong --log, hoặc xóa qua tiến trình khác.",
		EN: "This instance reads the event log from a node that may lag behind the leader, so it erases nobody: leave nodePreference out of --log (or set it to leader), or erase through another instance."}
	// errConflict: others kept changing the dossier.
	errConflict = &domain.Error{Code: "conflict", VI: "Hồ sơ đang được người khác thay đổi. Hãy thử lại.", EN: "Others are changing this dossier at the moment. Please try again."}
)

func errRevision(want uint64, is eventlog.Expected) *domain.Error {
	return &domain.Error{Code: "revision_mismatch",
		VI: fmt.Sprintf("Hồ sơ đã thay đổi: bạn xem bản %d, hiện là bản %d. Hãy tải lại rồi thử lại.", want, is),
		EN: fmt.Sprintf("The dossier has changed: you saw revision %d, it is now at %d. Load it again, then retry.", want, is)}
}
