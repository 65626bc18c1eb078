package domain

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// IDKind is the kind of an identity number.
type IDKind string

// The kinds of identity numbers.
const (
	CCCD           IDKind = "cccd"            // personal identification number, 12 digits
	CMND           IDKind = "cmnd"            // old identity card, 9 digits
	BusinessNumber IDKind = "business"        // enterprise code = tax code, 10 digits
	BranchNumber   IDKind = "business_branch" // its branch, 10-3 digits
)

// provinces are the first three digits of a CCCD: the province in which the
// birth was registered, numbered in 2016 and kept through the mergers (Circular
// 07/2016/TT-BCA, annex I).
const provinces = " 001 002 004 006 008 010 011 012 014 015 017 019 020 022 024 025 026 027 030 031 033 034 035 036 037" +
	" 038 040 042 044 045 046 048 049 051 052 054 056 058 060 062 064 066 067 068 070 072 074 075 077 079 080 082 083" +
	" 084 086 087 089 091 092 093 094 095 096 "

// ParseIDNumber checks a number by its structure and gives it without what
// people type between the digits: 12 or 9 digits, 10, or 10-3. Errors:
// id_number_invalid, which says what is wrong and never repeats the number.
func ParseIDNumber(s string) (IDKind, string, *Error) {
	digits, clean := onlyDigits(s)
	if !clean {
		return "", "", badID("Số giấy tờ chỉ gồm chữ số: hãy bỏ chữ cái và ký hiệu khác.", "The number has digits only: leave out letters and other signs.")
	}
	var kind IDKind
	var wrong *Error
	switch len(digits) {
	case 12:
		kind, wrong = CCCD, checkCCCD(digits)
	case 9:
		kind, wrong = CMND, checkRepeated(digits)
	case 10:
		kind, wrong = BusinessNumber, checkBusiness(digits)
	case 13:
		kind, wrong = BranchNumber, first(checkBusiness(digits[:10]), checkBranch(digits[10:]))
		digits = digits[:10] + "-" + digits[10:]
	default:
		wrong = badID(
			"Số giấy tờ phải có 12 chữ số (căn cước), 9 chữ số (CMND cũ), 10 chữ số (doanh nghiệp) hoặc 10-3 chữ số (chi nhánh): hãy kiểm tra lại.",
			"The number must have 12 digits (identity card), 9 (old card), 10 (business) or 10-3 (branch): check it.")
	}
	if wrong != nil {
		return "", "", wrong
	}
	return kind, digits, nil
}

func badID(vi, en string) *Error { return &Error{"id_number_invalid", vi, en} }

// onlyDigits drops blanks, dots and dashes; false where something else is left.
func onlyDigits(s string) (string, bool) {
	var b strings.Builder
	for _, r := range norm.NFKC.String(s) {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == '.' || unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || unicode.Is(unicode.Cf, r):
		default:
			return "", false
		}
	}
	return b.String(), true
}

// checkCCCD checks province (or the country of registration, 1xx to 3xx),
// century and sex: 0, 1 for those born in the 1900s, 2, 3 in the 2000s.
func checkCCCD(n string) *Error {
	abroad := n[0] >= '1' && n[0] <= '3'
	if !abroad && !strings.Contains(provinces, " "+n[:3]+" ") {
		return badID("Ba số đầu của số căn cước không phải mã tỉnh: hãy kiểm tra lại.", "The identity number's first three digits are no province's: check them.")
	}
	if n[3] > '3' {
		return badID("Số thứ tư của số căn cước (thế kỷ và giới tính) phải từ 0 đến 3: hãy kiểm tra lại.", "The identity number's fourth digit (century and sex) must be from 0 to 3: check it.")
	}
	return checkRepeated(n)
}

func checkBranch(n string) *Error {
	if n == "000" {
		return badID("Số chi nhánh phải từ 001 đến 999: hãy kiểm tra ba số cuối.", "A branch number is from 001 to 999: check the last three digits.")
	}
	return nil
}

func checkRepeated(n string) *Error {
	if strings.Count(n, n[:1]) == len(n) {
		return badID("Số giấy tờ không thể gồm một chữ số lặp lại: hãy kiểm tra lại.", "The number cannot be one digit repeated: check it.")
	}
	return nil
}

// checkBusiness checks the tenth digit: ten less the weighted sum modulo eleven.
// A sum that would need a tenth digit of 10 is given to nobody.
func checkBusiness(n string) *Error {
	sum := 0
	for i, weight := range []int{31, 29, 23, 19, 17, 13, 7, 5, 3} {
		sum += weight * int(n[i]-'0')
	}
	if 10-sum%11 != int(n[9]-'0') {
		return badID("Mã số doanh nghiệp sai số kiểm tra (chữ số thứ mười): hãy kiểm tra lại.", "The business code's check digit (the tenth) is wrong: check it.")
	}
	return nil
}
