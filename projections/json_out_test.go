package projections

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

// A text is written as the library writes it, wherever in it stands what is
// to be escaped, and refused where the library refuses it.
func TestText(t *testing.T) {
	pieces := rapid.SampledFrom([]string{"a", "~", "\x7f", "ố", "\u2028", "😀", "\"", "\\", "\x1f", "\x00", "\n", " ", "!", "\x80", "\xff", "\xe1\xbb", "[", "]", "#", "Nguyễn Văn "})
	rapid.Check(t, func(t *rapid.T) {
		text := ""
		for _, piece := range rapid.SliceOfN(pieces, 0, 20).Draw(t, "pieces") {
			text += piece
		}
		want, wantErr := jsontext.AppendQuote(nil, text)
		var o jsonOut
		o.text(text)
		if (o.err != nil) != (wantErr != nil) || o.err == nil && string(o.b) != string(want) {
			t.Fatalf("%q is %s, %v, want %s, %v", text, o.b, o.err, want, wantErr)
		}
	})
	for b := range 256 { // each byte at each place of a word and after it
		for place := range 17 {
			text := []byte("0123456789abcdefg")
			text[place] = byte(b)
			want, wantErr := jsontext.AppendQuote(nil, string(text))
			var o jsonOut
			if o.text(string(text)); (o.err != nil) != (wantErr != nil) || o.err == nil && string(o.b) != string(want) {
				t.Fatalf("%q is %s, %v, want %s, %v", text, o.b, o.err, want, wantErr)
			}
		}
	}
}
