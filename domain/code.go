package domain

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// DossierCode is a dossier's code (mã hồ sơ): the agency, the day on which the
// dossier came in, and the running number of that agency's day (Circular
// 01/2018/TT-VPCP, art. 19). Never derive the day of acceptance from it.
type DossierCode struct {
	Agency string // e.g. H56.14 or 000.00.06.H56
	Day    string // yymmdd, Viet Nam time; yyyymmdd in some ministries' codes
	Number int
}

// String writes the code as H99.14-261122-0001; the number has at least four digits.
func (c DossierCode) String() string {
	return fmt.Sprintf("%s-%s-%04d", c.Agency, c.Day, c.Number)
}

// codeForm matches an upper-case code in one of the known forms. Between the
// parts of the agency stand dots, or what people put there instead.
var codeForm = regexp.MustCompile(`^((?:\d{3}\.\d{2}\.\d{2}\.)?[A-Z]\d{2}(?:\.\d{2,3}){0,3})-(\d{6}|\d{8})-(\d{4,12})$`)

// ParseCode reads a code of the forms H56.14-240823-0001,
// 000.00.06.H56-231027-0361 and G09.20-20260609-0092637, as written or with
// the variations FoldCode forgives except left-out dots. False means a code of
// another system, to be taken as it stands.
func ParseCode(s string) (DossierCode, bool) {
	m := codeForm.FindStringSubmatch(tidyCode(s))
	if m == nil || !plausibleDay(m[2]) {
		return DossierCode{}, false
	}
	n, err := strconv.Atoi(m[3])
	return DossierCode{Agency: m[1], Day: m[2], Number: n}, err == nil && n > 0
}

// FoldCode gives the key by which a code is looked up: two spellings of one
// code have one key. It forgives case, blanks, full-width forms, dashes of any
// kind or none, left-out dots, and the letter O for zero. A code of no known
// form keeps its letters and dashes: only case, blanks and the kind of dash are
// forgiven there. Folding a key again changes nothing.
func FoldCode(s string) string {
	s = tidyCode(s)
	if key, ok := foldKnown(s); ok {
		return key
	}
	if key, ok := foldKnown(strings.ReplaceAll(s, "O", "0")); ok {
		return key
	}
	return s
}

// looseForm is a known form with the dots of the agency left out.
var looseForm = regexp.MustCompile(`^((?:\d{7})?[A-Z]\d{2,11})-(\d{6}|\d{8})-(\d{4,12})$`)

// foldKnown gives the key of a code of a known form: agency without dots, day, number.
func foldKnown(s string) (string, bool) {
	s = strings.ReplaceAll(s, ".", "")
	if !strings.Contains(s, "-") {
		return splitCode(s)
	}
	m := looseForm.FindStringSubmatch(s)
	if m == nil { // a dash too many or too few
		return splitCode(strings.ReplaceAll(s, "-", ""))
	}
	if !plausibleDay(m[2]) {
		return "", false
	}
	return m[1] + "-" + m[2] + "-" + shortNumber(m[3]), true
}

var solidForm = regexp.MustCompile(`^(?:\d{7})?[A-Z]\d{12,31}$`)

// splitCode finds agency, day and number in a code typed without dashes, where
// only one reading is possible.
func splitCode(s string) (key string, ok bool) {
	if !solidForm.MatchString(s) {
		return "", false
	}
	letter := strings.IndexFunc(s, unicode.IsLetter)
	for agency := letter + 3; agency <= min(len(s)-10, letter+12); agency++ {
		if agency == letter+4 { // a part of one digit
			continue
		}
		for _, day := range []int{6, 8} {
			number := agency + day
			if len(s)-number < 4 || len(s)-number > 12 || !plausibleDay(s[agency:number]) {
				continue
			}
			if ok {
				return "", false
			}
			key, ok = s[:agency]+"-"+s[agency:number]+"-"+shortNumber(s[number:]), true
		}
	}
	return key, ok
}

// shortNumber drops leading zeros beyond four digits.
func shortNumber(s string) string {
	for len(s) > 4 && s[0] == '0' {
		s = s[1:]
	}
	return s
}

// plausibleDay reports whether yymmdd or yyyymmdd is a date from 2010 to 2059:
// electronic one-stop codes are not older.
func plausibleDay(s string) bool {
	if len(s) == 6 {
		s = "20" + s
	}
	t, err := time.Parse("20060102", s)
	return err == nil && t.Year() >= 2010 && t.Year() < 2060
}

// tidyCode upper-cases, drops blanks and what cannot be seen, and makes one
// dash of every kind.
func tidyCode(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Pd, r) || strings.ContainsRune("_−‐‑⁃", r):
			return '-'
		case unicode.IsSpace(r) || unicode.Is(unicode.C, r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, norm.NFKC.String(strings.ToValidUTF8(s, "")))
	return strings.Trim(strings.ToUpper(norm.NFKC.String(s)), "-")
}
