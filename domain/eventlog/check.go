package eventlog

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
)

// CheckAppend tells whether an append keeps the rules that hold for every
// engine: nil, or an error that is ErrInvalid or ErrTooLarge.
func CheckAppend(stream string, at Expected, events []Proposed) error {
	if err := checkName("stream name", stream); err != nil {
		return err
	}
	if at < NoStream {
		return fmt.Errorf("%w: expected revision %d", ErrInvalid, at)
	}
	if len(events) == 0 {
		return fmt.Errorf("%w: no events", ErrInvalid)
	}
	size := 0
	for i, e := range events {
		if e.ID == uuid.Nil {
			return fmt.Errorf("%w: event %d has no id", ErrInvalid, i)
		}
		if err := checkName("event type", e.Type); err != nil {
			return err
		}
		size += len(e.Data) + len(e.Meta)
	}
	if size > MaxAppendBytes {
		return fmt.Errorf("%w: %d bytes", ErrTooLarge, size)
	}
	return nil
}

// checkName refuses what one of the engines cannot carry: EventStoreDB keeps "$"
// for itself and takes UTF-8 only; SQLite's text ends at NUL for many tools.
func checkName(what, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: empty %s", ErrInvalid, what)
	case strings.HasPrefix(name, "$"):
		return fmt.Errorf("%w: %s %q begins with $", ErrInvalid, what, name)
	case !utf8.ValidString(name), strings.ContainsRune(name, 0):
		return fmt.Errorf("%w: %s %q is not UTF-8 text", ErrInvalid, what, name)
	}
	return nil
}

// Has reports whether the filter lets a stream through.
func (f Filter) Has(stream string) bool {
	if len(f.StreamPrefixes) == 0 {
		return true
	}
	for _, p := range f.StreamPrefixes {
		if strings.HasPrefix(stream, p) {
			return true
		}
	}
	return false
}
