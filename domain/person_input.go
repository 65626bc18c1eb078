package domain

import (
	"strings"
	"unicode"
)

// PersonInput is a person as typed. Subject is found by ID number, or made
// new, before the command is decided.
type PersonInput struct {
	Subject  SubjectID  `json:"-"`
	Kind     PersonKind `json:"kind"`
	Name     string     `json:"name"`
	IDNumber string     `json:"id_number,omitempty"`
	OtherID  string     `json:"other_id,omitempty"`
	Address  string     `json:"address,omitempty"`
	Phone    string     `json:"phone,omitempty"`
	Email    string     `json:"email,omitempty"`
}

// read checks a person; the first thing wrong goes to err.
func (p PersonInput) read(field string, err **Error) Person {
	f := &form{about: p.Subject, err: *err}
	out := Person{
		Subject:  p.Subject,
		Kind:     pick(f, field+".kind", p.Kind, Citizen, Business, Agent),
		Name:     f.own(field+".name", p.Name, MaxName),
		IDNumber: f.idNumber(field+".id_number", p.IDNumber),
		OtherID:  f.idNumber(field+".other_id", p.OtherID),
		Address:  f.own(field+".address", p.Address, MaxName),
		Phone:    f.own(field+".phone", p.Phone, MaxCode),
		Email:    f.own(field+".email", p.Email, MaxName),
	}
	if out.Name.IsZero() {
		f.missing(field + ".name")
	}
	if !plausiblePhone(out.Phone.Text) {
		f.invalid(field+".phone", "phải có từ 8 đến 15 chữ số", "must have 8 to 15 digits")
	}
	if !plausibleEmail(out.Email.Text) {
		f.invalid(field+".email", "phải có dạng ten@noi.vn", "must look like name@place.vn")
	}
	*err = f.err
	return out
}

func (f *form) idNumber(field, s string) Personal {
	if s = strings.TrimSpace(s); s == "" {
		return Personal{}
	}
	_, number, err := ParseIDNumber(s)
	if err != nil {
		f.fail(&Error{err.Code, labelVI(field) + ": " + lowerFirst(err.VI), labelEN(field) + ": " + lowerFirst(err.EN)})
	}
	return About(f.about, number)
}

// plausiblePhone lets through the empty text and what could be dialled.
func plausiblePhone(s string) bool {
	digits := 0
	for _, r := range s {
		switch {
		case unicode.IsDigit(r):
			digits++
		case !strings.ContainsRune(" .-()+", r):
			return false
		}
	}
	return s == "" || digits >= 8 && digits <= 15
}

// plausibleEmail lets through the empty text and what could be written to.
func plausibleEmail(s string) bool {
	name, host, found := strings.Cut(s, "@")
	return s == "" || found && name != "" && strings.Contains(host, ".") && !strings.ContainsAny(s, " \t\r\n,;<>") && !strings.Contains(host, "@")
}
