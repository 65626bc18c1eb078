package simulate

// What people write and say, about nobody in particular.
var (
	means     = []string{"phone", "message", "email"}
	summaries = []string{
		"Đề nghị giải quyết theo quy định.",
		"Kính đề nghị cơ quan xem xét, giải quyết hồ sơ của tôi.",
		"Gia đình cần kết quả để làm thủ tục nhập học cho con.",
		"Cần giấy tờ để bổ sung hồ sơ vay vốn ngân hàng.",
		"Đề nghị cấp để hoàn thiện hồ sơ pháp lý của công trình.",
	}
	contacts = []string{
		"Đã gọi điện hướng dẫn cách ký số tờ khai.",
		"Người nộp hỏi về thời gian trả kết quả; đã giải thích theo phiếu hẹn.",
		"Đã nhắn tin đề nghị gửi lại ảnh chụp rõ hơn.",
		"Đã thống nhất người nộp sẽ đến quầy vào buổi sáng.",
	}
	guides = []string{
		"Bản chụp bị mờ, đề nghị chụp lại rõ cả bốn góc.",
		"Tờ khai chưa có chữ ký, đề nghị ký và nộp lại.",
		"Giấy tờ đã hết hạn, đề nghị bổ sung bản còn giá trị.",
		"Thông tin trên tờ khai chưa khớp giấy tờ tùy thân, đề nghị kiểm tra và sửa lại.",
	}
	answers = []string{
		"Tôi xin bổ sung giấy tờ theo hướng dẫn.",
		"Đã chụp lại bản rõ hơn, xin cán bộ kiểm tra giúp.",
		"Tôi đã ký lại tờ khai và gửi kèm.",
	}
	refusals = []string{
		"Hồ sơ không thuộc thẩm quyền giải quyết của cơ quan.",
		"Nội dung đề nghị không đủ điều kiện theo quy định.",
	}
	withdrawals = []string{
		"Tôi xin rút hồ sơ vì chưa chuẩn bị đủ giấy tờ.",
		"Gia đình thay đổi kế hoạch nên xin rút hồ sơ.",
	}
	stops = []string{
		"Đang có tranh chấp, chờ kết luận của cơ quan có thẩm quyền.",
		"Người nộp không phối hợp kiểm tra thực địa sau hai lần mời.",
	}
	extensions = []string{
		"Cần thêm thời gian lấy ý kiến cơ quan liên quan, xin lỗi và hẹn lại ngày trả.",
		"Số lượng hồ sơ tăng đột biến, xin lỗi và hẹn lại ngày trả.",
	}
	handovers = []string{
		"Hồ sơ gấp, đề nghị xử lý trong tuần.",
		"Kèm hai bản vẽ khổ A3.",
		"Đã gọi điện trao đổi với người nộp.",
	}
	titles  = []string{"Thẩm định hồ sơ", "Xác minh thông tin", "Kiểm tra thực địa", "Lấy ý kiến phối hợp", "Dự thảo kết quả", "Trình ký"}
	grounds = []string{
		"Không đủ điều kiện theo quy định; đã có văn bản trả lời kèm theo.",
		"Thông tin xác minh không khớp với nội dung đề nghị.",
	}
	differences = []string{
		"Bản chính ghi ngày khác với bản chụp đã nộp.",
		"Bản chụp đã bị sửa số.",
	}
	opinions = []string{
		"Cán bộ hướng dẫn tận tình.",
		"Nhanh hơn tôi nghĩ.",
		"Phải đi lại hai lần, mong cải thiện.",
		"",
	}
	mistakes = []string{
		"Ghi nhầm khi nhập liệu.",
		"Đối chiếu lại với văn bản giấy thấy sai lệch.",
	}
	wrongFees = []string{"Tính nhầm loại phí.", "Người nộp thuộc diện được miễn."}
)
