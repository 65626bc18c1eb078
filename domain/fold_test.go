package domain

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestFold(t *testing.T) {
	for s, want := range map[string]string{
		"Đức":                     "duc",
		"  ĐẶNG   Thị\tHồng ":     "dang thi hong",
		"Nguye\u0302\u0303n":      "nguyen", // decomposed, as macOS types
		"Ủy ban nhân dân phường":  "uy ban nhan dan phuong",
		"Đăng ký khai sinh (mới)": "dang ky khai sinh (moi)",
		"":                        "",
	} {
		if got := Fold(s); got != want {
			t.Errorf("%q gives %q, want %q", s, got, want)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"Đức", "İ", "ϓ", "K", "\xff", "a\u0345b", "Ⅷ ǅ ﬀ", "\u1e9e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Fold(s)
		if again := Fold(got); again != got {
			t.Fatalf("%q gives %q, then %q", s, got, again)
		}
		if !utf8.ValidString(got) || strings.TrimSpace(got) != got || strings.Contains(got, "  ") || strings.ContainsFunc(got, func(r rune) bool { return unicode.Is(unicode.Mn, r) }) {
			t.Fatalf("%q gives %q", s, got)
		}
		if got != Fold(strings.ToUpper(got)) && isASCII(got) {
			t.Fatalf("%q depends on case", got)
		}
	})
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}
