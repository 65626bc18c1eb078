package projections

import (
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonOut appends the JSON that views keep. It is written by hand because a
// rebuild does it for every event and every dossier of the log; it is read by
// the library, which the tests hold it against. The first error stays.
type jsonOut struct {
	b   []byte
	err error
}

// part sets a comma where one value follows another.
func (o *jsonOut) part() {
	if n := len(o.b); n > 0 {
		switch o.b[n-1] {
		case '{', '[', ':', ',':
		default:
			o.b = append(o.b, ',')
		}
	}
}

// open begins a list or an object, close ends it.
func (o *jsonOut) open(bracket byte) {
	o.part()
	o.b = append(o.b, bracket)
}

func (o *jsonOut) close(bracket byte) { o.b = append(o.b, bracket) }

// name begins a member of an object.
func (o *jsonOut) name(name string) {
	o.part()
	o.b = append(append(append(o.b, '"'), name...), `":`...)
}

// text appends a text. The library looks at each letter for itself; hardly a
// text here has one to be escaped, which is cheap to see.
func (o *jsonOut) text(text string) {
	o.part()
	if ascii, plain := look(text); !plain || !ascii && !utf8.ValidString(text) {
		o.escaped(text)
		return
	}
	o.b = append(append(append(o.b, '"'), text...), '"')
}

// look tells whether a text is ASCII, and whether it is plain: nothing in it is
// to be escaped. It looks at eight bytes at a time.
func look(s string) (ascii, plain bool) {
	const each, high = 0x0101010101010101, 0x8080808080808080
	var seen uint64
	for ; len(s) >= 8; s = s[8:] {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 | uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		quote, slash := w^each*'"', w^each*'\\' // their byte is then 0
		if ((quote-each)&^quote|(slash-each)&^slash|(w-each*' ')&^w)&high != 0 {
			return false, false
		}
		seen |= w
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			return false, false
		}
		seen |= uint64(s[i])
	}
	return seen&high == 0, true
}

// member appends a member of an object that is a text.
func (o *jsonOut) member(name, text string) {
	o.name(name)
	o.text(text)
}

// escaped appends any text; what is no UTF-8 is an error.
func (o *jsonOut) escaped(text string) {
	b, err := jsontext.AppendQuote(o.b, text)
	if err != nil {
		o.fail(err)
		return
	}
	o.b = b
}

func (o *jsonOut) fail(err error) {
	if o.err == nil {
		o.err = err
	}
}

// moment appends a time to the nanosecond, in its own zone.
func (o *jsonOut) moment(t time.Time) {
	o.part()
	if y := t.Year(); y < 0 || y > 9999 {
		o.fail(fmt.Errorf("the year %d is outside of 0 to 9999", y))
		return
	}
	o.b = append(t.AppendFormat(append(o.b, '"'), time.RFC3339Nano), '"')
}

// momentOrNone appends "" for none, as readMoment reads it.
func (o *jsonOut) momentOrNone(t time.Time) {
	if t.IsZero() {
		o.text("")
		return
	}
	o.moment(t)
}

func (o *jsonOut) int(n int64) {
	o.part()
	o.b = strconv.AppendInt(o.b, n, 10)
}

func (o *jsonOut) uint(n uint64) {
	o.part()
	o.b = strconv.AppendUint(o.b, n, 10)
}

// Members of an object that are left out when there is nothing to tell.

func (o *jsonOut) textIf(name, text string) {
	if text != "" {
		o.member(name, text)
	}
}

func (o *jsonOut) textsIf(name string, texts []string) {
	if len(texts) == 0 {
		return
	}
	o.name(name)
	o.open('[')
	for _, text := range texts {
		o.text(text)
	}
	o.close(']')
}

func (o *jsonOut) momentIf(name string, t time.Time) {
	if !t.IsZero() {
		o.name(name)
		o.moment(t)
	}
}

func (o *jsonOut) intIf(name string, n int64) {
	if n != 0 {
		o.name(name)
		o.int(n)
	}
}

func (o *jsonOut) trueIf(name string, set bool) {
	if set {
		o.name(name)
		o.b = append(o.b, "true"...)
	}
}
