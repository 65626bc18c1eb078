package esdb

import (
	"hoso/domain/eventlog"
)

// Fault is what went wrong between the program and the server, told apart by
// its code. errors.Is finds a Fault by code (compare with the variables below),
// errors.As gives the sentences. One that passes by itself is also eventlog.ErrUnavailable.
type Fault struct {
	Code    string // e.g. "log_unreachable"
	VI, EN  string // what is wrong and what to do
	Passing bool   // the same call may succeed a moment later
	cause   error
}

// Error gives the English sentence and the cause as the client told it.
func (f *Fault) Error() string {
	if f.cause == nil {
		return f.EN
	}
	return f.EN + " (" + f.cause.Error() + ")"
}

// Is makes Faults of one code equal for errors.Is.
func (f *Fault) Is(target error) bool {
	if other, ok := target.(*Fault); ok {
		return other.Code == f.Code
	}
	return f.Passing && target == eventlog.ErrUnavailable
}

func (f *Fault) Unwrap() error { return f.cause }

func (f *Fault) from(cause error) *Fault {
	one := *f
	one.cause = cause
	return &one
}

// The faults that are told apart. A conflict is *eventlog.ConflictError, too
// large an append eventlog.ErrTooLarge, a checkpoint of another database
// eventlog.ErrForeignPosition.
var (
	// ErrMissingStream comes with *eventlog.ConflictError: the stream to go on with has no events.
	ErrMissingStream = &Fault{Code: "log_stream_missing",
		VI: "Luồng sự kiện chưa có sự kiện nào.", EN: "The stream has no events."}
	// ErrDeletedStream: somebody deleted the stream on the server, which this program never does.
	ErrDeletedStream = &Fault{Code: "log_stream_deleted",
		VI: "Luồng sự kiện đã bị xóa hoặc cắt bớt trên máy chủ. Hãy khôi phục bản sao lưu.",
		EN: "The stream was deleted or cut short on the server, by something else than this program: restore a backup."}
	// ErrNotLeader: the node takes no writes and names another one.
	ErrNotLeader = &Fault{Code: "log_not_leader", Passing: true,
		VI: "Nút máy chủ này không phải nút chính; đang tìm nút chính.", EN: "This node is not the leader of the cluster; the leader is looked for."}
	// ErrNotReady: the server is starting, or the cluster has no majority.
	ErrNotReady = &Fault{Code: "log_not_ready", Passing: true,
		VI: "Máy chủ sự kiện chưa sẵn sàng (đang khởi động, hoặc cụm không đủ đa số).", EN: "The server is not ready: it is starting, or its cluster has no majority."}
	// ErrOverloaded: the server sheds load.
	ErrOverloaded = &Fault{Code: "log_overloaded", Passing: true,
		VI: "Máy chủ sự kiện đang quá tải.", EN: "The server is too busy."}
	// ErrDeadline: no answer in time.
	ErrDeadline = &Fault{Code: "log_deadline", Passing: true,
		VI: "Máy chủ sự kiện không trả lời kịp thời.", EN: "The server did not answer in time."}
	// ErrUnreachable: no connection, or it was cut.
	ErrUnreachable = &Fault{Code: "log_unreachable", Passing: true,
		VI: "Không kết nối được với máy chủ sự kiện. Hãy kiểm tra địa chỉ, mạng và máy chủ.", EN: "The server cannot be reached: check the address, the network and the server."}
	// ErrTLS: the two sides cannot agree on an encrypted connection.
	ErrTLS = &Fault{Code: "log_tls", Passing: true,
		VI: "Không lập được kết nối TLS với máy chủ sự kiện. Hãy kiểm tra tls, tlsCaFile và chứng thư của máy chủ.",
		EN: "No TLS connection to the server: check tls=, tlsCaFile= and the server's certificate."}
	// ErrPassword: the account or its password is wrong.
	ErrPassword = &Fault{Code: "log_password",
		VI: "Sai tài khoản hoặc mật khẩu của máy chủ sự kiện.", EN: "The server does not accept this user and password."}
	// ErrNoRight: the account may not do this.
	ErrNoRight = &Fault{Code: "log_no_right",
		VI: "Tài khoản không có quyền đọc hoặc ghi luồng sự kiện này.", EN: "The account has no right to read or write this stream."}
	// ErrNoRightToAll: the account may not read all streams; the sentence names the one append that grants it.
	ErrNoRightToAll = &Fault{Code: "log_no_right_to_all",
		VI: "Tài khoản không có quyền đọc $all.", EN: "The account has no right to read $all."}
	// ErrVersion: the server's version is one that the client cannot read (a pre-release).
	ErrVersion = &Fault{Code: "log_server_version",
		VI: "Không hỗ trợ phiên bản máy chủ này (bản thử nghiệm?).", EN: "The server has a version that the client cannot read (a pre-release?): use a released one."}
	// ErrServer: an answer that none of the above explains.
	ErrServer = &Fault{Code: "log_server_error",
		VI: "Máy chủ sự kiện báo lỗi ngoài dự kiến.", EN: "The server answered with an error that was not expected."}
)

// noRightToAll words the fault for one account.
func noRightToAll(user string) *Fault {
	f := *ErrNoRightToAll
	acl := grantOf(nil, user)
	f.VI = "Tài khoản " + user + ` không có quyền đọc $all. Quản trị viên cấp quyền bằng một lần ghi: luồng "` + allACLStream + `", sự kiện "$metadata", dữ liệu ` + string(acl)
	f.EN = "The account " + user + ` has no right to read $all. An administrator grants it with one append: stream "` + allACLStream + `", event type "$metadata", data ` + string(acl)
	return &f
}
