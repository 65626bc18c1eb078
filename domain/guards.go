package domain

// The guards of the lifecycle. Each is a named refusal; Violation says which
// events break which, commands answer them.
var (
	ErrNotSubmitted = &Error{"not_submitted",
		"Hồ sơ này chưa được nộp: hãy nộp hồ sơ trước.",
		"This dossier has not been submitted: submit it first."}
	ErrAlreadySubmitted = &Error{"already_submitted",
		"Hồ sơ này đã được nộp rồi: hãy tra cứu bằng mã hồ sơ thay vì nộp lại.",
		"This dossier has already been submitted: look it up by its code instead of submitting it again."}
	ErrNotInForce = &Error{"procedure_not_in_force",
		"Thủ tục này không có hiệu lực vào hôm nay: hãy chọn thủ tục đang có hiệu lực.",
		"This procedure is not in force today: choose one that is."}
	ErrNotOffered = &Error{"procedure_not_offered",
		"Cơ quan này hôm nay không tiếp nhận thủ tục này: hãy chọn cơ quan khác.",
		"This agency does not offer this procedure today: choose another agency."}
	ErrNotOnline = &Error{"not_offered_online",
		"Thủ tục này không nộp trực tuyến được: hãy nộp tại bộ phận một cửa hoặc qua bưu chính.",
		"This procedure cannot be submitted online: bring it to the one-stop desk or post it."}
	ErrEnded = &Error{"ended",
		"Hồ sơ đã kết thúc xử lý: không thực hiện được thao tác này nữa.",
		"The dossier's processing has ended: this can no longer be done."}
	ErrNotEnded = &Error{"not_ended",
		"Hồ sơ chưa kết thúc xử lý: hãy đợi đến khi có kết quả.",
		"The dossier's processing has not ended: wait until it has."}
	ErrNotAccepted = &Error{"not_accepted",
		"Hồ sơ chưa được tiếp nhận: hãy tiếp nhận hồ sơ trước.",
		"The dossier has not been accepted: accept it first."}
	ErrAlreadyAccepted = &Error{"already_accepted",
		"Hồ sơ đã được tiếp nhận: nếu không giải quyết tiếp được, hãy yêu cầu bổ sung hoặc dừng xử lý.",
		"The dossier has already been accepted: if it cannot go on, ask for a supplement or stop it."}
	ErrPaused = &Error{"paused",
		"Hồ sơ đang tạm dừng chờ bổ sung giấy tờ hoặc chờ nộp tiền: hãy đợi hoàn tất rồi thực hiện lại.",
		"The dossier is paused, waiting for a supplement or a payment: try again once that is done."}
	ErrSupplementOpen = &Error{"supplement_open",
		"Đang có một yêu cầu bổ sung chưa được trả lời: hãy đợi người nộp bổ sung.",
		"A request for supplement is still unanswered: wait for the applicant's answer."}
	ErrSupplementCap = &Error{"supplement_cap",
		"Đã hết số lần yêu cầu bổ sung cho phép ở giai đoạn này: hãy giải quyết tiếp với giấy tờ đang có.",
		"No more guides for supplement are allowed at this stage: go on with the papers at hand."}
	ErrNoSupplement = &Error{"no_supplement_open",
		"Không có yêu cầu bổ sung nào đang chờ trả lời.",
		"No request for supplement is waiting for an answer."}
	ErrSupplementExpired = &Error{"supplement_expired",
		"Đã quá thời hạn bổ sung: hãy nộp hồ sơ mới.",
		"The time to supplement has passed: submit a new dossier."}
	ErrSupplementNotDue = &Error{"supplement_not_lapsed",
		"Thời hạn bổ sung chưa hết, hoặc không có thời hạn: người nộp vẫn bổ sung được.",
		"The time to supplement has not passed, or there is no limit: the applicant can still answer."}
	ErrNoLegalBasis = &Error{"legal_basis_missing",
		"Thiếu căn cứ pháp lý (legal_basis): hãy ghi rõ điều, khoản, văn bản.",
		"The legal basis (legal_basis) is missing: name the article and the document."}
	ErrAlreadyExtended = &Error{"already_extended",
		"Hồ sơ đã được gia hạn một lần: không gia hạn lần nữa được.",
		"The due date has been extended once: it cannot be extended again."}
	ErrExtendedTooLate = &Error{"extended_too_late",
		"Phải gia hạn chậm nhất một ngày làm việc trước ngày hẹn trả: nay đã quá muộn.",
		"An extension must come at the latest one working day before the due date: it is too late now."}
	ErrNoDueDate = &Error{"no_due_date",
		"Hồ sơ không có ngày hẹn trả nên không có gì để gia hạn.",
		"The dossier has no due date, so there is nothing to extend."}
	ErrDueNotLater = &Error{"due_not_later",
		"Ngày hẹn trả mới phải sau ngày hẹn trả cũ: hãy chọn ngày muộn hơn.",
		"The new due date must be later than the old one: choose a later date."}
	ErrNotApplicant = &Error{"not_the_applicant",
		"Chỉ người nộp hồ sơ mới được rút hồ sơ; với hồ sơ giấy, cán bộ một cửa ghi nhận thay. Cơ quan có thể từ chối hoặc dừng xử lý.",
		"Only the applicant can withdraw the dossier; of a paper dossier the intake officer records it. The agency can refuse or stop it."}
	ErrAlreadyDecided = &Error{"already_decided",
		"Hồ sơ đã có quyết định: nếu quyết định ghi sai, hãy đề nghị đính chính.",
		"The dossier has already been decided: if the record is wrong, ask for a correction."}
	ErrNotDecided = &Error{"not_decided",
		"Hồ sơ chưa có quyết định: hãy đợi đến khi hồ sơ được xử lý xong.",
		"The dossier has not been decided: wait until it is."}
	ErrAlreadyDelivered = &Error{"already_delivered",
		"Kết quả đã được trả: không thực hiện được thao tác này nữa.",
		"The result has been delivered: this can no longer be done."}
	ErrAlreadyNumbered = &Error{"already_numbered",
		"Hồ sơ đã có mã khác: mã hồ sơ không thay đổi được.",
		"The dossier already has another code: a code never changes."}
)

