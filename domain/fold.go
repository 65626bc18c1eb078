package domain

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Fold makes texts comparable for search: no marks, đ as d, lower case, one
// blank between words. Both what is stored and what is asked go through it.
// Folding twice changes nothing.
func Fold(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	// Twice: lower case can come apart into letter and mark, and back.
	s = stripMarks(strings.ToLower(stripMarks(strings.ToLower(stripMarks(s)))))
	return strings.Join(strings.Fields(s), " ")
}

// stripMarks takes letters apart, drops the marks, and reads đ as d.
func stripMarks(s string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'đ' || r == 'Đ':
			return 'd'
		}
		return r
	}, norm.NFD.String(s)))
}
