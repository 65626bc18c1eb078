package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"hoso/domain/eventlog"
	"hoso/infra/keys"
)

// Fault says in both languages why the database does not serve the keys, and
// what to do. It is no refusal of a command (no domain.Error): the caller did
// nothing wrong. It never holds the password.
type Fault struct {
	Code   string // e.g. "keys_unreachable"; stable
	VI, EN string
	Err    error // what the driver or the server said
}

// Error is the English sentence with the cause.
func (f *Fault) Error() string {
	if f.Err == nil {
		return f.EN
	}
	return f.EN + " (" + f.Err.Error() + ")"
}

// Unwrap gives the cause.
func (f *Fault) Unwrap() error { return f.Err }

// Is makes what may pass by itself keys.ErrUnavailable, and a foreign master key
// keys.ErrWrongMaster, and eventlog.ErrUnavailable: it passes when the program is
// started again, and nobody's event is to be given up for it.
func (f *Fault) Is(target error) bool {
	if target == eventlog.ErrUnavailable && f.Code == "keys_wrong_master" {
		return true
	}
	switch target {
	case keys.ErrUnavailable, eventlog.ErrUnavailable:
		return slices.Contains([]string{"keys_unreachable", "keys_closed", "keys_standby", "keys_disk_full", "keys_writing", "keys_bar_lost"}, f.Code)
	case keys.ErrWrongMaster:
		return f.Code == "keys_wrong_master"
	}
	return false
}

// sentences are what a code means; %s is the database's place.
var sentences = map[string][2]string{
	"keys_bad_url": {"địa chỉ cơ sở dữ liệu khóa không đúng dạng; hãy viết postgres://NGƯỜI_DÙNG:MẬT_KHẨU@MÁY_CHỦ/CSDL",
		"the address of the key database is not well formed: write it as postgres://USER:PASSWORD@HOST/DATABASE"},
	"keys_unreachable": {"cơ sở dữ liệu khóa tại %s không trả lời: hãy kiểm tra PostgreSQL có đang chạy và mạng có thông không",
		"the key database at %s does not answer: check that PostgreSQL runs there and the network lets it through"},
	"keys_password": {"cơ sở dữ liệu khóa tại %s từ chối tên người dùng hoặc mật khẩu",
		"the key database at %s refuses this user or password"},
	"keys_no_database": {"máy chủ %s không có cơ sở dữ liệu này: hãy tạo bằng createdb",
		"there is no such database at %s: create it with createdb"},
	"keys_no_rights": {"người dùng này thiếu quyền trong cơ sở dữ liệu khóa tại %s: người dùng phải là chủ của lược đồ (schema) và các bảng trong đó",
		"this user lacks rights in the key database at %s: the user must own the schema and the tables in it"},
	"keys_standby": {"máy chủ %s chỉ cho đọc (máy dự phòng): hãy ghi địa chỉ máy chính, hoặc thêm target_session_attrs=read-write",
		"the server at %s only reads (a standby): name the primary, or add target_session_attrs=read-write"},
	"keys_disk_full": {"đĩa của cơ sở dữ liệu khóa tại %s đã đầy", "the disk of the key database at %s is full"},
	"keys_not_durable": {"máy chủ %s chạy với fsync=off: khóa có thể mất khi mất điện; hãy bật fsync",
		"the server at %s runs with fsync=off, so that a power cut may lose keys: turn fsync on"},
	"keys_unknown_format": {"lược đồ tại %s không phải kho khóa mà chương trình này biết: có thể do bản mới hơn tạo ra",
		"the schema at %s is no store of keys that this program knows: was it made by a newer one?"},
	"keys_none": {"chưa có kho khóa tại %s: hoso serve sẽ tạo", "there is no store of keys at %s yet: hoso serve makes it"},
	"keys_wrong_master": {"khóa chủ không mở được các khóa tại %s; mọi tiến trình dùng chung một cơ sở dữ liệu khóa phải dùng chung một khóa chủ (HOSO_MASTER_KEY)",
		"the master key does not open the keys at %s: instances that share a key database share one master key (HOSO_MASTER_KEY)"},
	"keys_writing": {"tại %s đang có người được xóa dữ liệu, nhưng một lệnh ghi về người đó ở đây chưa kết thúc: hãy kiểm tra nhật ký sự kiện có trả lời không",
		"a person in %s is being erased, and a command here that writes for them does not come to an end: check that the event log answers"},
	"keys_bar_lost": {"một tiến trình khác đã nhận lại việc xóa dữ liệu này vì tiến trình này không trả lời kho khóa tại %s: hãy thử lại sau ít giây",
		"another instance has taken this erasure over, because this one did not answer to the key store at %s: try again in a few seconds"},
	"keys_closed": {"kho khóa tại %s đã đóng", "the key store at %s is closed"},
}

func newFault(code, where string, err error) *Fault {
	s := sentences[code]
	return &Fault{code, strings.Replace(s[0], "%s", where, 1), strings.Replace(s[1], "%s", where, 1), err}
}

// explain gives an error its sentence. The server's own answers that have none pass as they are.
func (e *engine) explain(err error) error {
	var fault *Fault
	var answer *pgconn.PgError
	switch {
	case err == nil || errors.As(err, &fault):
		return err
	case e.closed.Load():
		return newFault("keys_closed", e.where, nil)
	case errors.Is(err, pgx.ErrNoRows):
		return newFault("keys_unknown_format", e.where, err)
	case !errors.As(err, &answer):
		if errors.Is(err, context.Canceled) {
			return err
		}
		return newFault("keys_unreachable", e.where, err)
	}
	if code := codes[answer.Code]; code != "" {
		return newFault(code, e.where, err)
	}
	if passing(err) {
		return newFault("keys_unreachable", e.where, err)
	}
	return fmt.Errorf("the key database at %s: %w", e.where, err)
}

// codes gives our code for the server's (PostgreSQL documentation, appendix A).
var codes = map[string]string{
	"28P01": "keys_password", "28000": "keys_password", "3D000": "keys_no_database", "42501": "keys_no_rights",
	"25006": "keys_standby", "53100": "keys_disk_full", "42P01": "keys_unknown_format", "42703": "keys_unknown_format",
}

// passing reports whether the same call may succeed in a moment: the
// connection was lost, or the server starts, stops, changes over, is full or
// has chosen this transaction to end a deadlock.
func passing(err error) bool {
	var answer *pgconn.PgError
	if !errors.As(err, &answer) {
		var fault *Fault
		return !errors.As(err, &fault) && !errors.Is(err, pgx.ErrNoRows)
	}
	switch answer.Code[:2] {
	case "08", "57", "40":
		return answer.Code != "57014" // cancelled by somebody
	}
	return answer.Code == "53300" || answer.Code == "25006" || answer.Code == "55P03"
}