// The guards of payments.
var (
	ErrObligationExists = &Error{"obligation_exists",
		"Mã nghĩa vụ tài chính này đã có với nội dung khác: hãy dùng mã khác.",
		"There is an obligation with this code and other terms: use another code."}
	ErrNoObligation = &Error{"no_such_obligation",
		"Không có nghĩa vụ tài chính mã này trong hồ sơ: hãy kiểm tra lại mã.",
		"The dossier has no obligation with this code: check the code."}
	ErrObligationCancelled = &Error{"obligation_cancelled",
		"Nghĩa vụ tài chính này đã được hủy: không cần nộp tiền nữa.",
		"This obligation has been cancelled: nothing is to be paid."}
	ErrAlreadyPaid = &Error{"already_paid",
		"Nghĩa vụ tài chính này đã được nộp bằng giao dịch khác: nếu nộp thừa, hãy hoàn trả.",
		"This obligation has been paid by another transaction: refund what was paid too much."}
	ErrNotPaid = &Error{"not_paid",
		"Nghĩa vụ tài chính này chưa được nộp: hãy nộp tiền trước.",
		"This obligation has not been paid: pay it first."}
	ErrTransactionUsed = &Error{"transaction_used",
		"Mã giao dịch này đã dùng cho khoản khác hoặc số tiền khác: hãy kiểm tra lại mã giao dịch.",
		"This transaction was used for something else or another amount: check the transaction id."}
	ErrAmount = &Error{"amount_not_positive",
		"Số tiền phải lớn hơn 0: hãy ghi đúng số tiền.",
		"The amount must be more than zero: give the right amount."}
	ErrAmountDiffers = &Error{"amount_differs",
		"Số tiền nộp phải đúng bằng số tiền của nghĩa vụ: hãy nộp đúng số tiền.",
		"The amount paid must equal the obligation's: pay exactly that."}
	ErrAlreadyReconciled = &Error{"already_reconciled",
		"Khoản này đã được đối soát theo sao kê khác.",
		"This payment has been reconciled with another statement."}
	ErrRefundTooLarge = &Error{"refund_too_large",
		"Số tiền hoàn trả vượt quá số đã nộp còn lại: hãy giảm số tiền.",
		"The refund exceeds what is left of the payment: refund less."}
	ErrWaitsAfterEnd = &Error{"waits_after_end",
		"Hồ sơ đã kết thúc xử lý nên không thể dừng chờ nộp tiền: hãy yêu cầu nộp tiền không kèm chờ.",
		"Processing has ended and cannot wait for a payment: request it without waiting."}
	ErrUnsettled = &Error{"unsettled_at_return",
		"Còn nghĩa vụ tài chính phải nộp khi trả kết quả: hãy thu hoặc hủy nghĩa vụ trước.",
		"An obligation due at return is unsettled: collect or cancel it first."}
)

