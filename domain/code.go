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
// kind, blanks in their place or none, left-out dots, and the letter O for
// zero. Where no separator is typed and several readings are possible, there
// is no key but the text itself. A code of no known form keeps its letters and
// dashes: only case, blanks and the kind of dash are forgiven there. Folding a
// key again changes nothing.
func FoldCode(s string) string {
	tidy, spaced := tidyCode(s), tidyCode(strings.Join(strings.Fields(s), "-"))
	for _, zero := range []string{"O", "0"} { // as typed first: some foreign codes have an O
		for _, try := range []string{tidy, spaced} {
			if key, ok := foldDashed(strings.ReplaceAll(try, "O", zero)); ok {
				return key
			}
		}
		if key, ok := splitCode(undotted(strings.ReplaceAll(tidy, "O", zero))); ok {
			return key
		}
	}
	return tidy
}

// agencyForm is the agency of a known form without its dots.
var agencyForm = regexp.MustCompile(`^(?:\d{7})?[A-Z]\d{2}(?:\d{2,9})?$`)

var numberForm = regexp.MustCompile(`^\d{4,12}$`)

// foldDashed gives the key of a code of a known form: agency without dots, day,
// number. What stands left of the last two dashes is the agency.
func foldDashed(s string) (string, bool) {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '-' })
	if len(parts) < 3 {
		return "", false
	}
	agency, day, number := undotted(strings.Join(parts[:len(parts)-2], "")), parts[len(parts)-2], parts[len(parts)-1]
	if !agencyForm.MatchString(agency) || !plausibleDay(day) || !numberForm.MatchString(number) {
		return "", false
	}
	return agency + "-" + day + "-" + shortNumber(number), true
}

var dots = strings.NewReplacer(".", "", ",", "", "-", "")

// undotted drops what can stand between the parts of an agency.
func undotted(s string) string { return dots.Replace(s) }

// splitCode finds agency, day and number in a code typed without all its
// dashes, where only one reading is possible. The legal form's yymmdd goes
// before yyyymmdd, as which any agency's part 20 before it could be read too.
func splitCode(s string) (key string, ok bool) {
	for _, day := range []int{6, 8} {
		for agency := 3; agency+day+4 <= len(s); agency++ {
			number := agency + day
			if !agencyForm.MatchString(s[:agency]) || !plausibleDay(s[agency:number]) || !numberForm.MatchString(s[number:]) {
				continue
			}
			if ok {
				return "", false
			}
			key, ok = s[:agency]+"-"+s[agency:number]+"-"+shortNumber(s[number:]), true
		}
		if ok {
			return key, true
		}
	}
	return "", false
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
	if isTidy(s) {
		return s
	}
	return tidied(s)
}

func tidied(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Pd, r) || strings.ContainsRune("_−‐‑⁃", r):
			return '-'
		case unicode.IsSpace(r) || unicode.Is(unicode.C, r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, norm.NFKC.String(strings.ToValidUTF8(s, "")))
	return strings.Trim(norm.NFKC.String(strings.ToUpper(norm.NFKC.String(s))), "-")
}

// isTidy reports whether a code is written as we write codes, so that there is
// nothing to do: views fold the code of every dossier they keep.
func isTidy(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c == '-' && i != 0 && i != len(s)-1 || c == '.' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' {
			continue
		}
		return false
	}
	return true
}
