package xes

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// FuzzRead: any bytes end in cases and at most one error, which says where; and
// what the standard decoder takes for well-formed with n traces below the root
// gives n cases, or a complaint.
func FuzzRead(f *testing.F) {
	f.Add([]byte(smallLog))
	f.Add([]byte("\ufeff" + smallLog))
	f.Add([]byte("<log><trace><event><string key='a' value='b'/></event></trace></log>"))
	f.Add([]byte("<log><trace><list key='a'><values/></list></trace><event/></log>"))
	f.Add([]byte("<log><global><trace/></global><trace/></log>"))
	f.Add([]byte("\x1f\x8b\x08"))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := readAll(bytes.NewReader(data))
		var input *InputError
		if err != nil && (!errors.As(err, &input) || input.Why == "" || input.Line < 1) {
			t.Fatalf("an error without a place: %#v", err)
		}
		if err != nil || !bytes.HasPrefix(data, []byte("<log")) {
			return
		}
		if n := tracesIn(t, string(data)); n != len(got) {
			t.Fatalf("%d cases, the decoder sees %d", len(got), n)
		}
	})
}

// tracesIn counts <trace> right below the root with the checking decoder.
func tracesIn(t *testing.T, s string) (n int) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(s))
	d.CharsetReader = charset
	depth := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil {
			t.Fatalf("read without error, but the decoder says: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if depth++; depth == 2 && token.Name.Local == "trace" {
				n++
			}
		case xml.EndElement:
			depth--
		}
	}
}