// The guards of the result: comparison, cancelling, rating, correction, erasure.
var (
	ErrNotCompared = &Error{"originals_not_compared",
		"Chưa đối chiếu hồ sơ với bản chính: hãy đối chiếu trước khi thu tiền và trả kết quả.",
		"The dossier has not been compared with the originals: compare before collecting fees and delivering."}
	ErrMismatch = &Error{"originals_mismatch",
		"Hồ sơ không khớp bản chính: không thu tiền, không trả kết quả; hãy đề xuất hủy kết quả.",
		"The dossier does not match the originals: collect and deliver nothing; propose to cancel the result."}
	ErrNoMismatch = &Error{"no_mismatch",
		"Chỉ thực hiện được khi đối chiếu bản chính cho kết quả không khớp.",
		"This needs a comparison with the originals that found a mismatch."}
	ErrAlreadyProposed = &Error{"cancellation_already_proposed",
		"Đã có đề xuất hủy kết quả: hãy đợi lãnh đạo quyết định.",
		"Cancelling the result has already been proposed: wait for the leader."}
	ErrNotProposed = &Error{"cancellation_not_proposed",
		"Chưa có đề xuất hủy kết quả: cán bộ trả kết quả phải đề xuất trước.",
		"Cancelling the result has not been proposed: the returning officer proposes first."}
	ErrResultCancelled = &Error{"result_already_cancelled",
		"Kết quả đã bị hủy.",
		"The result has been cancelled."}
	ErrScore = &Error{"score_out_of_range",
		"Điểm đánh giá (score) phải từ 1 đến 5.",
		"The score (score) must be from 1 to 5."}
	ErrAlreadyRated = &Error{"already_rated",
		"Hồ sơ này đã được đánh giá: mỗi hồ sơ đánh giá một lần.",
		"This dossier has been rated: each is rated once."}
	ErrNoCorrection = &Error{"no_such_correction",
		"Không có đề nghị đính chính này đang chờ: hãy kiểm tra lại số đề nghị (request).",
		"No such request for correction is waiting: check its number (request)."}
	ErrSamePerson = &Error{"same_person",
		"Người duyệt đính chính phải khác người đề nghị: hãy để người thứ hai quyết định.",
		"Who decides on a correction must not be who asked for it: let a second person decide."}
	ErrNothingToCorrect = &Error{"nothing_to_correct",
		"Hồ sơ chưa có thông tin này để đính chính.",
		"The dossier does not have this information yet, so it cannot be corrected."}
	ErrNotParty = &Error{"not_a_party",
		"Người này không phải người nộp hay chủ hồ sơ.",
		"This person is neither submitter nor owner of the dossier."}
	ErrStillOpen = &Error{"still_open",
		"Hồ sơ chưa kết thúc hoặc chưa trả kết quả nên chưa xóa được dữ liệu cá nhân: hãy đợi hồ sơ xong.",
		"The dossier is still open, or its result not handed over, so its person cannot be erased: wait until it is done."}
	ErrBeingErased = &Error{"being_erased",
		"Dữ liệu của người này đang được xóa: hiện không ghi thêm gì về họ được. Hãy thử lại sau ít giây.",
		"This person's data is being erased: nothing can be recorded about them now. Please try again in a few seconds."}
	ErrPersonErased = &Error{"person_erased",
		"Dữ liệu cá nhân của chủ hồ sơ đã bị xóa: không ghi thêm nội dung về người này được; hãy để trống các ô lời văn.",
		"The owner's personal data was erased: no text about this person can be added; leave the free texts empty."}
)
