package xes

import (
	"compress/flate"
	"compress/gzip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// InputError says what is wrong with a log, and where. Everything before the
// case it names was read.
type InputError struct {
	Case   int    // number of the case that could not be read, from 1; 0 before the first
	After  string // id of the case before it, "" if unknown
	Line   int    // of the unpacked file
	Offset int64  // bytes into the unpacked file
	Why    string
	Err    error // the cause, may be nil
}

func (e *InputError) Error() string {
	var b strings.Builder
	if e.Case > 0 {
		fmt.Fprintf(&b, "case %d", e.Case)
		if e.After != "" {
			fmt.Fprintf(&b, " (the one after %q)", e.After)
		}
		b.WriteString(", ")
	}
	fmt.Fprintf(&b, "line %d, byte %d: %s", e.Line, e.Offset, e.Why)
	return b.String()
}

func (e *InputError) Unwrap() error { return e.Err }

// why puts the cause of a failed read into words.
func why(err error) string {
	var syntax *xml.SyntaxError
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &syntax) && syntax.Msg == "unexpected EOF":
		return "the file ends in the middle: it is cut off; fetch it again"
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), errors.As(err, &corrupt):
		return "the compressed data is damaged; fetch the file again"
	case errors.As(err, &syntax):
		return "not well-formed XML: " + syntax.Msg
	}
	return err.Error()
}
