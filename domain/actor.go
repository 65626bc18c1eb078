package domain

// Role is what somebody does here (DOMAIN §1 of the field's notes: the people
// of a one-stop shop).
type Role string

// The roles.
const (
	Applicant     Role = "applicant"      // người nộp hồ sơ
	IntakeOfficer Role = "intake_officer" // cán bộ bộ phận một cửa
	Specialist    Role = "specialist"     // công chức chuyên môn
	Leader        Role = "leader"         // lãnh đạo
	Clerk         Role = "clerk"          // văn thư
	Cashier       Role = "cashier"        // thu ngân, kế toán
	Auditor       Role = "auditor"        // thanh tra, kiểm tra
	Analyst       Role = "analyst"        // thống kê, kiểm soát TTHC
	Administrator Role = "administrator"  // quản trị
	System        Role = "system"         // what time or a crash brings about
)

// Roles lists every role, in the order of the notes.
func Roles() []Role {
	return []Role{Applicant, IntakeOfficer, Specialist, Leader, Clerk, Cashier, Auditor, Analyst, Administrator, System}
}

// Actor is who did something. ID is opaque (a token's subject), never a name.
type Actor struct {
	Role   Role   `json:"role"`
	Agency string `json:"agency,omitempty"` // code of the agency they act for; empty for applicants and the system
	ID     string `json:"id,omitempty"`
}
