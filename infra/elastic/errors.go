package elastic

import (
	"hoso/domain"
	"hoso/domain/eventlog"
)

// The refusals at opening.
var (
	ErrUnreachable error = &domain.Error{Code: "views_unreachable",
		VI: "Không kết nối được máy chủ tra cứu (Elasticsearch): hãy kiểm tra địa chỉ và xem máy chủ có đang chạy không.",
		EN: "The view server (Elasticsearch) cannot be reached: check the address and whether it runs."}
	ErrDenied error = &domain.Error{Code: "views_denied",
		VI: "Máy chủ tra cứu (Elasticsearch) từ chối tài khoản: hãy kiểm tra tên và mật khẩu trong địa chỉ.",
		EN: "The view server (Elasticsearch) refuses the account: check the user and the password in the address."}
	ErrNoRight error = &domain.Error{Code: "views_no_right",
		VI: "Tài khoản không có đủ quyền trên máy chủ tra cứu (Elasticsearch): cần monitor và manage_index_templates trên cụm, all trên các chỉ mục của chương trình.",
		EN: "The account lacks rights on the view server (Elasticsearch): it needs monitor and manage_index_templates on the cluster, and all on the program's indices."}
	ErrNotElasticsearch error = &domain.Error{Code: "views_not_elasticsearch",
		VI: "Máy chủ ở địa chỉ này không phải Elasticsearch: hãy kiểm tra địa chỉ.",
		EN: "What answers at this address is not Elasticsearch: check the address."}
	errBadAddress error = &domain.Error{Code: "views_bad_address",
		VI: "Địa chỉ máy chủ tra cứu phải có dạng http://tên:mật-khẩu@máy:9200; nhiều máy cách nhau bằng dấu phẩy.",
		EN: "The view server's address must read http://user:password@host:9200; several with commas between them."}
)

// ErrUnavailable says that the cluster does not answer at the moment, or has no
// room: the same query may succeed later. It is also eventlog.ErrUnavailable.
var ErrUnavailable error = &domain.Error{Code: "views_unavailable",
	VI: "Hiện chưa tra cứu được, hệ thống tra cứu đang tạm ngừng hoặc quá tải. Hãy thử lại sau ít giây.",
	EN: "Look-ups and searches are not available at the moment: their server does not answer or is too busy. Try again in a few seconds."}

// passing is a fault that waiting cures, with its cause: no connection, or one
// that was cut, no answer in time, an overloaded or starting cluster.
type passing struct{ cause error }

func (p passing) Error() string   { return p.cause.Error() }
func (p passing) Unwrap() []error { return []error{ErrUnavailable, p.cause} }

// Is makes it what other stores answer that are away.
func (p passing) Is(target error) bool { return target == eventlog.ErrUnavailable }
