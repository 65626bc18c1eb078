package domain

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestFoldByTable: the table gives what folding as a whole gives, also where
// marks stand apart from their letters and blanks between them.
func TestFoldByTable(t *testing.T) {
	letter := rapid.OneOf(
		rapid.RuneFrom([]rune("aăâbcdđeêghiklmnoôơpqrstuưvxyAĂÂĐÊÔƠƯ0123456789-.,/ \t\u00a0")),
		rapid.RuneFrom([]rune("\u0300\u0301\u0303\u0309\u0323\u0302\u0306\u031b\u0307")),
		rapid.Int32Range(0, 0x24f), rapid.Int32Range(0x300, 0x36f), rapid.Int32Range(0x1e00, 0x1eff),
		rapid.Int32Range(0x370, 0x3ff), rapid.Rune(),
	)
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(letter).Draw(t, "text"))
		if got, want := Fold(s), foldAny(s); got != want {
			t.Fatalf("%+q folds to %+q, want %+q", s, got, want)
		}
	})
	for _, s := range []string{"\xff", "a\xffb", strings.Repeat("é", 3) + "\xc3"} {
		if got, want := Fold(s), foldAny(s); got != want {
			t.Errorf("%+q folds to %+q, want %+q", s, got, want)
		}
	}
}

func BenchmarkFold(b *testing.B) {
	const name = "Cấp giấy phép xây dựng mới đối với công trình cấp III, cấp IV và nhà ở riêng lẻ Nguyễn Thị Ánh"
	b.Run("table", func(b *testing.B) {
		for b.Loop() {
			Fold(name)
		}
	})
	b.Run("whole", func(b *testing.B) {
		for b.Loop() {
			foldAny(name)
		}
	})
}
