package elastic

import "hoso/domain"

// The refusals at opening.
var (
	ErrUnreachable error = &domain.Error{Code: "views_unreachable",
		VI: "Không kết nối được máy chủ tra cứu (Elasticsearch): hãy kiểm tra địa chỉ và xem máy chủ có đang chạy không.",
		EN: "The view server (Elasticsearch) cannot be reached: check the address and whether it runs."}
	ErrDenied error = &domain.Error{Code: "views_denied",
		VI: "Máy chủ tra cứu (Elasticsearch) từ chối tài khoản: hãy kiểm tra tên và mật khẩu trong địa chỉ.",
		EN: "The view server (Elasticsearch) refuses the account: check the user and the password in the address."}
	ErrNotElasticsearch error = &domain.Error{Code: "views_not_elasticsearch",
		VI: "Máy chủ ở địa chỉ này không phải Elasticsearch: hãy kiểm tra địa chỉ.",
		EN: "What answers at this address is not Elasticsearch: check the address."}
	errBadAddress error = &domain.Error{Code: "views_bad_address",
		VI: "Địa chỉ máy chủ tra cứu phải có dạng http://tên:mật-khẩu@máy:9200; nhiều máy cách nhau bằng dấu phẩy.",
		EN: "The view server's address must read http://user:password@host:9200; several with commas between them."}
)

// The refusals of queries.
var (
	errBadGroup = &domain.Error{Code: "bad_group",
		VI: "Chỉ nhóm được theo procedure, agency hoặc month, mỗi thứ một lần.",
		EN: "Figures can be grouped by procedure, agency and month, each once."}
)
